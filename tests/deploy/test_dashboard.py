"""deploy/grafana/pledge.json: every query asks for what exists, and all that exists is shown."""

import json
import re

import pytest

from config import ROOT
from pledge.web.ops.metrics import kind_of
from tests.support.metrics import FOREIGN, documented, metrics_in, promtool

DASHBOARD = ROOT / "deploy" / "grafana" / "pledge.json"


@pytest.fixture(scope="module")
def panels():
    return json.loads(DASHBOARD.read_text("utf-8"))["panels"]


def queries(panels):
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_every_query_asks_for_metrics_that_exist(panels):
    asked = queries(panels)
    assert len(asked) > 40
    text = " ".join(asked)
    assert metrics_in(text) - documented() == set()
    assert set(re.findall(r"\b(?:node_\w+|up)\b", text)) == FOREIGN


def test_every_metric_of_the_site_is_on_the_dashboard(panels):
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in metrics_in(" ".join(queries(panels)))}
    known = {re.sub(r"_(bucket|sum|count)$", "", name) for name in documented()}
    assert known - shown == set()


def test_every_kind_of_request_that_a_query_names_exists(panels):
    named = set(re.findall(r'kind="([^"]+)"', " ".join(queries(panels))))
    assert named == {"sign", "confirm", "page"}
    assert (
        kind_of("public.sign_post", "POST"),
        kind_of("public.signature_confirm", "POST"),
        kind_of("public.signature_confirm", "GET"),
    ) == ("sign", "confirm", "page")


def test_every_query_is_right(panels, tmp_path):
    """As rules, which promtool reads; Grafana puts values in the place of its variables."""
    rules = [
        {
            "record": f"query:{number}",
            "expr": query.replace("$__rate_interval", "1m").replace("$campaign", ".*"),
        }
        for number, query in enumerate(queries(panels))
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    done = promtool("check", "rules", "--lint=none", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
