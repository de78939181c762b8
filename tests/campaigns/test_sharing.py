"""What staff write for passing a campaign on: its short address, thanks, texts to share."""

import json

import pytest
from sqlalchemy import select

from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.campaigns import moderation, queries, sharing, staff_queries
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import EditedMeanwhile
from pledge.campaigns.rules import FieldFault, stamp
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from tests.support.factories import SLUG, campaign, draft
from tests.support.refusals import faults_of

pytestmark = pytest.mark.usefixtures("app")


def stored(slug=SLUG):
    return sharing.stored_words(staff_queries.desk(slug))


def write(slug=SLUG, short_name="", before=None, **texts):
    """Set these words; every other one is empty."""
    seen = stamp(before or stored(slug))
    sharing.set_words(COMMAND_LINE, slug, seen, short_name, texts)


def test_what_is_written_is_read_in_its_language_and_each_change_is_recorded():
    campaign()
    write(short_name=" Sky ", thanks={"ko": "고맙습니다 "}, share_x={"en": "Sign  with me"})
    korean, english = (queries.find(SLUG, lang) for lang in ("ko", "en"))
    assert (korean.row.short_name, korean.thanks, korean.share_texts) == ("sky", "고맙습니다", {})
    assert (english.thanks, english.share_texts) == ("", {"x": "Sign with me"})
    assert sharing.slug_of("SKY") == SLUG
    before = stored()
    write()
    with pytest.raises(EditedMeanwhile):
        write(before=before)
    details = db.session.scalars(select(AuditEntry.details).where(AuditEntry.action == "campaign.sharing"))
    assert [json.loads(text)["after"] for text in details] == [
        {"short_name": "sky", "thanks_ko": "고맙습니다", "share_x_en": "Sign with me"},
        {"short_name": "", "thanks_ko": "", "share_x_en": ""},
    ]


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ({"short_name": "s"}, {"short_name": FieldFault.SLUG}),
        ({"short_name": "푸른하늘"}, {"short_name": FieldFault.SLUG}),
        ({"short_name": "x" * 61}, {"short_name": FieldFault.TOO_LONG}),
        ({"short_name": "air"}, {"short_name": FieldFault.TAKEN}),
        ({"thanks": {"ko": "가" * 301}}, {"thanks_ko": FieldFault.TOO_LONG}),
        ({"share_line": {"en": "x" * 201}}, {"share_line_en": FieldFault.TOO_LONG}),
        ({"share_all": {"ko": "900101-1234567"}}, {"share_all_ko": FieldFault.RESIDENT_NUMBER}),
    ],
)
def test_what_cannot_be_kept_is_refused(words, faults):
    campaign()
    campaign("air", short_name="air")
    assert faults_of(write, **words) == faults
    assert stored()["short_name"] == ""


def test_a_copy_has_the_texts_and_not_the_short_address():
    campaign(short_name="sky", share_texts={"all": Texts(ko="함께")})
    moderation.create(COMMAND_LINE, slug="water", title={"ko": "물"}, copy_of=SLUG)
    with transaction() as session:
        row = session.scalar(select(Campaign).where(Campaign.slug == "water"))
        assert (row.short_name, row.share_texts) == (None, {"all": {"ko": "함께"}})


def test_a_draft_has_no_short_address_yet():
    draft("air")
    write("air", short_name="air")
    assert sharing.slug_of("air") is None
