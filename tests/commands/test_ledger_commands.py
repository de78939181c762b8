"""`flask ledger …` as an operator meets it."""

import pytest

from pledge.ledger import log_queries
from pledge.ledger.services import fold
from tests.ledger import book
from tests.support.factories import campaign, signatures
from tests.support.insider import as_superuser


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
    as_superuser("UPDATE tallies SET count = 9 WHERE dimension = 'total'")

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
    as_superuser(planted)

    for _ in range(2):  # it is reported, not repaired
        result = runner.invoke(args=["ledger", "recount"])
        assert result.exit_code == 1
        assert result.output == (
            f"blue-skies: {confirmed} signatures are confirmed, the ledger adds up to {counted}; not repaired\n"
        )


# --- verify ---

FINE = "every entry, tile, checkpoint and signature is in order\n"


def test_verify_says_what_each_log_holds(app, runner):
    people = signatures(3)
    campaign("other")
    runner.invoke(args=["ledger", "fold"])

    result = runner.invoke(args=["ledger", "verify"])

    root = log_queries.newest(people[0].campaign_id).root_base64
    assert result.exit_code == 0
    assert result.output == (
        f"blue-skies: 3 entries, 3 people, 0 organizations, 1 checkpoints, root {root}\n"
        "other: 0 entries, 0 people, 0 organizations, 1 checkpoints, root "
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" + FINE
    )


def test_verify_exits_with_1_and_names_what_was_changed(app, runner):
    signatures(3)
    fold()
    as_superuser("UPDATE ledger_entries SET country = 'JP', hour = '2026-01-01T00' WHERE number = 2")

    result = runner.invoke(args=["ledger", "verify", "blue-skies"])

    assert result.exit_code == 1
    _, entry, checkpoint = result.output.splitlines()
    assert entry == "blue-skies: entry 1: not what was published, its hash in tile 0/000.p/3 is another"
    assert checkpoint.startswith("blue-skies: checkpoint ")
    assert checkpoint.endswith(" of 3 entries: its entries have another root")


def test_verify_of_one_campaign_looks_at_no_other(app, runner):
    signatures(1)
    other = campaign("other")
    signatures(1, other)
    fold()
    as_superuser(f"UPDATE checkpoints SET people = 9 WHERE campaign_id = {other.id}")

    assert runner.invoke(args=["ledger", "verify", "blue-skies"]).exit_code == 0
    assert runner.invoke(args=["ledger", "verify", "other"]).exit_code == 1
    assert runner.invoke(args=["ledger", "verify"]).exit_code == 1
    unknown = runner.invoke(args=["ledger", "verify", "nothing"])
    assert (unknown.exit_code, unknown.output) == (1, "Error: there is no such campaign\n")


def test_verify_takes_checkpoints_that_were_saved_earlier(app, runner, client, tmp_path):
    signatures(3)
    fold()
    saved = tmp_path / "checkpoint"
    saved.write_bytes(client.get("/log/blue-skies/checkpoint").data)
    signatures(1)
    fold()
    words = ["ledger", "verify", "--checkpoint", str(saved)]

    assert runner.invoke(args=words).output.endswith(FINE)
    campaign("other")
    other = runner.invoke(args=[*words, "other"])
    assert other.output == f"Error: {saved}: it is of another log, localhost/log/blue-skies\n"

    # Everything is made anew from changed entries, and signed with the true key.
    as_superuser("UPDATE ledger_entries SET hour = '2026-01-01T00', number = NULL, count_after = NULL")
    for table in ("log_tiles", "checkpoints", "tallies", "ledger_heads"):
        as_superuser(f"DELETE FROM {table}")
    fold()
    assert runner.invoke(args=["ledger", "verify"]).exit_code == 0
    result = runner.invoke(args=words)
    assert result.exit_code == 1
    assert "blue-skies: noted checkpoint of 3 entries: the log does not continue it\n" in result.output


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"nothing", "not a note"), (b"\xff", "is no text"), (b"a\n1\nb\n\n\xe2\x80\x94 a AAAAAAAA\n", "no known key has signed this")],
)  # fmt: skip
def test_verify_says_what_is_wrong_with_a_saved_checkpoint(app, runner, tmp_path, content, said):
    saved = tmp_path / "checkpoint"
    saved.write_bytes(content)
    result = runner.invoke(args=["ledger", "verify", "--checkpoint", str(saved)])
    assert result.exit_code == 1
    assert result.output == f"Error: {saved}: {said}\n"
