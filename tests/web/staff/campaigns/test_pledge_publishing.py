"""Another version of the pledge is published in a second step, which says who is bound to what and what changes."""

import html
import re

import pytest

from pledge.campaigns import queries, staff_queries
from tests.support import factories
from tests.support.factories import endorsement, signature


@pytest.fixture
def air(app):
    """A campaign with two versions, signed by five people and an organisation."""
    campaign = factories.campaign("air", versions=2)
    first, second = campaign.pledges
    factories.signatures(3, campaign, pledge_text_id=first.id)
    signature(campaign, state="withdrawn", pledge_text_id=first.id)
    signature(campaign, state="pending", pledge_text_id=first.id)
    factories.signatures(2, campaign, pledge_text_id=second.id)
    endorsement(campaign, pledge_text_id=second.id)
    factories.fold_all()
    return campaign


def versions():
    return [row.version for row in queries.pledge_versions(staff_queries.desk("air").id)]


def hidden(page):
    """What the form on the page sends by itself."""
    form = re.search(r'<form[^>]*pledge/publish".*?</form>', page.text, re.DOTALL)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(seen|version)" value="(\w*)"', form))
    words = re.findall(r'<textarea name="(wording_ko|wording_en)" hidden>\n(.*?)</textarea>', form, re.DOTALL)
    return fields | {name: html.unescape(text) for name, text in words}


def save(editor, **words):
    stored = queries.pledge_versions(staff_queries.desk("air").id)[0]
    words = {f"wording_{lang}": text for lang, text in {**stored.wording, **words}.items()}
    form = {**words, "seen": stored.stamp}
    return editor.post("/staff/campaigns/air/page/pledge", data=form)


def test_saving_publishes_nothing_and_says_who_is_bound_to_which_version(air, editor):
    page = save(editor, ko="서약 3판", en="The pledge, version 3")
    assert page.status_code == 200
    assert versions() == [2, 1]
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page.text))
    assert "Publish version 3?" in text
    assert "Version 2: 2 people, 1 organisation" in text
    assert "Version 1: 3 people" in text
    assert "<del>2판</del><ins>3판</ins>" in page.text
    assert "<del>2</del><ins>3</ins>" in page.text


def test_what_was_seen_is_what_is_published(air, editor, client):
    page = save(editor, ko="서약 3판", en="The pledge, version 3")
    sent = editor.post("/staff/campaigns/air/page/pledge/publish", data=hidden(page))
    assert (sent.status_code, versions()) == (303, [3, 2, 1])
    assert "Saved." in editor.get(sent.location).text
    assert "The pledge, version 3" in client.get("/en/c/air/pledge/3").text
    again = editor.post("/staff/campaigns/air/page/pledge/publish", data=hidden(page))
    assert (again.status_code, versions()) == (409, [3, 2, 1])


def test_a_pledge_in_one_language_is_published_only_when_the_editor_confirms_it(air, editor):
    page = save(editor, ko="서약 2판 고침")
    assert "Not every language changes." in page.text
    assert '<span class="tag tag--warning">unchanged</span>' in page.text
    refused = editor.post("/staff/campaigns/air/page/pledge/publish", data=hidden(page))
    assert (refused.status_code, versions()) == (422, [2, 1])
    assert hidden(refused) == hidden(page)
    sent = editor.post("/staff/campaigns/air/page/pledge/publish", data={**hidden(page), "one_language": "y"})
    assert (sent.status_code, versions()) == (303, [3, 2, 1])


def test_who_goes_on_writing_finds_their_words_in_the_form(air, editor):
    page = save(editor, ko="<서약> 3판", en="Version 3 & more").text
    form = page.partition('action="/staff/campaigns/air/page/pledge"')[2].partition("</form>")[0]
    assert "Version 3 &amp; more</textarea>" in form


@pytest.mark.parametrize("version", ["", "2", "4", "three", "99999999999", "-3"])
def test_a_version_that_was_not_shown_is_not_published(air, editor, version):
    page = save(editor, ko="서약 3판", en="The pledge, version 3")
    sent = editor.post("/staff/campaigns/air/page/pledge/publish", data={**hidden(page), "version": version})
    assert (sent.status_code, versions()) == (409, [2, 1])
    assert hidden(sent)["version"] == "3"


def test_what_somebody_else_published_meanwhile_is_told(air, editor):
    page = save(editor, ko="서약 3판", en="The pledge, version 3")
    factories.write_pledge("air", "다른 판", "Another version")
    sent = editor.post("/staff/campaigns/air/page/pledge/publish", data=hidden(page))
    assert (sent.status_code, versions()) == (409, [3, 2, 1])
    assert "Somebody else saved this while you were writing" in sent.text
    assert "Another version" in sent.text
