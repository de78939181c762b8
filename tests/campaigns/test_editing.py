"""What staff may do with a campaign: draft, write, publish, close, reopen, archive. Every act is in the audit log."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.campaigns import items, media, moderation, pledges, queries, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.goals import MAX_STEPS
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.moderation import CampaignIncomplete, CampaignInWrongState, EditedMeanwhile
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import BadFields, FieldFault, stamp
from pledge.campaigns.staff_queries import MissingText, NoSuchCampaign
from pledge.core.db import load, transaction
from pledge.core.languages import Texts
from pledge.files import services as files
from tests.support import factories
from tests.support.factories import EDITOR, draft, signature
from tests.support.refusals import faults_of
from tests.support.rows import is_kept

pytestmark = pytest.mark.usefixtures("app")

DRAFT, OPEN, CLOSED, ARCHIVED = CampaignState


def acts():
    """Action, reason and details of what the audit log holds, oldest first."""
    return [
        (entry.action, entry.reason, json.loads(entry.details))
        for entry in load(select(AuditEntry).order_by(AuditEntry.id))
    ]


def texts(slug, **changes):
    stored = staff_queries.desk(slug).texts
    moderation.edit_texts(EDITOR, slug, stamp(stored), {**stored, **changes})


def schedule(slug, **changes):
    stored = staff_queries.desk(slug).schedule
    moderation.edit_schedule(EDITOR, slug, stamp(stored), **{**stored, **changes})


def test_a_new_campaign_is_a_draft_that_nobody_else_sees():
    moderation.create(EDITOR, slug="Clean-Air", title={"ko": "맑은 공기", "en": ""})
    assert staff_queries.desk("clean-air").state == DRAFT
    assert queries.find("clean-air", "ko") is None
    assert queries.public_campaigns("ko") == []
    assert queries.count("clean-air") is None
    assert [action for action, _, _ in acts()] == ["campaign.create"]


def test_what_a_copy_lets_go_of_stays_on_the_page_of_the_other_campaign():
    """Of a picture, a film, a letter or a logo both name the same file."""
    photo, logo = factories.stored_picture(wide=True), factories.stored_picture()
    of = factories.campaign("air", photo=photo, photo_alt=Texts(ko="하늘", en="The sky"))
    first = items.rows(PARTNER, of.id)[0]
    items.change(PARTNER, EDITOR, "air", first.id, first.fields, seen=first.stamp, logo=logo)
    with transaction() as session:
        files.keep(session, photo)
    moderation.create(EDITOR, slug="sea", title={"ko": "바다"}, copy_of="air")
    for slug in ("sea", "air"):
        assert (is_kept(photo), is_kept(logo)) == (True, True)
        desk = staff_queries.desk(slug)
        media.set_photo(EDITOR, slug, stamp(desk.part(media.PHOTO)), {}, "center", drop=True)
        partner = items.rows(PARTNER, desk.id)[0]
        items.change(*(PARTNER, EDITOR, slug, partner.id, partner.fields), seen=partner.stamp, drop_logo=True)
    assert (is_kept(photo), is_kept(logo)) == (False, False)


def test_texts_are_edited_side_by_side():
    draft("air")
    texts("air", title_ko="맑은 공기", body_en="## Why\r\n\r\nAir.\r\n")
    kept = staff_queries.desk("air").texts
    assert (kept["title_ko"], kept["body_en"]) == ("맑은 공기", "## Why\n\nAir.\n")
    action, _, details = acts()[-1]
    assert (action, details) == (
        "campaign.texts",
        {
            "before": {"title_ko": "title_ko of air", "body_en": "body_en of air\n"},
            "after": {"title_ko": "맑은 공기", "body_en": "## Why\n\nAir.\n"},
        },
    )


def test_saving_without_a_change_is_no_act():
    draft("air")
    before = acts()
    texts("air")
    assert acts() == before


def test_a_draft_may_have_gaps_and_what_is_public_may_not():
    draft("air")
    texts("air", summary_en="")
    texts("air", summary_en="Air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert faults_of(texts, "air", summary_en=" ") == {"summary_en": FieldFault.MISSING}
    assert staff_queries.desk("air").texts["summary_en"] == "Air"


def test_a_campaign_that_does_not_exist_cannot_be_edited():
    with pytest.raises(NoSuchCampaign):
        moderation.edit_texts(EDITOR, "nothing", "", {})
    with pytest.raises(NoSuchCampaign):
        staff_queries.desk("nothing")


# --- Publishing ---


def test_publishing_is_refused_while_a_language_is_incomplete_and_says_what_is_missing():
    moderation.create(EDITOR, slug="air", title={"ko": "공기", "en": ""})
    with pytest.raises(CampaignIncomplete) as refused:
        moderation.move(EDITOR, "air", DRAFT, OPEN)
    missing = refused.value.missing
    assert MissingText("texts", "title_en", "en") in missing
    assert MissingText("texts", "title_ko", "ko") not in missing
    assert {(item.section, item.lang) for item in missing} == {
        *((section, lang) for section in ("texts", "pledge") for lang in ("ko", "en")),
        ("partners", ""),
    }
    assert staff_queries.desk("air").state == DRAFT
    assert [action for action, _, _ in acts()] == ["campaign.create"]


def test_a_campaign_opens_only_with_a_secretariat_that_speaks_for_it():
    draft("air", secretariat=False)
    items.add(PARTNER, EDITOR, "air", PartnerFields(PartnerRole.PARTNER, Texts(ko="협력", en="Partner"), ""))
    missing = [MissingText("partners", "secretariat", "")]
    assert staff_queries.missing(staff_queries.desk("air")) == missing
    with pytest.raises(CampaignIncomplete) as refused:
        moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert refused.value.missing == missing
    assert staff_queries.desk("air").state == DRAFT


def test_a_draft_whose_closing_time_is_over_is_not_published(frozen_clock):
    draft("air")
    schedule("air", closes_at=frozen_clock.now() + timedelta(hours=1))
    frozen_clock.move(hours=2)
    with pytest.raises(CampaignIncomplete) as refused:
        moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert refused.value.missing == [MissingText("schedule", "closes_at")]


def test_closing_ends_signing_now_and_leaves_mails_under_way_their_day(frozen_clock):
    draft("air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert all(queries.find("air", lang).is_open for lang in ("ko", "en"))
    moderation.move(EDITOR, "air", OPEN, CLOSED, "the summit has begun")
    campaign = queries.find("air", "en")
    assert not campaign.is_open
    assert campaign.row.closes_at == frozen_clock.now()
    assert campaign.takes_confirmations
    frozen_clock.move(hours=23, minutes=59)
    assert queries.find("air", "en").takes_confirmations
    frozen_clock.move(minutes=2)
    assert not queries.find("air", "en").takes_confirmations


def test_a_closing_time_that_came_first_stays(frozen_clock):
    draft("air")
    closes_at = frozen_clock.now() + timedelta(hours=1)
    schedule("air", closes_at=closes_at)
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    frozen_clock.move(hours=2)
    moderation.move(EDITOR, "air", OPEN, CLOSED, "over")
    assert staff_queries.desk("air").closes_at == closes_at


def test_reopening_needs_a_reason_and_takes_away_a_closing_time_that_is_over():
    draft("air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    moderation.move(EDITOR, "air", OPEN, CLOSED, "over")
    with pytest.raises(BadFields, match="reason"):
        moderation.move(EDITOR, "air", CLOSED, OPEN, "  ")
    moderation.move(EDITOR, "air", CLOSED, OPEN, "The summit was moved")
    assert queries.find("air", "ko").is_open
    assert acts()[-1] == ("campaign.state", "The summit was moved", {"before": "closed", "after": "open"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before in CampaignState
        for after in CampaignState
        if (before, after) not in moderation.TRANSITIONS
    ],
)
def test_every_other_step_is_refused(before, after):
    factories.campaign("air", state=before)
    with pytest.raises(CampaignInWrongState):
        moderation.move(EDITOR, "air", before, after, "because")
    assert staff_queries.desk("air").state == before
    assert acts() == []


# --- Dates and goal ---


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"goal": 0}, {"goal": FieldFault.GOAL}),
        ({"goal": 10**10}, {"goal": FieldFault.GOAL}),
        ({"closes_at": -1}, {"closes_at": FieldFault.PAST}),
        ({"opens_at": 5, "closes_at": 5}, {"closes_at": FieldFault.ORDER}),
        ({"opens_at": 5, "closes_at": 4}, {"closes_at": FieldFault.ORDER}),
    ],
)
def test_dates_and_goals_that_make_no_sense_are_refused(frozen_clock, changes, faults):
    draft("air")
    hours = {
        name: value if name == "goal" else frozen_clock.now() + timedelta(hours=value)
        for name, value in changes.items()
    }
    assert faults_of(schedule, "air", **hours) == faults


def test_steps_that_staff_set_and_what_is_done_at_them_are_stored_shown_and_recorded():
    factories.campaign("air", goal=1_000)
    schedule("air", goal_steps=[40], step_sentences={"ko": "40명: 묻습니다", "en": "1,000: We hand it over"})
    after = acts()[-1][2]["after"]
    assert (after["goal_steps"], after["step_sentences_ko"]) == ([40], "40명: 묻습니다\n")
    assert queries.find("air", "en").row.goal_steps == [40]
    assert queries.find("air", "ko").step_sentences == {40: "묻습니다"}
    assert queries.find("air", "en").step_sentences == {1_000: "We hand it over"}
    schedule("air", goal_steps=[40], step_sentences={"ko": "40명: 묻습니다"})
    assert queries.find("air", "en").step_sentences == {}, (
        "nobody reads another language than that of the page"
    )


def test_a_campaign_is_public_without_saying_who_may_sign(app):
    draft("air", who_may_sign_ko="", who_may_sign_en="")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert queries.find("air", "en").who_may_sign == ""
    texts("air", who_may_sign_en=" Everyone  in Korea. ")
    assert queries.find("air", "en").who_may_sign == "Everyone in Korea."


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "steps", [[0, 5], [5, 5], [7, 5], [1_000], [5, 2_000], [-5], list(range(1, MAX_STEPS + 2))]
)
def test_steps_that_do_not_rise_to_the_goal_are_refused(steps):
    draft("air")
    assert faults_of(schedule, "air", goal=1_000, goal_steps=steps) == {"goal_steps": FieldFault.STEPS}


@pytest.mark.parametrize("state", [CLOSED, ARCHIVED])
def test_pledge_dates_and_goal_of_a_campaign_that_is_over_stay(state):
    factories.campaign("air", state=state)
    with pytest.raises(CampaignInWrongState):
        schedule("air", goal=5)
    with pytest.raises(CampaignInWrongState):
        factories.write_pledge("air", "새 서약", "New")


@pytest.mark.parametrize("opened", [None, timedelta(days=1), timedelta(seconds=1)])
def test_the_opening_of_a_running_campaign_is_not_moved_into_the_future(frozen_clock, opened):
    """Signing would stop at once, and the list would still say that the campaign is open."""
    now = frozen_clock.now()
    begun = None if opened is None else now - opened
    factories.campaign("air", opens_at=begun)
    assert faults_of(schedule, "air", opens_at=now + timedelta(hours=1)) == {"opens_at": FieldFault.RUNNING}
    assert staff_queries.desk("air").opens_at == begun
    assert queries.find("air", "en").is_open
    schedule("air", opens_at=now - timedelta(days=3))
    assert queries.find("air", "en").is_open


def test_an_opening_that_is_still_to_come_may_be_put_off(frozen_clock):
    now = frozen_clock.now()
    factories.campaign("air", opens_at=now + timedelta(hours=1))
    schedule("air", opens_at=now + timedelta(hours=5))
    draft("water")
    schedule("water", opens_at=now - timedelta(hours=1))
    schedule("water", opens_at=now + timedelta(hours=1))
    assert staff_queries.desk("air").opens_at == now + timedelta(hours=5)


@pytest.mark.parametrize(
    ("agreed", "refusal"),
    [({"reason": " ", "is_stepped_up": True}, BadFields), ({"reason": "a wish"}, StepUpNeeded)],
    ids=["no reason", "no step-up"],
)
def test_another_closing_date_of_an_open_campaign_needs_a_reason_and_the_step_up(
    frozen_clock, agreed, refusal
):
    closes_at = frozen_clock.now() + timedelta(days=9)
    factories.campaign("air", closes_at=closes_at)
    for other in (closes_at + timedelta(days=1), None):
        with pytest.raises(refusal):
            schedule("air", closes_at=other, **agreed)
    assert staff_queries.desk("air").closes_at == closes_at


def test_another_closing_date_is_recorded_with_its_reason_and_passed_on_in_the_same_transaction(frozen_clock):
    factories.campaign("air")
    closes_at = frozen_clock.now() + timedelta(days=9)
    moved = []
    schedule(
        "air",
        closes_at=closes_at,
        reason="decided by the board",
        is_stepped_up=True,
        closing_moved=lambda session, campaign: moved.append((session.in_transaction(), campaign.closes_at)),
    )
    assert moved == [(True, closes_at)]
    assert acts()[-1][:2] == ("campaign.schedule", "decided by the board")


def test_the_closing_date_of_a_draft_and_another_goal_need_neither(frozen_clock):
    draft("air")
    schedule("air", closes_at=frozen_clock.now() + timedelta(days=9))
    factories.campaign("water", closes_at=frozen_clock.now() + timedelta(days=9))
    schedule("water", goal=2000)
    assert staff_queries.desk("water").goal == 2000


# --- The pledge text ---


def versions(slug):
    return {row.version: row.sha256 for row in queries.pledge_versions(staff_queries.desk(slug).id)}


def test_the_pledge_is_changed_in_place_before_anybody_can_sign():
    draft("air")
    assert factories.write_pledge("air", "하나", "One") == 1
    assert factories.write_pledge("air", "둘", "Two") == 1
    assert len(versions("air")) == 1


def test_another_wording_is_another_version_once_the_campaign_has_opened():
    """Somebody may be reading the old words at this moment; what they sign must be what they read."""
    draft("air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    old = versions("air")[1]
    assert factories.write_pledge("air", "둘", "Two") == 2
    kept = versions("air")
    assert kept[1] == old
    assert kept[2] != old
    assert queries.find("air", "en").pledge.version == 2
    assert acts()[-1][2]["version"] == 2


def test_another_wording_is_another_version_once_somebody_has_signed(frozen_clock):
    campaign = factories.campaign("air", opens_at=frozen_clock.now() + timedelta(days=1))
    assert factories.write_pledge("air", "둘", "Two") == 1
    signed = signature(campaign, state="pending")
    assert factories.write_pledge("air", "셋", "Three", in_use=True) == 2
    assert queries.pledge_text(signed.pledge_text_id, "en").version == 1
    assert "Two" in queries.pledge_text(signed.pledge_text_id, "en").html


def test_a_campaign_that_opens_in_a_moment_is_treated_as_open(frozen_clock):
    factories.campaign("air", opens_at=frozen_clock.now() + timedelta(seconds=30))
    assert factories.write_pledge("air", "둘", "Two") == 2


def test_the_same_words_make_no_version():
    draft("air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    before = versions("air")
    stored = queries.pledge_versions(staff_queries.desk("air").id)[0]
    assert factories.write_pledge("air", stored.wording["ko"], stored.wording["en"]) == 1
    assert versions("air") == before


def test_a_published_pledge_cannot_lose_a_language():
    draft("air")
    moderation.move(EDITOR, "air", DRAFT, OPEN)
    assert faults_of(factories.write_pledge, "air", "", "Two") == {"wording_ko": FieldFault.MISSING}


# --- Two editors ---


def test_different_sections_do_not_stand_in_each_others_way():
    draft("air")
    seen, when = staff_queries.desk("air").texts, staff_queries.desk("air").schedule
    texts("air", title_en="Air")
    moderation.edit_schedule(EDITOR, "air", stamp(when), goal=7, opens_at=None, closes_at=None)
    with pytest.raises(EditedMeanwhile):
        moderation.edit_texts(EDITOR, "air", stamp(seen), seen)


def test_who_has_not_seen_the_newest_pledge_or_dates_writes_nothing_over_them():
    draft("air")
    old = staff_queries.desk("air")
    schedule("air", goal=8)
    with pytest.raises(EditedMeanwhile):
        moderation.edit_schedule(EDITOR, "air", stamp(old.schedule), goal=9, opens_at=None, closes_at=None)
    seen = queries.pledge_versions(old.id)[0].stamp
    factories.write_pledge("air", "하나", "One")
    with pytest.raises(EditedMeanwhile):
        pledges.edit_pledge(EDITOR, "air", seen, wording={"ko": "둘", "en": "Two"}, in_use=lambda *_: False)
