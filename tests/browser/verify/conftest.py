"""A log with a receipt and a pack of it, and the page that checks them."""

import io

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from config import ROOT
from pledge.campaigns.models import Campaign
from pledge.core.db import db
from pledge.deliveries import freezing
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.pack import packing
from pledge.ledger import log_queries
from pledge.signatures.receipts import receipt as receipt_of
from tests.browser import steps
from tests.browser.verify.handing_in import ADDRESS
from tests.support import deliveries, packs
from tests.support.browser import DESK
from tests.support.factories import SLUG, endorsement, signature

#: The page that stands elsewhere, on a disk.
FILE = (ROOT / "tools" / "anywhere.html").as_uri()


@pytest.fixture(scope="session")
def log(site):
    """The log of the site, with some people, an organisation and one who withdrew; and the receipt of one of them."""
    with site.inside():
        blue = db.session.scalars(select(Campaign).where(Campaign.slug == SLUG)).one()
        for number in range(3):
            signature(blue, email=f"counted{number}@example.org")
        signature(blue, state="withdrawn", email="withdrawn@example.org")
        endorsement(blue)
        person = signature(blue, email=ADDRESS)
        steps.people(site)
        log = packs.from_database(blue.id, SLUG)
        log.receipt = receipt_of(person.id)
        log.delivered = delivered(blue)
    return log


def delivered(of):
    """The pack as the site itself makes it."""
    wording = LetterTexts(deliveries.RECIPIENT, deliveries.OCCASION, deliveries.LETTER)
    newest = log_queries.newest(of.id)
    document = freezing.preview(of.slug, newest.id, wording)
    stream = io.BytesIO()
    packing.write_pack(document, of.id, stream, lambda _done, _total: None)
    return stream.getvalue()


@pytest.fixture
def page(visitor, log):  # without a log its checkpoint would not be found
    page = visitor.page(lang="en", size=DESK)
    page.goto("/en/verify")
    expect(page.locator("[data-check]")).to_be_enabled()
    return page


@pytest.fixture
def anywhere(visitor, log):
    page = visitor.page(lang="en", size=DESK)
    page.goto(FILE)
    return page


@pytest.fixture
def honest(site):
    return f"{site.url}/en/c/{SLUG}"
