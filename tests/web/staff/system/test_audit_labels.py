"""Every act that is recorded anywhere has a name on the page of the audit log."""

import ast

from config import ROOT
from pledge.audit.labels import ACTIONS, AREAS

RECORDERS = {"record", "note"}


def recorded() -> set[str]:
    """The actions named in calls of record() and note(), as texts like `area.verb`."""
    actions = set()
    for path in (ROOT / "pledge").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", "")) in RECORDERS
            ):
                actions |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and argument.value.split(".")[0] in AREAS
                    and "." in argument.value
                }
    return actions


def test_every_act_has_a_name():
    assert len(recorded()) > 20, "nothing was found: did the recorders change their names?"
    assert recorded() - ACTIONS.keys() == set()


def test_every_name_is_in_an_area():
    assert {action.split(".")[0] for action in ACTIONS} == AREAS.keys()
