"""`flask demo fill`: a campaign in full swing whose number can be checked like any other, once and never in production."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from pledge.campaigns.loading import load_folder
from pledge.campaigns.models import Campaign, CampaignConsent, CampaignEvent, Partner, PledgeText
from pledge.cli.campaigns import DEMO, PEOPLE, SLUG
from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.core.i18n import SEOUL
from pledge.deliveries.document import from_json
from pledge.deliveries.models import Delivery
from pledge.demands import queries as demands
from pledge.endorsements.models import Endorsement, EndorsementState
from pledge.files.models import StoredFile
from pledge.inbox import queries as inbox
from pledge.ledger.models import Checkpoint, Kind, LedgerEntry, LedgerHead
from pledge.mail import services as mail
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mail.outbox import NewMail, enqueue
from pledge.mail.transports import MailboxTransport
from pledge.news.models import NewsItem, NewsState
from pledge.paper.models import PaperBatch
from pledge.signatures.models import Signature, SignatureState
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.funnel import funnel
from pledge.worker.registry import composers, ledger_sources, makers
from tests.support import invalidations
from tests.support.factories import fold_all, signature
from tests.support.production import PRODUCTION
from tests.support.rows import number_of
from tools.demo import people
from tools.demo.content import FOLDER
from tools.demo.fill import SampleState, fill, mark_sample_data

BANNER = {"ko": "예시 데이터", "en": "Sample data"}
PAGES = [
    f"/{lang}{path}"
    for lang in ("ko", "en")
    for path in ("/", "/c/blue-skies", "/c/blue-skies/organizations", "/verify", "/nowhere")
]


@pytest.fixture
def demo(app):
    load_folder(DEMO / SLUG)


@pytest.fixture
def filled(demo):
    assert fill(SLUG, ledger_sources(), makers(), number=250)


def test_a_campaign_is_filled_with_ten_weeks_that_add_up_and_only_once(filled, runner):
    states = invalidations.states()
    assert states[SignatureState.CONFIRMED] + states.get(SignatureState.WITHDRAWN, 0) == 250
    assert states[SignatureState.PENDING]
    organizations = dict(
        db.session.execute(select(Endorsement.state, func.count()).group_by(Endorsement.state)).all()
    )
    assert sum(organizations.values()) == 45
    assert set(organizations) == set(EndorsementState) - {EndorsementState.MERGED}
    assert number_of(Signature, Signature.via.is_not(None)) > 25
    head = db.session.scalars(select(LedgerHead)).one()
    assert (head.people, head.organizations) == (states[SignatureState.CONFIRMED], organizations["published"])
    answered, waiting = db.session.scalars(select(Delivery).order_by(Delivery.id))
    assert (answered.state, waiting.state) == ("answered", "handed_over")
    assert answered.frozen_at < answered.handed_over_at < answered.answered_at < clock.now()
    assert waiting.answer_due > clock.now().date()
    days = [at.date() for at in db.session.scalars(select(Checkpoint.signed_at).order_by(Checkpoint.id))]
    assert days == sorted(days)
    assert days[-1] - days[0] > timedelta(days=60)
    partners = db.session.scalars(select(Partner).where(Partner.role == "partner")).all()
    assert len(partners) == 45
    assert all(partner.type for partner in partners)
    sent = db.session.scalars(select(NewsItem).where(NewsItem.state == NewsState.SENT)).all()
    assert [0 < item.mails < 250 for item in sent] == [True, True, True]
    assert sorted(db.session.scalars(select(PaperBatch.state))) == ["agreed", "agreed", "counted", "disputed"]
    shown = [demand.state for demand in demands.public(head.campaign_id)]
    assert shown == ["promised", "answered", "asked_again", "asked", "done", "refused"]
    kinds = {item.kind for item in inbox.waiting()}
    assert kinds >= {"held", "invalidation", "organizations", "corrections", "paper", "returned"}
    assert states[SignatureState.HELD] == 68
    everything = Signature, Endorsement, LedgerEntry, Delivery, Partner, NewsItem, CampaignEvent, StoredFile
    before = [number_of(of) for of in everything]
    assert "there already" in runner.invoke(args=["demo", "fill"]).output
    assert [number_of(of) for of in everything] == before
    for check in (["ledger", "verify"], ["ledger", "recount"], ["audit", "verify"]):
        runner.run(*check)


NIGHT = datetime(2026, 11, 28, 0, 20, tzinfo=SEOUL)


def test_a_day_that_has_just_begun_has_people_of_a_region_to_tell_of():
    crowd = people.invent(random.Random(2050), PEOPLE, NIGHT - timedelta(days=70), NIGHT, [])
    assert len(crowd) == PEOPLE
    today = [person for person in crowd if person.confirmed_at >= NIGHT - timedelta(minutes=20)]
    (_, most), *_ = Counter(person.region for person in today if person.region).most_common()
    assert min(most, len(today) - most) >= MIN_CELL


def test_neighbours_have_names_and_marks_of_their_own():
    crowd = people.invent(random.Random(2050), 2000, NIGHT - timedelta(days=70), NIGHT, [])
    newest = [person.name for person in crowd if person.public_name][-12:]
    assert len(set(newest)) == 12
    logos = [file.read_bytes() for file in (FOLDER / "logos").iterdir()]
    assert len(set(logos)) == len(logos) > 80


@pytest.mark.sqlite_only
def test_all_that_the_samples_tell_is_in_the_order_of_its_days(filled):
    the_campaign = db.session.scalars(select(Campaign)).one()
    entries = db.session.scalars(select(LedgerEntry).order_by(LedgerEntry.number)).all()
    days = [entry.occurred_at.astimezone(SEOUL).date() for entry in entries]
    assert days == sorted(days)
    assert {entry.kind for entry in entries} == set(Kind)

    opening = next(event for event in the_campaign.events if event.title["en"] == "Signing opens")
    assert opening.starts_at == the_campaign.opens_at
    assert opening.starts_at.astimezone(SEOUL).date() == days[0]
    for dated in (PledgeText, CampaignConsent):
        assert db.session.scalars(select(dated.created_at)).all() == [the_campaign.opens_at]

    frozen = db.session.scalars(select(Delivery.document).order_by(Delivery.id))
    assert [from_json(document).paper.signatures for document in frozen] == [412, 599]

    for item in db.session.scalars(select(NewsItem).where(NewsItem.state == NewsState.SENT)):
        mails = db.session.scalars(
            select(OutboxMail).where(OutboxMail.seq == item.id, OutboxMail.kind == "news")
        )
        sent = [mail.sent_at - item.begun_at for mail in mails if mail.state == MailState.SENT]
        assert len(sent) == item.mails
        assert timedelta(0) <= min(sent) <= max(sent) < timedelta(minutes=1)
    everybody = funnel(the_campaign.id, timedelta(days=7)).lines[0]
    assert 0 < everybody.confirmed < everybody.mailed == everybody.submitted


def pages_that_say_so(client):
    return [page for page in PAGES if BANNER[page[1:3]] in client.get(page).text]


@pytest.mark.sqlite_only
def test_every_page_says_that_the_data_are_samples(demo, client, staff_client):
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLING)
    assert pages_that_say_so(client) == PAGES
    assert "예시 데이터" in client.get("/embed/blue-skies?lang=ko").text
    assert BANNER["ko"] in staff_client().get("/staff/").text


@pytest.mark.sqlite_only
def test_pictures_that_leave_the_site_say_that_the_data_are_samples(demo, client, monkeypatch):
    """The share image, the card of a number, the badge and the poster."""
    images = []
    monkeypatch.setattr(
        "pledge.web.embed.pictures.draw", lambda image, _shape: images.append(image.above) or b""
    )
    monkeypatch.setattr(
        "pledge.web.public.campaign.views.poster_pdf", lambda words, _paper: images.append(words.title) or b""
    )
    signature()
    fold_all()
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLED)
    addresses = "/share/blue-skies.en.png", "/share/blue-skies/1.en.png", "/en/c/blue-skies/poster-a4.pdf"
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    assert [image.partition(":")[0] for image in images] == ["Sample data"] * 3
    assert "Sample data: " in client.get("/badge/blue-skies.svg?lang=en").text


@pytest.mark.sqlite_only
def test_a_page_of_a_real_site_says_nothing_of_samples(demo, client):
    assert pages_that_say_so(client) == []
    assert "예시 데이터" not in client.get("/badge/blue-skies.svg?lang=ko").text


@pytest.mark.sqlite_only
def test_filling_is_refused_in_production(app_on, tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'none.sqlite3'}", **PRODUCTION)
    assert "refused in production" in app.test_cli_runner().run("demo", "fill", code=1)


@pytest.mark.sqlite_only
def test_samples_are_never_mixed_with_people(demo, runner):
    signature(state="pending")
    assert "needs a new database" in runner.run("demo", "fill", code=1)
    assert number_of(Signature) == 1


@pytest.mark.sqlite_only
def test_a_filling_that_was_interrupted_is_not_taken_for_whole(demo, runner):
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLING)
    assert "interrupted" in runner.run("demo", "fill", code=1)


@pytest.mark.sqlite_only
def test_filling_without_the_demo_campaign_says_what_to_do(app, runner):
    assert "flask demo load" in runner.run("demo", "fill", code=1)


@pytest.mark.sqlite_only
def test_nothing_is_sent_to_a_sample_address(app, tmp_path):
    person = signature(state="pending", email=f"person-00001@{mail.SAMPLE_DOMAIN}")
    with transaction() as session:
        enqueue(session, NewMail(MailKind.CONFIRM, person.id, "ko"))
    sent = mail.deliver(composers(), MailboxTransport(tmp_path))
    assert (sent.sent, sent.dropped) == (0, 1)
    assert db.session.scalars(select(OutboxMail.state)).one() == MailState.DROPPED
