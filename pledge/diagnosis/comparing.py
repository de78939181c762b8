"""Once an hour the worker compares log, signatures, wall, paper and places; what differs is on /readyz, in the metrics and mailed to staff."""

from collections import Counter

from sqlalchemy import delete, insert

from pledge.abuse.models import AlertKind
from pledge.accounts.alarms import alert
from pledge.campaigns.queries import slugs
from pledge.core.db import snapshot, transaction
from pledge.endorsements import counting as endorsements
from pledge.ledger import counting as ledger_counting
from pledge.ledger import queries as ledger
from pledge.ledger.models import LedgerDifference
from pledge.paper import queries as paper
from pledge.signatures import entries as signatures


def compare() -> int:
    """Compare all of it at one moment, without holding up the fold, and keep what differs; returns how many things do.

    Nothing is repaired: `flask ledger recount` does that, and a person looks first.
    """
    with snapshot() as connection:
        found = [(drift.campaign_id, drift.what) for drift in ledger_counting.differences(connection)]
        for package in (signatures, endorsements, paper):
            found += [(mismatch.campaign_id, mismatch.what) for mismatch in package.mismatches(connection)]
    differing = Counter(number for number, _ in found) + Counter(ledger.set_aside_counts())
    names = slugs()
    with transaction() as session:
        session.execute(delete(LedgerDifference))
        if found:
            rows = [{"campaign_id": number, "what": what} for number, what in found]
            session.execute(insert(LedgerDifference), rows)
        for number, differences in sorted(differing.items()):
            name = names.get(number, str(number))
            alert(session, AlertKind.COUNT_DIFFERS, name, campaign=name, differences=differences)
    return len(found)
