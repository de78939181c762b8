"""News is written by one person and approved by another, who approves exactly what they saw."""

import pytest

from pledge.accounts.two_people import NeedsSecondPerson, NoSuchProposal, WrongState
from pledge.audit.services import NoReason
from pledge.campaigns.moderation import EditedMeanwhile
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.core.languages import Texts
from pledge.news import queries, services
from pledge.news.models import NewsState
from pledge.news.services import NewsFields
from tests.support import news
from tests.support.audit import actions
from tests.support.factories import SLUG, campaign, signature, the_campaign
from tests.support.news import APPROVER, WRITER, row, stamp
from tests.support.refusals import faults_of

pytestmark = pytest.mark.usefixtures("app")


def test_news_goes_from_a_draft_through_two_people_to_the_worker():
    number = news.draft()
    assert row(number).state == NewsState.DRAFT
    services.propose(WRITER, SLUG, number, stamp(the_campaign(), number))
    assert row(number).state == NewsState.PROPOSED
    services.approve(APPROVER, SLUG, number, stamp(the_campaign(), number))
    item = row(number)
    assert (item.state, item.proposed_by, item.decided_by) == (NewsState.SENDING, 9001, 9002)
    assert item.begun_at is not None
    assert actions("news.") == ["news.write", "news.propose", "news.approve"]


def test_who_proposed_news_cannot_approve_it():
    number = news.proposed()
    with pytest.raises(NeedsSecondPerson):
        services.approve(WRITER, SLUG, number, stamp(the_campaign(), number))
    assert row(number).state == NewsState.PROPOSED


def test_news_that_was_changed_since_it_was_seen_is_not_approved():
    number = news.proposed()
    seen = stamp(the_campaign(), number)
    services.take_back(WRITER, SLUG, number)
    changed = news.fields(title=Texts(ko="다른 제목", en="Another title"))
    services.change(WRITER, SLUG, number, seen, changed)
    services.propose(WRITER, SLUG, number, stamp(the_campaign(), number))
    with pytest.raises(WrongState):
        services.approve(APPROVER, SLUG, number, seen)


def test_what_waits_for_approval_or_is_sent_cannot_be_changed_or_removed():
    for number in (news.proposed(), news.approved(milestone=1000), news.begun()):
        seen = stamp(the_campaign(), number)
        with pytest.raises(WrongState):
            services.change(WRITER, SLUG, number, seen, news.fields())
        with pytest.raises(WrongState):
            services.remove(WRITER, SLUG, number, seen, "no longer true")


def test_what_is_being_sent_cannot_be_taken_back_or_approved_again():
    number = news.begun()
    with pytest.raises(WrongState):
        services.take_back(WRITER, SLUG, number)
    with pytest.raises(WrongState):
        services.approve(APPROVER, SLUG, number, stamp(the_campaign(), number))


def test_its_author_recalls_it_and_anybody_else_sends_it_back_with_a_reason():
    recalled, returned = news.proposed(), news.approved(milestone=1000)
    services.take_back(WRITER, SLUG, recalled)
    with pytest.raises(NoReason):
        services.take_back(APPROVER, SLUG, returned)
    with pytest.raises(BadFields):
        services.send_back(APPROVER, SLUG, returned, " ")
    services.send_back(APPROVER, SLUG, returned, "a wrong date")
    for number, why in ((recalled, None), (returned, "a wrong date")):
        assert (row(number).state, row(number).returned_why) == (NewsState.DRAFT, why)
    assert actions("news.")[-2:] == ["news.take_back", "news.send_back"]
    services.change(WRITER, SLUG, returned, stamp(the_campaign(), returned), news.fields())
    assert row(returned).returned_why is None


def test_news_that_waits_for_its_milestone_can_be_taken_back_and_needs_two_people_again():
    number = news.approved(milestone=1000)
    services.take_back(WRITER, SLUG, number)
    item = row(number)
    assert (item.state, item.decided_by, item.proposed_by) == (NewsState.DRAFT, None, None)


def test_news_is_proposed_only_when_it_is_written_in_every_language():
    number = services.write(WRITER, the_campaign().slug, NewsFields(Texts(ko="제목"), Texts(ko="글")))
    assert faults_of(services.propose, WRITER, SLUG, number, stamp(the_campaign(), number)) == {
        "title_en": FieldFault.MISSING,
        "body_en": FieldFault.MISSING,
    }


def test_two_editors_do_not_overwrite_each_other():
    number = news.draft()
    seen = stamp(the_campaign(), number)
    services.change(WRITER, SLUG, number, seen, news.fields(milestone=500))
    with pytest.raises(EditedMeanwhile):
        services.change(APPROVER, SLUG, number, seen, news.fields())


@pytest.mark.parametrize("number", [0, -5, 10**12])
def test_a_milestone_is_a_number_of_people(number):
    with pytest.raises(BadFields):
        news.draft(milestone=number)


def test_a_draft_is_removed_with_a_reason():
    number = news.draft()
    seen = stamp(the_campaign(), number)
    with pytest.raises(BadFields, match="reason"):
        services.remove(WRITER, SLUG, number, seen, "")
    services.remove(WRITER, SLUG, number, seen, "written twice")
    assert queries.newest(the_campaign().id) == []
    assert actions("news.") == ["news.write", "news.remove"]


def test_news_of_another_campaign_is_not_found():
    number = news.draft()
    campaign("other")
    with pytest.raises(NoSuchProposal):
        services.take_back(WRITER, "other", number)


def test_the_number_of_recipients_is_told_by_language():
    for lang in ("ko", "ko", "en"):
        signature(updates=True, lang=lang)
    signature()
    assert queries.recipients(the_campaign().id) == {"ko": 2, "en": 1}


def test_the_archive_has_what_was_sent_and_nothing_that_waits():
    news.draft()
    news.proposed()
    news.approved(milestone=1000)
    sent = news.begun()
    shown = queries.sent(the_campaign().id)
    assert [(item.id, item.title) for item in shown] == [(sent, news.TITLE)]
    assert queries.sent_item(the_campaign().id, sent).title == news.TITLE
    assert all(queries.sent_item(the_campaign().id, other) is None for other in (1, 2, 3))
