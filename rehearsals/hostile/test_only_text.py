"""What people and staff have written is only text on every page that shows it, also what no form would let through.

The client checks each page that it fetches for elements, attributes and addresses that no template of ours has.
"""

from datetime import timedelta
from urllib.parse import quote

import pytest
from markupsafe import escape

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import items
from pledge.campaigns.events import EVENT
from pledge.campaigns.models import Campaign, CampaignText, Partner, PledgeText
from pledge.campaigns.rules import fingerprint
from pledge.core import clock, tokens
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange, ReasonKind
from pledge.endorsements.review import moderation as reviewing
from pledge.endorsements.review import queries, reasons
from pledge.mail.addresses import parse
from pledge.signatures import moderation as signing
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.switches import moderation as switches
from tests.support.apps import forget_caches
from tests.support.audit import MODERATOR
from tests.support.factories import (
    SLUG,
    campaign,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    event_fields,
    fold_all,
    signature,
    version_of,
)
from tests.support.payloads import PAYLOADS, TOGETHER

pytestmark = pytest.mark.sqlite_only
CAMPAIGN = f"/en/c/{SLUG}"


def shown(client, paths):
    """What these pages say, all in one; the client has checked each of them."""
    pages = [client.get(path) for path in paths]
    assert {page.status_code for page in pages} <= {200, 410}, [page.request.path for page in pages]
    return "".join(page.text for page in pages)


def missing(texts, pages):
    """Those that stand nowhere: a page that leaves a text out has not shown it as text."""
    return [text for text in texts if str(escape(text)) not in pages]


def hostile_campaign(payload, number):
    """Rows with markup in every text, past all forms and services; its slug and its number."""
    text = f"{payload} {number}"
    link = "javascript:alert(1)" if number % 2 else f'https://example.org/"{payload}'[:300]
    row = Campaign(slug=f"hostile-{number}", state="open", goal=1000)
    row.texts = [
        CampaignText(lang=lang, title=text[:200], tagline=text, summary=text, body=f"## {text}\n\n{text}")
        for lang in ("ko", "en")
    ]
    row.partners = [
        Partner(position=place, role=role, name=Texts(ko=text, en=text), url=link)
        for place, role in enumerate(("secretariat", "partner"))
    ]
    wording = {"ko": text, "en": text}
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add(
            PledgeText(
                campaign_id=row.id,
                version=1,
                wording=Texts(wording),
                sha256=fingerprint(wording),
                created_at=clock.now(),
            )
        )
        words = dict.fromkeys(("title_ko", "title_en", "place_ko", "place_en"), text)
        session.add(items.new(EVENT, row.id, event_fields(**words, url=link)))
    return row.slug, row.id


def test_the_texts_of_a_campaign_are_only_text(app, staff_client):
    editor = staff_client("editor")
    for number, payload in enumerate(TOGETHER):
        slug, of = hostile_campaign(payload, number)
        partner = db.session.scalar(db.select(Partner.id).where(Partner.campaign_id == of).limit(1))
        public, desk = f"/en/c/{slug}", f"/staff/campaigns/{slug}"
        paths = [
            *(f"{public}{rest}" for rest in ("", "/sign", "/pledge/1", "/organizations", "/spread", "/live")),
            f"{public}/preview/{tokens.mint(tokens.Purpose.PREVIEW, [of])}",
            *(f"{desk}{rest}" for rest in ("", "/dates", "/settings", "/partners", "/news", "/state/closed")),
            *(f"{desk}/partners/{partner}{rest}" for rest in ("", "/remove")),
            *(f"{desk}/events/{number + 1}{rest}" for rest in ("", "/remove")),
            *(f"/embed/{slug}?form=1", "/staff/campaigns", "/en/"),
        ]
        assert not missing([payload], shown(editor, paths)), payload


def test_what_organisations_have_written_is_only_text_on_the_wall_and_on_the_desk(app, staff_client):
    of, numbers = campaign(), []
    for place, payload in enumerate(TOGETHER):
        texts = dict.fromkeys(
            ("name_ko", "name_en", "statement_ko", "statement_en", "spokesperson", "logo"), payload
        )
        texts["website"] = f"https://example.org/{payload}"
        person = dict.fromkeys(("contact_name", "contact_title", "contact_email"), payload)
        on_wall = endorsement(of, decision_reason=payload, **texts, **person)
        version_of(on_wall, target_year=2041)
        gone = endorsement(of, **texts, **person)
        wording = {"ko": payload, "en": payload}
        reviewing.remove(COMMAND_LINE, gone.id, queries.find(gone.id).seen, "closed-down", wording)
        reasons.save(
            COMMAND_LINE, code=f"evil-{place}", kind=ReasonKind.CHANGES, wording=wording, active=True
        )
        numbers += [on_wall.id, gone.id]
    fold_all()
    forget_caches(app)
    desk = "/staff/organizations"
    public = [f"{CAMPAIGN}/organizations{rest}" for rest in ("", *(f"/{number}" for number in numbers))]
    staff = [f"{desk}/{number}" for number in numbers] + [
        f"{desk}?tab={tab}" for tab in ("published", "ended")
    ]
    reader = staff_client("admin")
    assert not missing(TOGETHER, shown(reader, [CAMPAIGN, *public]))
    assert not missing(TOGETHER, shown(reader, staff))


def test_what_organisations_have_written_is_only_text_on_their_own_pages(app, client):
    for payload in TOGETHER:
        texts = dict.fromkeys(("name_ko", "name_en", "statement_ko", "statement_en", "spokesperson"), payload)
        texts["website"] = f"https://example.org/{payload}"
        person = dict.fromkeys(("contact_name", "contact_title", "registration_number"), payload)
        waiting = endorsement(state="pending", **texts, **person)
        known = endorsement(state="changes", decision_reason=payload, **texts, **person)
        version_of(known, target_year=2041)
        token = endorse_manage_token(known)
        mailbox = parse(f"sea{known.id}@example.org")
        handover.ask(token, name="Sea", title="Lead", mailbox=mailbox, lang="en")
        with transaction() as session:
            change = session.get_one(ContactChange, known.id)
            change.contact_name = change.contact_title = payload
        paths = [
            f"/en/endorse/confirm/{endorse_confirm_token(waiting)}",
            f"/en/endorse/contact/{endorse_contact_token(change)}",
            *(
                f"/en/endorse/me/{token}{rest}"
                for rest in ("", "/correct", "/contact", "/withdraw", "/erase")
            ),
        ]
        assert not missing([payload], shown(client, paths)), payload


def test_what_signers_and_staff_have_written_and_searched_for_is_only_text(app, staff_client):
    of = campaign()
    signers = [signature(of, name=payload, public_name=True) for payload in PAYLOADS]
    everybody = Condition(campaign_id=of.id, signed_from=clock.now() - timedelta(days=1))
    proposed = [
        invalidations.propose(MODERATOR, everybody, InvalidationReason.OTHER, payload) for payload in TOGETHER
    ]
    invalidations.discard(MODERATOR, proposed[0], TOGETHER[1])
    for number, (signer, payload) in enumerate(zip(signers, TOGETHER, strict=False)):
        (signing.hide_name if number % 2 else signing.withdraw)(COMMAND_LINE, signer.id, payload)
    fold_all()
    forget_caches(app)
    admin = staff_client("admin")
    staff = [
        *("/staff/audit", "/staff/switches", "/staff/watch", "/staff/"),
        *(f"/staff/signatures/{signer.id}" for signer in signers),
        *(f"/staff/invalidations/{number}" for number in proposed),
    ]
    assert not missing([*PAYLOADS, *TOGETHER], shown(admin, staff))
    searches = [f"/staff/audit?actor={quote(payload)}&subject={quote(payload)}" for payload in TOGETHER]
    assert not missing(TOGETHER, shown(admin, searches))
    searches = [f"{CAMPAIGN}/organizations?q={quote(payload)}" for payload in TOGETHER]
    assert not missing(TOGETHER, shown(admin, searches))


def test_a_banner_is_only_text(app, staff_client):
    campaign()
    admin = staff_client("admin")
    for text in TOGETHER:
        switches.turn(COMMAND_LINE, "banner", {"ko": text, "en": text}, text)
        forget_caches(app)
        assert not missing([text], shown(admin, [CAMPAIGN]))
        assert not missing([text], shown(admin, ["/staff/switches"]))
