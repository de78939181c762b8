"""Each state of a campaign has its own words in every place where people meet it."""

import re
from datetime import timedelta
from html import unescape

import pytest

from pledge.audit.models import Actor
from pledge.campaigns import items, moderation, staff_queries
from pledge.campaigns.models import CampaignState
from pledge.campaigns.partners import SISTER, SisterFields
from pledge.campaigns.rules import stamp
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.switches import moderation as switches
from tests.support import deliveries, factories
from tests.support.factories import EDITOR, fold_all, signature

PAGE, WIDGET, LIVE, HOME = "/en/c/air", "/embed/air?lang=en&form=1", "/en/c/air/live", "/en/"
FORMS = ("/en/c/air/sign", "/en/c/air/endorse")
PLACES = (PAGE, *FORMS, WIDGET, LIVE, HOME)
#: What only a campaign asks that one can sign.
ASKED = ("Sign the pledge", "and sign", "Read and sign", "Scan the code")

#: By the state: what it says everywhere, the heading of its forms, and the sentence that is shared with its address.
STATES = {
    "not yet": ("Signing opens on {tomorrow}.", "Not open yet", "read what it is about"),
    "open": ("", "", "read the pledge and sign"),
    "paused": (
        "We are not taking signatures just now. We will open again soon.",
        "Paused for the moment",
        "read what it is about",
    ),
    "closed": (
        "Signing closed on {today} with 1 signature. Thank you.",
        "This campaign has ended",
        "see what came of it",
    ),
    "closed, nobody signed": ("Signing ended on {today}.", "This campaign has ended", "see what came of it"),
    "handed over": (
        "The number was handed over on {today}. Recipient: The Minister of Environment.",
        "This campaign has ended",
        "see what came of it",
    ),
    "answered": ("The answer came on {today}.", "This campaign has ended", "see what came of it"),
}


def bring_about(state, clock):
    opens_at = clock.now() + timedelta(days=1) if state == "not yet" else None
    campaign = factories.campaign("air", opens_at=opens_at)
    if state in ("closed", "handed over", "answered"):
        signature(campaign)
        fold_all()
    if state in ("handed over", "answered"):
        {"handed over": deliveries.handed_over, "answered": deliveries.answered}[state](campaign)
    if state.startswith(("closed", "handed over", "answered")):
        moderation.move(EDITOR, "air", CampaignState.OPEN, CampaignState.CLOSED, "it is over")
    if state == "paused":
        switches.turn(Actor(1, "admin@pledge.example", ""), "signing", True, "attack")


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_own_words_everywhere(app, client, frozen_clock, state):
    bring_about(state, frozen_clock)
    days = {"today": frozen_clock.now(), "tomorrow": frozen_clock.now() + timedelta(days=1)}
    words, heading, shared = STATES[state]
    words = words.format(**{name: format_date(day, "en") for name, day in days.items()})
    pages = {place: unescape(client.get(place).text) for place in PLACES}
    for place, page in pages.items():
        assert words in page, place
        assert "Nothing has been recorded" not in page, place
        assert (state == "open") == any(asked in page for asked in ASKED), place
        assert state in ("not yet", "open", "paused") or not re.search("<progress|What you sign", page), place
    has_ended = state not in ("not yet", "open", "paused")
    assert has_ended == ("The pledge that was signed" in pages[PAGE])
    assert has_ended == ("Tell others what came of it" in pages[PAGE])
    assert shared in re.search(r'data-text="([^"]*)"', pages[PAGE])[1]
    assert (words or "A pledge for clean air") in re.search(
        r'<meta name="description" content="([^"]*)"', pages[PAGE]
    )[1]
    for place in FORMS:
        assert f"<h1>{heading}</h1>" in pages[place] or state == "open"


def test_a_campaign_that_has_ended_says_where_it_goes_on(app, client, frozen_clock):
    """By the card of staff for those who have signed, else by a campaign that one can sign now, else by a sister campaign."""
    bring_about("closed", frozen_clock)
    sister = SisterFields(
        Texts(en="Race to Zero", ko="레이스 투 제로"), Texts(), Texts(), "https://race.example/"
    )
    items.add(SISTER, EDITOR, "air", sister)
    assert f'href="http://localhost{PAGE}#sisters"' in client.get(FORMS[0]).text
    factories.campaign("sea")
    frozen_clock.move(seconds=2)
    assert 'href="/en/c/sea"' in client.get(FORMS[0]).text
    texts = staff_queries.desk("air").texts
    card = {"followup_title_en": "Write to your mayor", "followup_link_en": "https://mayor.example/"}
    moderation.edit_texts(EDITOR, "air", stamp(texts), {**texts, **card})
    frozen_clock.move(seconds=2)
    assert (
        '<a href="https://mayor.example/" rel="noopener">Write to your mayor</a>' in client.get(FORMS[0]).text
    )
