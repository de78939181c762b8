"""What those who have signed are asked next: a card in each language that has one, for as long as staff say."""

import pytest
from sqlalchemy import update

from pledge.campaigns import moderation, staff_queries
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import FieldFault, stamp
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.mail.models import MailKind
from tests.support.factories import EDITOR, SLUG, the_campaign
from tests.support.mails import delivered, enqueue_true, part
from tests.support.refusals import faults_of

CARD = {
    "followup_title_en": "Write to your member",
    "followup_sentence_en": "It takes five minutes.",
    "followup_link_en": "https://example.org/en",
}


@pytest.fixture(autouse=True)
def _campaign(app):
    the_campaign()


def set_card(**changes):
    stored = staff_queries.desk(SLUG).texts
    texts = {**{name: text for name, text in stored.items() if name.startswith("followup")}, **changes}
    moderation.edit_texts(EDITOR, SLUG, stamp({name: stored[name] for name in texts}), texts)


def thanks(client, lang="en"):
    return client.get(f"/{lang}/c/{SLUG}/thanks").text


def thanked(lang):
    address = enqueue_true(MailKind.THANKS, lang)
    return part(dict(delivered())[address], "plain").splitlines()


def test_the_card_is_on_the_page_and_in_the_mail_with_the_thanks_in_its_language_until_it_is_emptied(
    client, frozen_clock
):
    set_card(**CARD)
    assert 'href="https://example.org/en" rel="noopener noreferrer"' in thanks(client)
    assert "Write to your member" not in thanks(client, "ko")
    lines = thanked("en")
    assert lines[lines.index("Write to your member") :][2:4] == [
        "It takes five minutes.",
        "https://example.org/en",
    ]
    assert "Write to your member" not in thanked("ko")
    set_card(**dict.fromkeys(CARD, ""))
    frozen_clock.move(seconds=2)
    assert "Write to your member" not in thanks(client)
    assert "Write to your member" not in thanked("en")


def test_the_sentence_of_staff_is_in_the_thanks_too(client):
    with transaction() as session:
        session.execute(update(Campaign).values(thanks=Texts(en="We hand it over in May.")))
    assert "We hand it over in May." in thanks(client)
    assert "We hand it over in May." in thanked("en")
    assert "May" not in thanks(client, "ko")


def test_it_is_shown_from_its_first_day_to_its_last_in_seoul(client, frozen_clock):
    frozen_clock.move_to_noon()
    today = frozen_clock.now().astimezone(SEOUL).date().isoformat()
    for first, last, shown in (
        (today, today, True),
        ("", today, True),
        ("2999-01-01", "", False),
        ("", "2001-01-01", False),
    ):
        set_card(**CARD, followup_from_en=first, followup_until_en=last)
        frozen_clock.move(seconds=2)
        assert ("Write to your member" in thanks(client)) is shown


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"followup_title_en": ""}, {"followup_title_en": FieldFault.MISSING}),
        ({"followup_link_en": ""}, {"followup_link_en": FieldFault.MISSING}),
        ({"followup_link_en": "http://example.org"}, {"followup_link_en": FieldFault.LINK}),
        ({"followup_from_en": "31.12.2026"}, {"followup_from_en": FieldFault.MOMENT}),
        (
            {"followup_from_en": "2026-05-02", "followup_until_en": "2026-05-01"},
            {"followup_until_en": FieldFault.ORDER},
        ),
    ],
)
def test_a_card_that_is_not_whole_is_refused(change, faults):
    assert faults_of(set_card, **{**CARD, **change}) == faults
    assert staff_queries.desk(SLUG).texts["followup_title_en"] == ""


def test_nothing_leads_to_an_address_that_is_not_https(client):
    set_card(**CARD)
    with transaction() as session:
        session.execute(update(Campaign).values(followup_link=Texts(en="javascript:alert(1)")))
    assert "Write to your member" not in thanks(client)
