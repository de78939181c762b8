"""`flask ledger …` as an operator meets it."""

import pytest

from pledge.audit import queries as audit
from pledge.ledger import log_queries, queries
from pledge.ledger.models import Dimension
from tests.support import ledger
from tests.support.factories import campaign, fold, plant_entry, signatures
from tests.support.insider import as_superuser, forget_what_was_signed
from tests.support.published_log import FOREIGN


def test_fold_says_how_many_entries_it_took(app, runner):
    signatures(3)

    assert runner.invoke(args=["ledger", "fold"]).output == "folded 3 entries\n"
    assert runner.invoke(args=["ledger", "fold"]).output == "folded 0 entries\n"
    ledger.check()


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "waiting for the fold"])
def test_recount_is_content_when_ledger_and_signatures_agree(app, runner, folded):
    signatures(3)
    if folded:
        fold()

    result = runner.invoke(args=["ledger", "recount"])

    assert (result.exit_code, result.output) == (
        0,
        "the tallies, the ledger, the signatures, the organizations and the batches on paper agree\n",
    )


def test_recount_exits_with_1_when_it_repaired_something_and_with_0_after(app, runner):
    signatures(3)
    fold()
    as_superuser("UPDATE tallies SET count = 9 WHERE dimension = 'total'")

    result = runner.run("ledger", "recount", code=1)
    assert result == "blue-skies: the tally of total was 9, the entries say 3; repaired\n"
    runner.run("ledger", "recount")


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
        result = runner.run("ledger", "recount", code=1)
        assert result == (
            f"blue-skies: {confirmed} signatures are confirmed, the ledger adds up to {counted}; not repaired\n"
        )


# --- A forgery is not repaired towards ---


@pytest.mark.parametrize("forged", ["country = 'JP', region = NULL", "region = 'KR-26'"])
def test_recount_never_repairs_the_breakdown_towards_forged_entries(app, runner, forged):
    people = signatures(3)
    fold()
    before = ledger.stored_tallies()
    as_superuser(f"UPDATE ledger_entries SET {forged} WHERE number = 1")

    for _ in range(2):
        *drifts, last = runner.run("ledger", "recount", code=1).splitlines()
        assert drifts, "what differs is named"
        assert all(line.endswith("; not repaired") for line in drifts)
        assert last == (
            "blue-skies: the confirmed signatures and the ledger differ in 2 countries or regions; not repaired"
        )
        assert ledger.stored_tallies() == before

    as_superuser("UPDATE ledger_entries SET country = 'KR', region = 'KR-11' WHERE number = 1")
    runner.run("ledger", "recount")
    assert queries.breakdown(people[0].campaign_id, Dimension.REGION) == {"KR-11": 3}


def test_entries_of_a_campaign_that_there_is_not_are_named_by_its_number(app, runner):
    signatures(2)
    fold()
    as_superuser("UPDATE ledger_entries SET campaign_id = 999 WHERE number = 2")
    result = runner.invoke(args=["ledger", "recount"])
    assert result.exit_code == 1
    assert "999: 0 signatures are confirmed, the ledger adds up to 1; not repaired\n" in result.output
    assert "999: 0 signatures are confirmed" in runner.invoke(args=["doctor", "--stored"]).output


def test_recount_repairs_one_campaign_while_it_doubts_another(app, runner):
    signatures(2)
    other = campaign("other")
    signatures(2, other)
    fold()
    as_superuser(
        "UPDATE tallies SET count = 9",
        f"UPDATE ledger_entries SET country = 'JP', region = NULL WHERE campaign_id = {other.id} AND number = 1",
    )
    lines = runner.invoke(args=["ledger", "recount"]).output.splitlines()
    assert {line.rpartition("; ")[2] for line in lines if line.startswith("blue-skies: ")} == {"repaired"}
    assert {line.rpartition("; ")[2] for line in lines if line.startswith("other: ")} == {"not repaired"}


def test_recount_repairs_no_place_of_a_campaign_whose_people_are_forgotten(app, runner):
    of = signatures(2)[0].campaign_id
    fold()
    as_superuser("UPDATE campaigns SET forgotten_at = '2026-11-24 00:00:00+00:00'", "DELETE FROM signatures")
    as_superuser(
        "UPDATE ledger_entries SET country = 'JP', region = NULL",
        "UPDATE tallies SET count = 9 WHERE key = ''",
    )
    result = runner.run("ledger", "recount", code=1)
    assert "the tally of total was 9, the entries say 2; repaired" in result
    assert "the tally of country KR was 2, the entries say 0; not repaired" in result
    assert queries.breakdown(of, Dimension.COUNTRY) == {"KR": 2}


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

    _, checkpoint, tile = runner.run("ledger", "verify", "blue-skies", code=1).splitlines()
    assert tile == "blue-skies: file:tile/0/000.p/3: its hash 1 is not what the entries give"
    assert checkpoint.startswith("blue-skies: checkpoint ")
    assert checkpoint.endswith(" of 3 entries: its entries have another root")


def test_ledger_verify_of_one_campaign_looks_at_no_other(app, runner):
    signatures(1)
    other = campaign("other")
    signatures(1, other)
    fold()
    as_superuser(f"UPDATE checkpoints SET people = 9 WHERE campaign_id = {other.id}")

    runner.run("ledger", "verify", "blue-skies")
    runner.run("ledger", "verify", "other", code=1)
    runner.run("ledger", "verify", code=1)
    unknown = runner.invoke(args=["ledger", "verify", "nothing"])
    assert (unknown.exit_code, "no campaign 'nothing'; known: blue-skies, other" in unknown.output) == (
        2,
        True,
    )


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
    assert other.output == f"Error: {saved}: belongs to another log, localhost/log/blue-skies\n"

    # Everything is made anew from changed entries, and signed with the true key.
    as_superuser("UPDATE ledger_entries SET hour = '2026-01-01T00', number = NULL, count_after = NULL")
    for table in ("log_tiles", "checkpoints", "tallies", "ledger_heads"):
        as_superuser(f"DELETE FROM {table}")
    forget_what_was_signed()
    fold()
    runner.run("ledger", "verify")
    result = runner.run(*words, code=1)
    assert "blue-skies: noted checkpoint of 3 entries: the log does not continue it\n" in result


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", "not a signed note"),
        (b"\xff", "is not a text file"),
        (FOREIGN, "no known key of a has signed it"),
    ],
)
def test_verify_says_what_is_wrong_with_a_saved_checkpoint(app, runner, tmp_path, content, message):
    saved = tmp_path / "checkpoint"
    saved.write_bytes(content)
    assert (
        runner.run("ledger", "verify", "--checkpoint", str(saved), code=1) == f"Error: {saved}: {message}\n"
    )


# --- What is set aside ---

NO_CAUSE = "they match no signature, no organisation and no batch on paper"
NO_MOVE = "they count what is already counted, or remove what is not counted"
DISMISSED = "dismissed, see the audit log"


def test_verify_names_what_is_set_aside_until_somebody_has_looked_into_it(app, runner):
    signatures(2)
    plant_entry()
    plant_entry(-1)
    row = signatures(1)[0]
    plant_entry(subject_id=row.id, commitment=row.commitment)
    assert runner.invoke(args=["ledger", "fold"]).output == "folded 6 entries\n"
    ids = [entry.id for entry in ledger.entries() if entry.set_aside]

    first, *named = runner.run("ledger", "verify", code=1).splitlines()
    assert first.startswith("blue-skies: 3 entries, 3 people, 0 organizations, 1 checkpoints, root ")
    assert named == [
        f"blue-skies: 1 entries are set aside: {NO_CAUSE} (rows {ids[0]} to {ids[0]} of ledger_entries)",
        f"blue-skies: 2 entries are set aside: {NO_MOVE} (rows {ids[1]} to {ids[2]} of ledger_entries)",
    ]
    assert runner.invoke(args=["ledger", "recount"]).exit_code == 0, "none of them is counted"

    runner.run("ledger", "dismiss", "blue-skies", code=2)
    runner.run("ledger", "dismiss", "blue-skies", "--reason", " ", code=2)
    runner.run("ledger", "dismiss", "nothing", "--reason", "a test", code=2)
    done = runner.invoke(args=["ledger", "dismiss", "blue-skies", "--reason", "put in by a test"])
    assert (done.exit_code, done.output) == (0, "dismissed 3 entries\n")
    line = audit.last("ledger.dismiss", "campaign:blue-skies")
    assert (line.reason, line.details) == ("put in by a test", '{"entries":3}')
    after = runner.invoke(args=["ledger", "verify"])
    assert (after.exit_code, after.output.splitlines()[1]) == (
        0,
        f"blue-skies: 3 entries are set aside: {DISMISSED} (rows {ids[0]} to {ids[2]} of ledger_entries)",
    )
    again = runner.invoke(args=["ledger", "dismiss", "blue-skies", "--reason", "once more"])
    assert again.output == "dismissed 0 entries\n"
    assert audit.last("ledger.dismiss", "campaign:blue-skies").id == line.id
