"""Every route: where its address is written, and what it shows of a campaign that is a draft."""

import ast
from collections import defaultdict

import pytest

from config import ROOT
from tests.support.factories import campaign, endorsement, fold_all, signature
from tests.support.routes import unknown


@pytest.mark.sqlite_only
def test_every_address_is_written_whole_in_one_file_above_the_function_that_its_endpoint_names(app):
    written = defaultdict(set)
    for path in (ROOT / "pledge").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            for call in getattr(function, "decorator_list", ()):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("page", "act"):
                    for rule in call.args:
                        written[ast.unparse(call.func.value), ast.unparse(rule), function.name].add(path)
    elsewhere = []
    for rule in app.url_map.iter_rules():
        blueprint, _dot, name = rule.endpoint.rpartition(".")
        address = rule.rule.removeprefix(app.blueprints[blueprint].url_prefix or "")
        if len(written[blueprint, repr(address), name] | written["blueprint", repr(address), name]) != 1:
            elsewhere.append((rule.rule, rule.endpoint))
    assert elsewhere == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize("slug", ["secret", "nothing"])
def test_a_draft_has_no_more_pages_pictures_and_documents_than_a_campaign_that_does_not_exist(
    app, client, slug
):
    draft = campaign("secret", state="draft")
    signature(draft)
    endorsement(draft)
    fold_all()
    shown = []
    for rule in app.url_map.iter_rules():
        if "slug" in rule.arguments and "GET" in rule.methods and not rule.rule.startswith("/staff"):
            given = {"slug": slug, "version": 1, "lang": "ko"}
            parts = {name: given.get(name) or unknown(rule, name) for name in rule.arguments}
            address = app.url_map.bind("localhost").build(rule.endpoint, parts)
            if client.get(address).status_code not in (404, 410):
                shown.append(address)
    assert shown == []
