"""The pages of endorsing, each with the steps to it; a part of the gallery."""

from collections.abc import Iterator

from pledge.campaigns.models import Campaign
from pledge.core.db import db
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange, Endorsement
from pledge.endorsements.services import ticket_for
from pledge.mail.addresses import parse
from tests.browser.shown import Shown, press, type_and_press
from tests.support.clock import Clock
from tests.support.factories import (
    SLUG,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    scanned,
    version_of,
)

LONG = "Wolfeschlegelsteinhausenbergerdorff " * 3
STATEMENT = (
    "2050년까지 탄소중립을 이루겠습니다.\n\nWe will be net zero by 2050. "
    + "맑은 하늘을 위해 함께합니다. " * 15
)


def endorse_pages(lang: str, clock_of_links: Clock, blue: Campaign, ended: Campaign) -> Iterator[Shown]:
    """Needs an application context on the site's database."""
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
    check = f"{c}/endorse/check/{ticket_for(SLUG, waiting.address_hash, waiting.name_key)}"
    yield Shown("endorse check", f"{check}#resent")

    confirm = f"/{lang}/endorse/confirm/{endorse_confirm_token(waiting)}"
    yield Shown("endorse confirm", confirm)
    yield Shown("not us", f"{confirm}/not-us")
    newer = endorsement(blue, state="pending")
    older = endorse_confirm_token(newer)
    version_of(newer, statement_ko="새 문구")
    yield Shown("endorse older link", f"/{lang}/endorse/confirm/{older}")
    yield Shown("endorse unknown", f"/{lang}/endorse/confirm/damaged", 410)
    late = endorsement(ended, state="pending")
    yield Shown("endorse closed", f"/{lang}/endorse/confirm/{endorse_confirm_token(late)}")
    stranger = endorsement(blue, state="pending")
    yield Shown(
        "not us, done",
        f"/{lang}/endorse/confirm/{endorse_confirm_token(stranger)}/not-us",
        act=type_and_press("#email", stranger.contact_email),
    )
    clock_of_links.move(days=-8)
    old = endorse_confirm_token(waiting)
    clock_of_links.move(days=8)
    yield Shown("endorse expired", f"/{lang}/endorse/confirm/{old}", 410)
    confirmed = endorsement(blue, state="review")
    yield Shown("endorse thanks", f"{c}/endorse/thanks")
    used = f"/{lang}/endorse/confirm/{endorse_confirm_token(confirmed)}"
    yield Shown("endorse used link, link mailed", used, act=press("main form[action$='/my-link'] button"))
    yield from _own_pages(lang, blue)
    yield from _handing_over(lang, blue)
    yield Shown("endorse link, wrong address", f"/{lang}/endorse/me", act=type_and_press("#email", "x"))
    yield Shown("endorse link, sent", f"/{lang}/endorse/me/sent")


def _own_pages(lang: str, blue: Campaign) -> Iterator[Shown]:
    public = endorsement(blue, statement_ko=STATEMENT, show_contact=True, spokesperson="김하늘, 사무국장")
    version_of(public, statement_ko="고친 문구", name_en=LONG)
    me = f"/{lang}/endorse/me/{endorse_manage_token(public)}"
    yield Shown("endorse me, not proved", f"{me}?done=not_proved")
    for state in ("changes", "withdrawn"):
        row = endorsement(blue, state=state, decision_reason="Please give the official name.")
        yield Shown(f"endorse me, {state}", f"/{lang}/endorse/me/{endorse_manage_token(row)}")
    yield Shown("endorse correct, with errors", f"{me}/correct", act=type_and_press("#website", "nowhere"))
    yield Shown("endorse withdraw", f"{me}/withdraw")
    yield Shown("endorse erase", f"{me}/erase")
    gone = endorse_manage_token(endorsement(blue))
    yield Shown("endorse erased", f"/{lang}/endorse/me/{gone}/erase", act=press("main form button"))


def _handing_over(lang: str, blue: Campaign) -> Iterator[Shown]:
    row = endorsement(blue)
    me = f"/{lang}/endorse/me/{endorse_manage_token(row)}"
    yield Shown("endorse contact, wrong", f"{me}/contact", act=type_and_press("#email", "x"))
    contact = f"/{lang}/endorse/contact/{_asked(row)}"
    yield Shown("endorse me, contact asked", me)
    yield Shown("take over, nothing ticked", contact, act=press("main form button"))
    yield Shown("take over, not me", f"{contact}/not-me", act=press("main form button"))
    scanned()
    asked = f"/{lang}/endorse/contact/{_asked(endorsement(blue), 'ministry.example.org')}"
    yield Shown("take over, number asked", asked, act=press("main form button"))
    taken = endorsement(blue)
    link = _asked(taken)
    change = db.session.get(ContactChange, taken.id)
    assert change is not None
    handover.accept(taken.id, change.contact_number, "2026-11-25")
    yield Shown("taken over", f"/{lang}/endorse/contact/{link}")


def _asked(row: Endorsement, domain: str = "haneul.co.kr") -> str:
    mailbox = parse(f"successor{row.id}@{domain}")
    handover.ask(endorse_manage_token(row), name="이바다", title="팀장", mailbox=mailbox, lang="ko")
    db.session.rollback()
    change = db.session.get(ContactChange, row.id)
    assert change is not None
    return endorse_contact_token(change)
