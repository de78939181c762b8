"""Every page that the site can show, each with the steps to it, on a site of its own with campaigns and people in all states."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import update

from pledge.campaigns import items, media, staff_queries
from pledge.campaigns.events import EVENT
from pledge.campaigns.media import VideoFields
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import stamp
from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange, Endorsement
from pledge.endorsements.services import ticket_for as organization_ticket
from pledge.mail.addresses import parse
from pledge.signatures.models import Signature
from pledge.signatures.services import ticket_for
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from tests.support import deliveries, news, paper, rows
from tests.support.clock import Clock
from tests.support.factories import (
    EDITOR,
    SLUG,
    campaign,
    confirm_token,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    event_fields,
    manage_token,
    partner_goal,
    press_key,
    scanned,
    signature,
    stored_document,
    unsubscribe_token,
    version_of,
    write_pledge,
)

Act = Callable[[Page], Any]


@dataclass(frozen=True)
class Shown:
    """A page: what it is called here, where it is, its status, what is done on it, and what before it is opened."""

    name: str
    path: str
    status: int = 200
    act: Act | None = None
    before: Act | None = None


def press(selector: str) -> Act:
    def act(page: Page) -> None:
        with page.expect_navigation():
            page.locator(selector).click()

    return act


def type_and_press(field: str, text: str) -> Act:
    """Type into a field of a form and send that form."""

    def act(page: Page) -> None:
        page.locator(field).fill(text)
        with page.expect_navigation():
            page.locator("form", has=page.locator(field)).locator("button[type=submit]").click()

    return act


def pressed(person: Signature) -> Act:
    """As in the tab in which this person pressed."""
    key = press_key(person)
    return lambda page: page.evaluate("key => sessionStorage.setItem('pledge.key', key)", key)


def pages(lang: str, clock_of_links: Clock) -> Iterator[Shown]:
    """Needs an application context on the site's database. Each call makes rows of its own, as some pages use them up."""
    blue = db.session.scalars(db.select(Campaign).where(Campaign.slug == SLUG)).one()
    ended, soon = other_campaigns()
    c = f"/{lang}/c/{SLUG}"

    yield Shown("home", f"/{lang}/")
    yield Shown("campaign", c)
    yield Shown("campaign that ended", f"/{lang}/c/{ended.slug}")
    yield Shown("campaign that was handed over", f"/{lang}/c/{handed_over_campaign().slug}")
    whole = whole_campaign("whole")
    yield Shown("campaign with everything", f"/{lang}/c/{whole.slug}")
    yield Shown("pledge that is no longer signed", f"/{lang}/c/{whole.slug}/pledge/1")
    yield Shown("campaign that opens later", f"/{lang}/c/{soon.slug}/sign")
    yield Shown("sign", f"{c}/sign")
    yield Shown("sign with errors", f"{c}/sign", act=press("#sign-form button[type=submit]"))
    yield Shown("for partners", f"{c}/spread")
    partner = whole.partners[1]
    token = referrals.partner_token(whole.id, f"p{partner.id}")
    yield Shown("for one partner", f"/{lang}/c/{whole.slug}/spread/{token}")
    yield Shown("group", f"/{lang}/c/{whole.slug}/with/{partner_goal(whole, 200)}")
    yield Shown("widget", f"/embed/{SLUG}?lang={lang}")
    yield Shown("widget with form", f"/embed/{SLUG}?lang={lang}&form=1&accent=leaf")
    yield Shown(
        "widget with errors",
        f"/embed/{SLUG}?lang={lang}&form=1&accent=plum",
        act=press("#sign-form button[type=submit]"),
    )
    yield Shown("widget, dark", f"/embed/{SLUG}?lang={lang}&form=1&theme=dark")
    yield Shown("widget, form sent", f"/embed/{SLUG}/check/x?lang={lang}&accent=ink")
    yield Shown("widget of no campaign", f"/embed/unknown?lang={lang}", 404)
    for name in ("privacy", "how-it-works", "accessibility", "contact", "contact/sent"):
        yield Shown(name, f"/{lang}/{name}")
    yield Shown("contact with errors", f"/{lang}/contact", act=press("main form button"))
    yield Shown("verify", f"/{lang}/verify")
    yield Shown("for developers", f"/{lang}/developers")
    yield Shown(
        "verify, no file chosen", f"/{lang}/verify", act=lambda page: page.locator("[data-check]").click()
    )
    green = endorsement(blue, level="staff", website="https://green.example", group_goal=200)
    gone = endorsement(blue, state="removed", public_reason=Texts(ko="사유입니다.", en="A reason."))
    yield Shown("for partners, with the links of one", f"{c}/spread?via={organization_code(green.id)}")
    yield Shown("organizations", f"{c}/organizations")
    yield Shown("organizations, none found", f"{c}/organizations?q=zzz")
    yield Shown("organization", f"{c}/organizations/{green.id}")
    yield Shown("organization that was removed", f"{c}/organizations/{gone.id}", 410)
    yield Shown("for the press", f"/{lang}/c/{whole.slug}/press")
    yield Shown("live", f"{c}/live")
    yield Shown("progress", f"{c}/progress")
    yield Shown("progress with paper", f"/{lang}/c/{whole.slug}/progress")
    yield Shown("progress of a campaign that nobody signed", f"/{lang}/c/{soon.slug}/progress")

    yield Shown("letter", f"{c}/letter")
    yield Shown("news, none yet", f"/{lang}/c/{ended.slug}/news")
    item = news.begun(blue)
    yield Shown("news", f"{c}/news")
    yield Shown("news item", f"{c}/news/{item}")

    waiting = signature(blue, state="pending", name="Wolfeschlegelsteinhausenbergerdorff " * 2)
    check = f"{c}/check/{ticket_for(SLUG, waiting.id)}"
    yield Shown("check", check)
    yield Shown("check, wrong code", check, act=type_and_press("#code", "12"))
    confirm = f"/{lang}/confirm/{confirm_token(waiting)}"
    yield Shown("confirm", confirm)
    yield Shown("check, resent", f"{check}#resent")
    yield Shown("confirm, number asked", f"{confirm}?asked=1")
    yield Shown("not me", f"{confirm}/not-me")
    yield Shown("unknown", f"/{lang}/confirm/damaged", 410)
    yield Shown("unknown, wrong address", f"/{lang}/confirm/damaged", 410, type_and_press("#email", "x"))
    late = signature(ended, state="pending", at=clock.now() - timedelta(days=5))
    yield Shown("closed", f"/{lang}/confirm/{confirm_token(late)}")
    stranger = signature(blue, state="pending")
    yield Shown(
        "not me, done",
        f"/{lang}/confirm/{confirm_token(stranger)}/not-me",
        act=type_and_press("#email", stranger.email),
    )

    clock_of_links.move(days=-8)
    old = confirm_token(waiting)
    clock_of_links.move(days=8)
    yield Shown("expired", f"/{lang}/confirm/{old}", 410)

    counted = signature(blue, public_name=True, updates=True, country="NL")
    thanks, used = f"{c}/thanks", f"/{lang}/confirm/{confirm_token(counted)}"
    yield Shown("thanks", thanks)
    yield Shown("thanks to who pressed", thanks, before=pressed(counted))
    yield Shown("thanks, province asked", thanks, before=pressed(signature(blue, region=None)))
    yield Shown("used link, link mailed", used, act=press("main form[action$='/my-link'] button"))
    busan = signature(blue, region="KR-26")
    yield Shown("thanks, province said", f"{thanks}#region", before=pressed(busan))
    unnumbered = signature(blue, state="pending")
    with transaction() as session:
        session.execute(
            update(Signature)
            .where(Signature.id == unnumbered.id)
            .values(state="confirmed", confirmed_at=clock.now())
        )
    yield Shown("thanks, number on its way", thanks, before=pressed(unnumbered))

    held = signature(blue, state="held", hold_reason="speed")
    yield Shown("thanks, held", thanks, before=pressed(held))
    yield Shown("me, held", f"/{lang}/me/{manage_token(held)}")

    me = f"/{lang}/me/{manage_token(counted)}"
    yield Shown("me", me)
    yield Shown(
        "receipt of who is not counted",
        f"/{lang}/me/{manage_token(signature(blue, state='withdrawn'))}/receipt",
        404,
    )
    yield Shown("me, saved", f"{me}?done=saved")
    yield Shown("me, wrong name", me, act=type_and_press("#name", ""))
    yield Shown("me, withdrawn", f"/{lang}/me/{manage_token(signature(blue, state='withdrawn'))}")
    out = signature(blue, state="invalidated", name_hidden=True)
    yield Shown("me, invalidated", f"/{lang}/me/{manage_token(out)}")
    yield Shown("confirmed once, invalidated", f"/{lang}/confirm/{confirm_token(out)}")
    yield Shown("me, waiting", f"/{lang}/me/{manage_token(waiting)}")
    yield Shown("withdraw", f"{me}/withdraw")
    yield Shown("erase", f"{me}/erase")
    gone = signature(blue, state="pending")
    yield Shown("erased", f"/{lang}/me/{manage_token(gone)}/erase", act=press("main form button"))
    yield Shown("unsubscribe", f"/{lang}/unsubscribe/{unsubscribe_token(counted)}")
    quiet = signature(blue, updates=False)
    yield Shown("unsubscribed", f"/{lang}/unsubscribe/{unsubscribe_token(quiet)}")

    yield Shown("my link", f"/{lang}/me")
    yield Shown("my link, wrong address", f"/{lang}/me", act=type_and_press("#email", "x"))
    yield Shown("my link, sent", f"/{lang}/me/sent")

    yield from _endorse_pages(lang, blue, ended)

    yield Shown("not found", f"/{lang}/nothing/here", 404)
    yield Shown("no such campaign", f"/{lang}/c/nothing", 404)
    yield Shown("mailbox", "/dev/mailbox")


def other_campaigns() -> tuple[Campaign, Campaign]:
    """One that has ended and one that opens later; made once for a site."""
    by_slug = {row.slug: row for row in db.session.scalars(db.select(Campaign))}
    day = timedelta(days=1)
    ended = by_slug.get("ended") or campaign("ended", state="closed", closes_at=clock.now() - 3 * day)
    soon = by_slug.get("soon") or campaign("soon", opens_at=clock.now() + 20 * day)
    return ended, soon


def whole_campaign(slug: str) -> Campaign:
    """One with everything that a page can show; made once for a site."""
    row = db.session.scalars(db.select(Campaign).where(Campaign.slug == slug)).one_or_none()
    if row is None:
        row = campaign(slug)
        media.set_video(EDITOR, slug, media.video_stamp(None), VideoFields("https://youtu.be/dQw4w9WgXcQ"))
        letters = stamp({"letter": staff_queries.desk(slug).letter})
        media.set_letters(EDITOR, slug, letters, new={"ko": stored_document()})
        items.add(EVENT, EDITOR, slug, event_fields())
        write_pledge(slug, "새 서약", "A new pledge")
        signature(row)
        paper.counted(row)
    return row


def handed_over_campaign() -> Campaign:
    """One that was handed over twice and answered once; made once for a site."""
    row = db.session.scalars(db.select(Campaign).where(Campaign.slug == "handed-over")).one_or_none()
    if row is None:
        row = campaign("handed-over", state="closed", closes_at=clock.now() - timedelta(days=20))
        signature(row)
        deliveries.answered(row)
        deliveries.handed_over(row, receipt_number="")
    return row


# --- Organisations ---

LONG = "Wolfeschlegelsteinhausenbergerdorff " * 3
STATEMENT = (
    "2050년까지 탄소중립을 이루겠습니다.\n\nWe will be net zero by 2050. "
    + "맑은 하늘을 위해 함께합니다. " * 15
)


def _endorse_pages(lang: str, blue: Campaign, ended: Campaign) -> Iterator[Shown]:
    """Those that no page of a signer looks like. Needs an application context on the site's database."""
    c = f"/{lang}/c/{SLUG}"
    yield Shown("endorse", f"{c}/endorse")
    yield Shown("endorse, with errors", f"{c}/endorse", act=press("#endorse-form button[type=submit]"))
    yield Shown("endorse, campaign that ended", f"/{lang}/c/{ended.slug}/endorse")
    waiting = endorsement(
        blue,
        state="pending",
        name_en=LONG,
        statement_ko=STATEMENT,
        interim_year=2035,
        interim_percent=60,
        show_contact=True,
        registration_number="1248100998",
    )
    check = f"{c}/endorse/check/{organization_ticket(SLUG, waiting.address_hash, waiting.name_key)}"
    yield Shown("endorse check", f"{check}#resent")

    confirm = f"/{lang}/endorse/confirm/{endorse_confirm_token(waiting)}"
    yield Shown("endorse confirm", confirm)
    newer = endorsement(blue, state="pending")
    older = endorse_confirm_token(newer)
    version_of(newer, statement_ko="새 문구")
    yield Shown("endorse older link", f"/{lang}/endorse/confirm/{older}")
    yield Shown("endorse thanks", f"{c}/endorse/thanks")
    yield from _own_pages(lang, blue)
    yield from _handing_over(lang, blue)


def _own_pages(lang: str, blue: Campaign) -> Iterator[Shown]:
    public = endorsement(blue, statement_ko=STATEMENT, show_contact=True, spokesperson="김하늘, 사무국장")
    version_of(public, statement_ko="고친 문구", name_en=LONG)
    me = f"/{lang}/endorse/me/{endorse_manage_token(public)}"
    yield Shown("endorse me, not proved", f"{me}?done=not_proved")
    for state in ("changes", "withdrawn"):
        row = endorsement(blue, state=state, decision_reason="Please give the official name.")
        yield Shown(f"endorse me, {state}", f"/{lang}/endorse/me/{endorse_manage_token(row)}")
    yield Shown("endorse correct, with errors", f"{me}/correct", act=type_and_press("#website", "nowhere"))


def _handing_over(lang: str, blue: Campaign) -> Iterator[Shown]:
    row = endorsement(blue)
    me = f"/{lang}/endorse/me/{endorse_manage_token(row)}"
    yield Shown("endorse contact, wrong", f"{me}/contact", act=type_and_press("#email", "x"))
    contact = f"/{lang}/endorse/contact/{_takeover_token(row)}"
    yield Shown("endorse me, contact asked", me)
    yield Shown("take over, nothing ticked", contact, act=press("main form button"))
    yield Shown("take over, not me", f"{contact}/not-me", act=press("main form button"))
    scanned()
    asked = f"/{lang}/endorse/contact/{_takeover_token(endorsement(blue), 'ministry.example.org')}"
    yield Shown("take over, number asked", asked, act=press("main form button"))
    taken = endorsement(blue)
    link = _takeover_token(taken)
    change = db.session.get(ContactChange, taken.id)
    assert change is not None
    handover.accept(taken.id, change.contact_number, "2026-11-25")
    yield Shown("taken over", f"/{lang}/endorse/contact/{link}")


def _takeover_token(row: Endorsement, domain: str = "haneul.co.kr") -> str:
    mailbox = parse(f"successor{row.id}@{domain}")
    handover.ask(endorse_manage_token(row), name="이바다", title="팀장", mailbox=mailbox, lang="ko")
    return endorse_contact_token(rows.row(ContactChange, row.id))
