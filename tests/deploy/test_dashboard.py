"""deploy/grafana/pledge.json: every query asks for what exists, and the panels lie side by side."""

import json
import re

import pytest

from config import ROOT
from tests.support.metrics import FOREIGN, documented, metrics_in

DASHBOARD = ROOT / "deploy" / "grafana" / "pledge.json"
ROWS = ["Launch day", "Mail", "Integrity", "Machine"]


@pytest.fixture(scope="module")
def panels():
    return json.loads(DASHBOARD.read_text("utf-8"))["panels"]


def queries(panels):
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_every_query_asks_for_metrics_that_exist(panels):
    found = queries(panels)
    assert len(found) > 40
    text = " ".join(found)
    assert metrics_in(text) - documented() == set()
    assert set(re.findall(r"\b(?:node_\w+|up)\b", text)) == FOREIGN


def test_every_metric_of_the_site_is_on_the_dashboard(panels):
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in metrics_in(" ".join(queries(panels)))}
    known = {re.sub(r"_(bucket|sum|count)$", "", name) for name in documented()}
    assert known - shown == set()


@pytest.mark.sqlite_only
def test_every_view_that_a_query_names_exists(panels, shared_app):
    named = set(re.findall(r'endpoint="([^"]+)"', " ".join(queries(panels))))
    assert named
    assert named <= set(shared_app.view_functions)


def test_panels_fill_each_line_and_none_lies_on_another(panels):
    assert [panel["title"] for panel in panels if panel["type"] == "row"] == ROWS
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    height = max(y for _, y in taken) + 1
    assert len(taken) == 24 * height
    assert len({panel["id"] for panel in panels}) == len(panels)
