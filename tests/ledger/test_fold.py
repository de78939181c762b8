"""The fold numbers entries and moves tallies: all of it or nothing, each entry once."""

from pledge.ledger import queries
from pledge.ledger.services import fold
from tests.ledger import book


def test_confirmations_and_withdrawals_become_the_count(app):
    campaign = book.campaign()
    first = book.confirm(campaign, region="KR-11")
    second = book.confirm(campaign, "JP")
    book.withdraw(campaign, first, region="KR-11", hours=1)

    assert fold() == 3

    assert queries.count(campaign).people == 1
    assert queries.breakdown(campaign, queries.Dimension.COUNTRY) == {"KR": 0, "JP": 1}
    assert queries.breakdown(campaign, queries.Dimension.HOUR) == {"2026-11-24T12": 2, "2026-11-24T13": -1}
    assert queries.number_of(second) == 2
    book.check()
