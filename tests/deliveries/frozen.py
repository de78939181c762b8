"""Deliveries that are frozen for a test, and what their documents say."""

from dataclasses import replace

from pledge.deliveries import freezing
from pledge.deliveries.letter.texts import LetterTexts
from pledge.ledger import log_queries
from pledge.statistics.totals import campaign_facts
from tests.support.deliveries import LETTER, OCCASION, RECIPIENT
from tests.support.factories import ANNA

TEXTS = LetterTexts(RECIPIENT, OCCASION, LETTER)


def newest(campaign_id):
    checkpoint = log_queries.newest(campaign_id)
    assert checkpoint is not None
    return checkpoint


def freeze(of, checkpoint_id=None, **texts):
    return freezing.freeze(ANNA, of.slug, checkpoint_id or newest(of.id).id, replace(TEXTS, **texts))


def preview(slug="blue-skies", checkpoint_id=None):
    checkpoint_id = checkpoint_id or newest(campaign_facts(slug).id).id
    return freezing.preview(slug, checkpoint_id, TEXTS)
