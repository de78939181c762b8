"""What signers agree to has versions: another recipient is another version, and no version ever changes."""

import pytest
from sqlalchemy import select

from pledge.campaigns import moderation, queries, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.models import CampaignConsent, CampaignState
from pledge.campaigns.rules import BadFields, stamp
from pledge.core.db import load
from tests.support import factories
from tests.support.factories import EDITOR, draft

pytestmark = pytest.mark.usefixtures("app")

WHY = "decided by the board"


def versions():
    """The recipients of all versions in Korean, by number."""
    rows = load(select(CampaignConsent).order_by(CampaignConsent.version))
    return {row.version: row.recipient["ko"] for row in rows}


def texts(reason=WHY, *, is_stepped_up=True, **changes):
    stored = staff_queries.desk("air").texts
    moderation.edit_texts(
        *(EDITOR, "air", stamp(stored), {**stored, **changes}, reason), is_stepped_up=is_stepped_up
    )


def test_a_draft_has_no_version_and_publishing_it_makes_the_first():
    draft("air", recipient_ko="환경부")
    texts("", recipient_ko="국회", is_stepped_up=False)
    assert versions() == {}
    moderation.move(EDITOR, "air", CampaignState.DRAFT, CampaignState.OPEN)
    assert versions() == {1: "국회"}
    assert queries.find("air", "en").consent_version == 1


def test_another_recipient_is_another_version_and_other_texts_are_none():
    factories.campaign("air")
    texts(recipient_ko="국회")
    texts(summary_ko="새 요약")
    assert versions() == {1: "대한민국 정부", 2: "국회"}
    assert queries.find("air", "ko").consent_version == 2


def test_reopening_a_campaign_makes_no_version_of_the_same_words():
    factories.campaign("air")
    for before, after in [("open", "closed"), ("closed", "open")]:
        moderation.move(EDITOR, "air", CampaignState(before), CampaignState(after), WHY)
    assert versions() == {1: "대한민국 정부"}


@pytest.mark.parametrize(("reason", "is_stepped_up"), [(" ", True), (WHY, False)])
@pytest.mark.parametrize("state", ["open", "closed"])
def test_another_recipient_of_a_public_campaign_needs_a_reason_and_the_step_up(state, reason, is_stepped_up):
    factories.campaign("air", state=state)
    with pytest.raises(StepUpNeeded if reason.strip() else BadFields):
        texts(reason, is_stepped_up=is_stepped_up, recipient_ko="국회")
    assert versions() == {1: "대한민국 정부"}
    assert staff_queries.desk("air").texts["recipient_ko"] == "대한민국 정부"
