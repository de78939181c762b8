"""The screens of news: written, looked at, proposed by one editor and approved by another; the archive for everybody."""

import pytest

from pledge.core.db import snapshots, transaction
from pledge.news.models import NewsState
from pledge.web.caching import cache
from tests.support import deliveries, news
from tests.support.factories import SLUG, campaign, crowd, fold_all, the_campaign
from tests.support.news import row
from tests.support.staff import address_and_number
from tests.web.staff.campaigns.screens import seen
from tools.demo.fill import SampleState, mark_sample_data

NEWS = f"/staff/campaigns/{SLUG}/news"
FORM = {
    "title_ko": "맑은 하늘에 한 걸음 더",
    "title_en": "One step closer",
    "body_ko": "**고맙습니다.**",
    "body_en": "**Thank you.**",
    "milestone": "",
}


@pytest.fixture(autouse=True)
def blue(app):
    return campaign()


def written(editor, **changes):
    """The address of a draft, and its number."""
    return address_and_number(editor.post(f"{NEWS}/new", data={**FORM, **changes}))


def act(editor, address, name, **fields):
    """Press a button of the page as it is now."""
    return editor.post(f"{address}/{name}", data={"seen": seen(editor.get(address)), **fields})


def test_one_editor_writes_and_proposes_news_and_another_approves_it(editor, second, client):
    crowd(3, updates=True)
    address, number = written(editor)
    page = editor.get(address).text
    assert "3 people have asked for news" in page
    assert "<strong>고맙습니다.</strong>" in page
    assert "<strong>Thank you.</strong>" in page
    assert act(editor, address, "propose").status_code == 303
    assert "another person has to approve it" in editor.get(address).text
    assert editor.post(f"{address}/approve", data={"seen": "x"}).status_code == 409
    stamp = news.stamp(the_campaign(), number)
    assert editor.post(f"{address}/approve", data={"seen": stamp}).status_code == 403
    assert client.get(f"/en/c/{SLUG}/news/{number}").status_code == 404

    assert act(second, address, "approve").status_code == 303
    assert row(number).state == NewsState.SENDING
    assert "The e-mails are going out" in second.get(address).text
    cache.clear()
    assert "One step closer" in client.get(f"/en/c/{SLUG}/news").text
    assert "<strong>고맙습니다.</strong>" in client.get(f"/ko/c/{SLUG}/news/{number}").text
    assert f"/en/c/{SLUG}/news/{number}" in client.get(f"/en/c/{SLUG}").text


def test_of_sample_people_the_page_says_that_their_addresses_are_invented(editor, second):
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLED)
    snapshots.clear()
    address, _ = written(editor)
    act(editor, address, "propose")
    act(second, address, "approve")
    page = second.get(address).text
    assert "the addresses of sample people are invented" in page
    assert "the signer unsubscribed" not in page


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"title_ko": "", "title_en": "", "milestone": "many"}, "This field is required."),
        ({"milestone": "many"}, "Enter a whole number"),
    ],
)
def test_an_error_is_told_at_its_field_and_the_text_stays(editor, changes, error):
    reply = editor.post(f"{NEWS}/new", data={**FORM, "body_ko": "제가 쓴 글", **changes})
    assert reply.status_code == 422
    assert error in reply.text
    assert "제가 쓴 글" in reply.text


def test_a_draft_is_changed_and_removed(editor):
    address, number = written(editor)
    stamp = seen(editor.get(address))
    changed = {**FORM, "title_en": "Two steps closer", "milestone": "1,000", "seen": stamp}
    assert editor.post(address, data=changed).status_code == 303
    assert (row(number).title["en"], row(number).milestone) == ("Two steps closer", 1000)
    assert editor.post(address, data=changed).status_code == 409, "somebody saved meanwhile"
    gone = {"seen": seen(editor.get(f"{address}/remove")), "reason": "written twice"}
    assert editor.post(f"{address}/remove", data=gone).status_code == 303
    assert editor.get(address).status_code == 404


def test_what_was_typed_into_a_draft_that_somebody_proposed_meanwhile_is_not_lost(editor, second):
    address, _ = written(editor)
    stamp = seen(editor.get(address))
    act(second, address, "propose")
    late = editor.post(address, data={**FORM, "body_ko": "제가 쓴 글", "seen": stamp})
    assert late.status_code == 409
    assert "Somebody else decided in the meantime" in late.text
    assert "제가 쓴 글</textarea>" in late.text


def test_who_did_not_propose_it_sends_it_back_with_a_reason_and_its_author_sees_that(editor, second):
    address, number = written(editor)
    act(editor, address, "propose")
    assert (f"{address}/take-back" in editor.get(address).text) is True
    page = second.get(address).text
    assert (f"{address}/take-back" in page, f"{address}/send-back" in page) == (False, True)
    refused = second.post(f"{address}/take-back")
    assert (refused.status_code, "send it back with a reason" in refused.text) == (422, True)
    assert second.post(f"{address}/send-back", data={"why": " "}).status_code == 422
    assert row(number).state == NewsState.PROPOSED
    assert second.post(f"{address}/send-back", data={"why": "a wrong date"}).status_code == 303
    for shown in (editor.get(address).text, editor.get("/staff/").text):
        assert "Sent back" in shown
        assert "a wrong date" in shown
    assert "Sent back" not in second.get("/staff/").text


def test_sending_is_stopped_with_a_reason(editor):
    number = news.begun()
    address = f"{NEWS}/{number}"
    assert editor.post(f"{address}/stop", data={"why": ""}).status_code == 422
    assert editor.post(f"{address}/stop", data={"why": "a wrong date"}).status_code == 303
    assert row(number).state == NewsState.STOPPED
    assert "Stopped" in editor.get(address).text


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (deliveries.handed_over, "Recipient: The Minister of Environment"),
        (deliveries.answered, "&gt; We will look into it."),
    ],
    ids=["handed over", "answered"],
)
def test_news_of_a_delivery_begins_with_its_facts(editor, make, words):
    crowd(6)
    fold_all()
    page = editor.get(f"{NEWS}/new?delivery={make()}").text
    assert words in page
    assert "환경부 장관" in page


def test_the_page_of_a_delivery_offers_news_to_those_who_may_write_it(staff_client, app):
    crowd(6)
    fold_all()
    number = deliveries.handed_over()
    link = f"{NEWS}/new?delivery={number}"
    assert link in staff_client("admin").get(f"/staff/deliveries/{number}").text
    assert link not in staff_client("exporter").get(f"/staff/deliveries/{number}").text


def test_every_page_links_the_archive_once_there_is_news(client):
    assert "There is no news yet." in client.get(f"/en/c/{SLUG}/news").text
    link = f'href="/en/c/{SLUG}/news"'
    assert link not in client.get("/en/privacy").text
    news.approved()
    cache.clear()
    page = client.get("/en/privacy").text
    assert page.count(link) == 3  # head, the menu of a narrow screen, and foot


def test_who_is_alone_announces_news_and_any_colleague_stops_it(editor, staff_client):
    address, number = written(editor)
    assert "Nobody else can approve news at the moment." in editor.get(address).text
    viewer = staff_client("viewer", lang="en")
    assert "Your roles do not include it" in viewer.get(address).text
    assert act(editor, address, "announce").status_code == 303
    assert "It goes out unless somebody stops it" in editor.get(address).text
    page = viewer.get(address).text
    assert "One step closer" in page
    assert "/take-back" not in page
    assert viewer.post(f"{address}/stop-announced", data={"why": ""}).status_code == 422
    assert viewer.post(f"{address}/stop-announced", data={"why": "a wrong date"}).status_code == 303
    assert row(number).state == NewsState.DRAFT
