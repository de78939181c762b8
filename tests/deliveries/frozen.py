"""Deliveries that are frozen for a test, and what their documents say."""

from dataclasses import replace

from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.deliveries import freezing
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Delivery
from pledge.ledger import log_queries
from pledge.statistics.totals import campaign_facts
from tests.support import ledger
from tests.support.factories import ANNA

TEXTS = LetterTexts(
    recipient=Texts(ko="기후에너지환경부", en="The Ministry of Climate"),
    occasion=Texts(ko="푸른 하늘의 날", en="The Day of Blue Skies"),
    letter=Texts(ko="안녕하십니까.\n\n전해 드립니다.", en="Dear Sir or Madam,\n\nhere they are."),
)


def newest(campaign_id):
    found = log_queries.newest(campaign_id)
    assert found is not None
    return found


def freeze(of, checkpoint_id=None, **texts):
    return freezing.freeze(ANNA, of.slug, checkpoint_id or newest(of.id).id, replace(TEXTS, **texts))


def preview(slug="blue-skies", checkpoint_id=None):
    checkpoint_id = checkpoint_id or newest(campaign_facts(slug).id).id
    return freezing.preview(slug, checkpoint_id, TEXTS)


def stored(delivery_id):
    db.session.rollback()
    row = db.session.get(Delivery, delivery_id)
    assert row is not None
    return row


def cells(found):
    return [(cell.key, cell.label["ko"], cell.label["en"], cell.people) for cell in found]


def lines(found):
    return [(line.key, line.label["ko"], line.label["en"], line.people) for line in found]


def crowd_of(campaign_id):
    for country, region, people, hours in (
        ("KR", "KR-11", 12, 0),
        ("KR", "KR-26", 7, 5),
        ("KR", None, 6, 30),
        ("JP", None, 8, 30),
        ("FR", None, 2, 50),
    ):
        for _ in range(people):
            last = ledger.confirm(campaign_id, country, region, hours=hours)
        ledger.withdraw(campaign_id, last, country, region, hours=hours + 20)
