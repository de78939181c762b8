"""Metrics as a test reads them: what `/metrics` says, what docs/metrics.md describes, what a query asks for."""

import re
import subprocess

from prometheus_client.parser import text_string_to_metric_families

from config import ROOT
from tests.support import programs

#: Of Prometheus itself, and of prometheus-node-exporter.
FOREIGN = frozenset(
    {"up", "node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes"}
)

#: What Prometheus makes of a histogram and a summary.
_PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def documented() -> set[str]:
    """Every series that there is; a test in tests/web/ops holds the document against `/metrics`."""
    names = set()
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    for name, what in re.findall(r"^\| `(pledge_\w+)` \|[^|]*\| (.*)\|$", text, re.MULTILINE):
        kind = what.partition(":")[0]
        names |= {name + part for part in _PARTS.get(kind, ("",))}
    assert len(names) > 20
    return names


def metrics_in(text: str) -> set[str]:
    """The names in queries that are ours."""
    return set(re.findall(r"\bpledge_\w+", text))


def samples(text: str) -> dict[tuple[str, ...], float]:
    """An answer of `/metrics` by name and values of labels, by their names: `found["pledge_people", "blue-skies"]`."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def promtool(*words: str) -> "subprocess.CompletedProcess[str]":
    return programs.run(programs.installed("promtool"), *words)
