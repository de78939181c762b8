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
from pledge.core.i18n import format_date, format_datetime
from pledge.core.languages import Texts
from pledge.mail.models import MailKind
from pledge.switches import services as switches
from pledge.web.embed import pictures
from pledge.web.public.campaign import views
from tests.support import deliveries, factories
from tests.support.factories import EDITOR, fold_all, signature
from tests.support.mails import Notes, deliver_all, delivered, enqueue_true, part

PAGE, WIDGET, LIVE, HOME = "/en/c/air", "/embed/air?lang=en&form=1", "/en/c/air/live", "/en/"
#: They say it and ask nobody.
REPORTS = ("/en/c/air/press", "/en/c/air/progress", "/en/c/air/news.atom")
FORMS = ("/en/c/air/sign", "/en/c/air/endorse")
PICTURE, POSTER = "/share/air.en.png", "/en/c/air/poster-a4.pdf"
#: What only a campaign asks that one can sign.
ASKED = ("Sign the pledge", "and sign", "Read and sign", "Scan the code", "Be the first", "<progress")

PAUSED = (
    "We are not taking signatures just now. We will open again soon.",
    *("Paused for the moment", "read what it is about"),
)
ENDED = ("This campaign has ended", "see what came of it")
#: By the state: what it says everywhere, the heading of its forms, the sentence that is shared with its address, and what its
#: picture says below the number.
STATES = {
    "not yet": (
        *("Signing opens on {tomorrow}.", "Not open yet", "read what it is about", "Signing opens soon"),
    ),
    "open": ("", "", "read the pledge and sign", "Be the first to sign"),
    "paused": (*PAUSED, "person has signed"),
    "paused, nobody signed": (*PAUSED, "Signing opens soon"),
    "closed": (
        "Signing closed on {today} with 1 signature. Thank you.",
        *(*ENDED, "person signed. Thank you"),
    ),
    "closed, nobody signed": ("Signing ended on {today}.", *ENDED, ""),
    "handed over": (
        "The number was handed over on {today}. Recipient: The Minister of Environment.",
        *(*ENDED, "person signed. Thank you"),
    ),
    "answered": ("The answer came on {today}.", *ENDED, "person signed. Thank you"),
}
#: What the mails say only while one can sign, and only once one no longer can.
MAILS = {
    MailKind.CONFIRM: ("", "You signed in time: it still counts if you confirm it by"),
    MailKind.THANKS: (
        "Bring one more.",
        "Signing has closed. The campaign’s page will say what comes of it.",
    ),
    MailKind.ENDORSE_CONFIRM: ("", "The endorsement came in time: it is accepted if you confirm it by"),
    MailKind.WITHDRAWN: ("If you change your mind, you can sign again.", ""),
    MailKind.WITHDRAWN_SELF: ("If you change your mind, you can sign again.", ""),
    MailKind.ENDORSE_PUBLISHED: ("Members, customers and friends can sign on that page.", ""),
}


def bring_about(state, clock):
    opens_at = clock.now() + timedelta(days=1) if state == "not yet" else None
    campaign = factories.campaign("air", opens_at=opens_at)
    factories.partner_goal(campaign, 100)
    if state in ("paused", "closed", "handed over", "answered"):
        signature(campaign)
        fold_all()
    if state in ("handed over", "answered"):
        {"handed over": deliveries.handed_over, "answered": deliveries.answered}[state](campaign)
    if state.startswith(("closed", "handed over", "answered")):
        moderation.move(EDITOR, "air", CampaignState.OPEN, CampaignState.CLOSED, "it is over")
    if state.startswith("paused"):
        switches.turn(Actor(1, "admin@pledge.example", ""), "signing", True, "attack")
    return campaign


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_own_words_everywhere(app, client, frozen_clock, state, monkeypatch):
    campaign = bring_about(state, frozen_clock)
    group = f"{PAGE}/with/p{campaign.partners[1].id}"
    days = {"today": frozen_clock.now(), "tomorrow": frozen_clock.now() + timedelta(days=1)}
    words, heading, shared, below = STATES[state]
    words = words.format(**{name: format_date(day, "en") for name, day in days.items()})
    pages = {place: unescape(client.get(place).text) for place in (PAGE, *FORMS, WIDGET, LIVE, HOME, group)}
    for place, page in pages.items():
        assert words in page, place
        assert "Nothing has been recorded" not in page, place
        assert (state == "open") == any(asked in page for asked in ASKED), place
    for place in REPORTS:
        assert words in unescape(client.get(place).text), place
    has_ended = not state.startswith(("not yet", "open", "paused"))
    assert has_ended == ("The pledge that was signed" in pages[PAGE])
    assert has_ended == ("Tell others what came of it" in pages[PAGE])
    assert shared in re.search(r'data-text="([^"]*)"', pages[PAGE])[1]
    assert ("sign with A Partner" if state == "open" else shared) in re.search(
        r'data-text="([^"]*)"', pages[group]
    )[1]
    assert (words or "A pledge for clean air") in re.search(
        r'<meta name="description" content="([^"]*)"', pages[PAGE]
    )[1]
    for place in FORMS:
        assert f"<h1>{heading}</h1>" in pages[place] or state == "open"
    drawn, set_in_type = [], []
    monkeypatch.setattr(pictures, "draw", lambda image, _: drawn.append(image) or b"")
    monkeypatch.setattr(views, "poster_pdf", lambda poster, _: set_in_type.append(poster) or b"")
    client.get(PICTURE)
    assert [image.words for image in drawn] == [below]
    client.get("/share/air/1.en.png")
    assert "Will you add yours?" not in [image.words for image in drawn]
    client.get(POSTER)
    assert [poster.ask for poster in set_in_type] == [
        "Scan the code to see what came of it" if has_ended else "Scan the code and sign"
    ]
    assert client.get("/api/v1/campaigns/air").json["is_open"] == (state == "open")


@pytest.mark.parametrize("kind", MAILS)
@pytest.mark.parametrize("state", [state for state in STATES if state != "not yet"])
def test_mails_say_of_each_state_what_is_true(app, frozen_clock, state, kind):
    address = enqueue_true(kind, "en", of=bring_about(state, frozen_clock))
    text = " ".join(part(dict(delivered())[address], "plain").split())
    while_open, when_over = MAILS[kind]
    has_ended = not state.startswith(("open", "paused"))
    assert (while_open in text) == (not has_ended) or not while_open
    assert (when_over in text) == has_ended or not when_over


@pytest.mark.parametrize("state", ["open", "closed"])
def test_who_withdraws_once_signing_has_ended_is_not_told_to_come_back(client, frozen_clock, state):
    campaign = bring_about(state, frozen_clock)
    own = f"/en/me/{factories.manage_token(signature(campaign))}"
    ours = f"/en/endorse/me/{factories.endorse_manage_token(factories.endorsement(campaign))}"
    for address in (own, f"{own}/withdraw", ours, f"{ours}/withdraw"):
        page = client.get(address).text
        assert ("Signing has ended" in page) == (state == "closed"), address
        assert (" again later" in page or " again whenever" in page) == (state == "open"), address
    gone = factories.endorse_manage_token(factories.endorsement(campaign, state="withdrawn"))
    assert ("Endorse again" in client.get(f"/en/endorse/me/{gone}").text) == (state == "open")


@pytest.mark.parametrize("kind", [MailKind.CONFIRM, MailKind.ENDORSE_CONFIRM])
def test_after_the_day_of_grace_nobody_is_asked_to_confirm(app, frozen_clock, kind):
    campaign = bring_about("closed", frozen_clock)
    deliver_all(Notes())
    frozen_clock.move(hours=23)
    address = enqueue_true(kind, "en", of=campaign)
    last = format_datetime(frozen_clock.now() + timedelta(hours=1), "en")
    assert last in part(dict(delivered())[address], "plain")
    frozen_clock.move(hours=2)
    enqueue_true(kind, "en", of=campaign)
    assert delivered() == []


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
