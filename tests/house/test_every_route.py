"""Every public route of a campaign that is a draft."""

import pytest

from tests.support.factories import campaign, endorsement, fold_all, signature
from tests.support.routes import unknown


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
