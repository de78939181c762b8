"""`flask ledger …` as an operator meets it."""

import pytest
from sqlalchemy import text

from pledge.db import db
from pledge.ledger.services import fold
from tests.ledger import book
from tests.support.factories import signatures


def change(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement))


def test_fold_says_how_many_entries_it_took(app, runner):
    signatures(3)

    assert runner.invoke(args=["ledger", "fold"]).output == "folded 3 entries\n"
    assert runner.invoke(args=["ledger", "fold"]).output == "folded 0 entries\n"
    book.check()


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "waiting for the fold"])
def test_recount_is_content_when_ledger_and_signatures_agree(app, runner, folded):
    signatures(3)
    if folded:
        fold()

    result = runner.invoke(args=["ledger", "recount"])

    assert (result.exit_code, result.output) == (
        0,
        "the tallies, the ledger, the signatures and the organizations agree\n",
    )


def test_recount_exits_with_1_when_it_repaired_something_and_with_0_after(app, runner):
    signatures(3)
    fold()
    change("UPDATE tallies SET count = 9 WHERE dimension = 'total'")

    result = runner.invoke(args=["ledger", "recount"])

    assert result.exit_code == 1
    assert result.output == "blue-skies: the tally of total was 9, the entries say 3; repaired\n"
    assert runner.invoke(args=["ledger", "recount"]).exit_code == 0


@pytest.mark.parametrize(
    ("planted", "confirmed", "counted"),
    [
        ("DELETE FROM ledger_entries WHERE number IS NULL", 3, 2),
        ("UPDATE signatures SET state = 'pending'", 0, 3),
        ("DELETE FROM signatures", 0, 3),
    ],
)
def test_recount_reports_signatures_that_the_ledger_does_not_know_and_the_reverse(
    app, runner, planted, confirmed, counted
):
    signatures(2)
    fold()
    signatures(1)
    change(planted)

    for _ in range(2):  # it is reported, not repaired
        result = runner.invoke(args=["ledger", "recount"])
        assert result.exit_code == 1
        assert result.output == (
            f"blue-skies: {confirmed} signatures are confirmed, the ledger adds up to {counted}; not repaired\n"
        )
