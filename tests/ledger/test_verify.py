"""`verify` finds what was changed behind the application's back, and names it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, text, update

from pledge.campaigns.queries import published_slugs
from pledge.core.db import db
from pledge.ledger import log, log_queries, notes
from pledge.ledger import verify as module
from pledge.ledger.models import Checkpoint, Kind, LogKey, LogTile, Reason
from pledge.ledger.verify import read_checkpoint
from tests.support import ledger
from tests.support.insider import forget_what_was_signed, guards_away
from tests.support.ledger import fold, verify
from tests.support.waiting import TEST_TIMEOUT

SLUG = "blue-skies"


@pytest.fixture
def campaign(app):
    """Six entries, and checkpoints of 2, 5 and 6 of them: three people and an organisation are left."""
    number = ledger.campaign(SLUG)
    ledger.confirm(number, region="KR-11")
    second = ledger.confirm(number, "JP")
    fold()
    ledger.confirm(number)
    ledger.confirm(number, kind=Kind.ORGANIZATION)
    ledger.withdraw(number, second, "JP")
    fold()
    ledger.confirm(number)
    fold()
    return number


def change(statement, **values):
    with guards_away() as connection:
        done = connection.execute(text(statement) if isinstance(statement, str) else statement, values)
        assert done.rowcount


def faults(campaign, noted=()):
    return verify(campaign, SLUG, noted).faults


def stored_tile(campaign, level=0, tile=0):
    query = select(LogTile.hashes).where(
        LogTile.campaign_id == campaign, LogTile.level == level, LogTile.tile == tile
    )
    with db.engine.connect() as connection:
        return bytes(connection.execute(query).scalar_one())


def put_tile(campaign, hashes, level=0, tile=0):
    change(
        update(LogTile)
        .where(LogTile.campaign_id == campaign, LogTile.level == level, LogTile.tile == tile)
        .values(hashes=hashes)
    )


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_log_as_the_fold_left_it_is_in_order(campaign):
    result = verify(campaign, SLUG)
    assert result.faults == []
    assert (result.totals.size, result.totals.people, result.totals.organizations) == (6, 3, 1)
    assert result.checkpoints == 3
    assert result.root == log_queries.newest(campaign).root


def test_a_log_that_has_begun_and_one_that_has_not_are_in_order(app):
    campaign = ledger.campaign(SLUG)
    assert faults(campaign) == []
    log.sign_missing_checkpoints(published_slugs)
    assert verify(campaign, SLUG).checkpoints == 1
    assert faults(campaign) == []
    ledger.confirm(campaign)
    assert faults(campaign) == [], "what waits for the fold is not in the log yet"


@pytest.mark.parametrize(
    ("statement", "entry", "size"),
    [
        ("UPDATE ledger_entries SET hour = '2026-11-25T12' WHERE number = 1", 0, 2),
        ("UPDATE ledger_entries SET reason = 'reinstated' WHERE number = 2", 1, 2),
        (("UPDATE ledger_entries SET commitment = (SELECT commitment FROM ledger_entries WHERE number = 1)"
         " WHERE number = 3"), 2, 5),
        ("UPDATE ledger_entries SET reason = 'invalidated' WHERE number = 5", 4, 5),
        (("UPDATE ledger_entries SET commitment = (SELECT commitment FROM ledger_entries WHERE number = 1)"
         " WHERE number = 6"), 5, 6),
    ],
)  # fmt: skip
def test_a_changed_entry_is_named_and_the_first_checkpoint_that_it_spoils(campaign, statement, entry, size):
    change(statement)
    assert [words(fault) for fault in faults(campaign)][:2] == [
        f"checkpoint of {size} entries: its entries have another root",
        f"file:tile/0/000.p/6: its hash {entry} is not what the entries give",
    ]


def words(fault):
    """A fault without the number that the database gave to a checkpoint."""
    head, _, rest = fault.partition(" of ")
    return f"checkpoint of {rest}" if head.startswith("checkpoint ") else fault


def test_an_entry_that_counts_as_another_kind_is_named(campaign):
    change("UPDATE ledger_entries SET kind = 'organization' WHERE number = 2")
    assert [words(fault) for fault in faults(campaign)] == [
        "checkpoint of 2 entries: its entries have another root",
        "entry:4: it takes back entry 1, which does not count then",  # it was a person who withdrew
    ]


@pytest.mark.parametrize("index", ["NULL", "0", "3", "4", "5", "77", "-1"])
def test_what_is_taken_back_must_be_what_was_published(campaign, index):
    change(f"UPDATE ledger_entries SET takes_back = {index} WHERE number = 5")
    problems = faults(campaign)
    if index == "0":  # somebody else, who counts
        assert [words(fault) for fault in problems] == [
            "checkpoint of 5 entries: its entries have another root",
            "file:tile/0/000.p/6: its hash 4 is not what the entries give",
        ]
    else:
        assert problems[0].startswith("entry:4: ")


def test_a_plus_one_that_takes_something_back_is_named(campaign):
    change("UPDATE ledger_entries SET takes_back = 0 WHERE number = 3")
    assert faults(campaign) == ["entry:2: it adds one and says that it takes one back"]


@pytest.mark.parametrize("number", [1, 4, 6])
def test_a_removed_entry_is_named(campaign, number):
    change("DELETE FROM ledger_entries WHERE number = :number", number=number)
    assert faults(campaign)[-1] == f"entry:{number - 1}: it is missing"


def test_a_pledge_text_that_was_changed_after_somebody_signed_it_is_found(campaign):
    change(text("UPDATE pledge_texts SET sha256 = :other"), other=bytes(32))
    assert words(faults(campaign)[0]) == "checkpoint of 2 entries: its entries have another root"


def test_an_entry_for_a_pledge_text_that_is_none_is_named(campaign):
    change("UPDATE ledger_entries SET pledge_text_id = 999 WHERE number = 3")
    assert faults(campaign)[-1] == "entry:2: its pledge text is missing"


# --- Tiles ---


def test_one_byte_changed_anywhere_in_a_tile_is_named_with_its_place(campaign):
    whole = stored_tile(campaign)
    for place in range(0, len(whole), 11):
        put_tile(campaign, flipped(whole, place))
        assert faults(campaign) == [
            f"file:tile/0/000.p/6: its hash {place // 32} is not what the entries give"
        ]


def test_a_tile_that_is_cut_short_or_longer_or_gone_is_named(campaign):
    whole = stored_tile(campaign)
    put_tile(campaign, whole[:-1])
    assert faults(campaign) == ["file:tile/0/000.p/6: its hash 5 is not what the entries give"]
    put_tile(campaign, whole[:-32])
    assert faults(campaign) == ["file:tile/0/000.p/6: its hash 5 is not what the entries give"]
    put_tile(campaign, whole + bytes(32))
    assert faults(campaign) == ["file:tile/0/000.p/6: its hash 6 is not what the entries give"]
    change("DELETE FROM log_tiles")
    assert faults(campaign) == ["file:tile/0/000.p/6: its hash 0 is not what the entries give"]


def test_a_tile_that_belongs_to_no_entry_is_told(campaign):
    change(insert(LogTile).values(campaign_id=campaign, level=1, tile=0, hashes=bytes(32)))
    assert faults(campaign) == ["tiles: there are 2, the entries make 1"]


@pytest.fixture
def large(app):
    """256 * 3 + 5 entries in four checkpoints."""
    number = ledger.campaign(SLUG)
    for entries in (1, 255, 257, 260):
        ledger.many(number, entries)
        fold()
    return number


def test_full_tiles_and_those_above_them_are_checked(large):
    assert faults(large) == []
    for level, tile, place, fault in (
        (0, 0, 0, "file:tile/0/000: its hash 0 is not what the entries give"),
        (0, 2, 255 * 32, "file:tile/0/002: its hash 255 is not what the entries give"),
        (0, 3, 4 * 32 + 31, "file:tile/0/003.p/5: its hash 4 is not what the entries give"),
        (1, 0, 2 * 32, "file:tile/1/000.p/3: its hash 2 is not what the entries give"),
    ):
        whole = stored_tile(large, level, tile)
        put_tile(large, flipped(whole, place), level, tile)
        assert faults(large) == [fault]
        put_tile(large, whole, level, tile)
    change("DELETE FROM log_tiles WHERE level = 1")
    assert faults(large) == ["file:tile/1/000.p/3: its hash 0 is not what the entries give"]


def test_an_entry_of_a_full_tile_is_named(large):
    change("UPDATE ledger_entries SET hour = '2026-01-01T00' WHERE number = 300")
    assert [words(fault) for fault in faults(large)] == [
        "file:tile/0/001: its hash 43 is not what the entries give",
        "checkpoint of 513 entries: its entries have another root",
    ]


# --- Checkpoints ---


def test_one_byte_changed_anywhere_in_a_checkpoint_is_named(campaign):
    newest = log_queries.newest(campaign, 5)
    raw = newest.note.encode()
    for place in range(0, len(raw), 5):
        changed = flipped(raw, place).decode("utf-8", "replace").replace("\0", "?")
        change(update(Checkpoint).where(Checkpoint.id == newest.id).values(note=changed))
        (fault,) = faults(campaign)
        assert fault.startswith(f"checkpoint {newest.id} of 5 entries: "), (place, fault)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE checkpoints SET people = 30 WHERE size = 5",
         "checkpoint of 5 entries: it says 30 people and 1 organizations, its entries add up to 2 and 1"),
        ("UPDATE checkpoints SET organizations = 0 WHERE size = 5",
         "checkpoint of 5 entries: it says 2 people and 0 organizations, its entries add up to 2 and 1"),
        ("UPDATE checkpoints SET size = 4 WHERE size = 5",
         "checkpoint of 4 entries: its note says another size or root"),
        ("UPDATE checkpoints SET size = 1 WHERE size = 5",
         "checkpoint of 1 entries: it has fewer than the one before, 2"),
        ("UPDATE checkpoints SET size = 60 WHERE size = 5", "checkpoint of 60 entries: the log has only 6"),
        ("UPDATE checkpoints SET root = (SELECT root FROM checkpoints WHERE size = 2) WHERE size = 5",
         "checkpoint of 5 entries: its note says another size or root"),
        ("DELETE FROM log_keys", "checkpoint of 2 entries: no known key of localhost/log/blue-skies has signed it"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_was_changed_is_named(campaign, statement, fault):
    change(statement)
    assert words(faults(campaign)[0]) == fault


def test_what_was_put_among_the_keys_and_is_none_is_passed_over(campaign, runner):
    change(insert(LogKey).values(campaign_id=campaign, verifier="no key", since=ledger.NOON))
    assert faults(campaign) == []
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0


def test_a_missing_newest_checkpoint_is_told(campaign):
    change("DELETE FROM checkpoints WHERE size = 6")
    assert faults(campaign) == ["newest checkpoint: it has 5 entries, the log has 6"]


def test_a_count_that_was_typed_in_is_told(campaign):
    change("UPDATE ledger_heads SET people = 1000")
    assert faults(campaign) == [
        "the count says 1000 people and 1 organizations, the entries add up to 3 and 1"
    ]


def test_the_signed_checkpoint_of_another_campaign_does_not_pass(campaign):
    other = ledger.campaign("other")
    ledger.confirm(other)
    ledger.confirm(other)
    fold()
    keys = select(LogKey.__table__).where(LogKey.campaign_id == other)
    theirs = log_queries.newest(other)
    change(update(Checkpoint).where(Checkpoint.campaign_id == campaign, Checkpoint.size == 2)
           .values(note=theirs.note, root=theirs.root))  # fmt: skip
    assert (
        words(faults(campaign)[0])
        == "checkpoint of 2 entries: no known key of localhost/log/other has signed it"
    )
    with db.engine.begin() as connection:
        for key in connection.execute(keys).all():
            connection.execute(
                insert(LogKey).values(campaign_id=campaign, verifier=key.verifier, since=key.since)
            )
    assert words(faults(campaign)[0]) == "checkpoint of 2 entries: it is of another log"


def test_an_insider_who_rewrites_everything_still_lacks_the_key(campaign, monkeypatch):
    """Entries, tiles, checkpoints and published keys, all made anew and right by themselves."""
    change("DELETE FROM ledger_entries WHERE number >= 5")
    for table in ("log_tiles", "checkpoints", "log_keys", "tallies", "ledger_heads"):
        change(f"DELETE FROM {table}")
    change("UPDATE ledger_entries SET number = NULL, count_after = NULL")
    forget_what_was_signed()
    mine = [notes.signer(log.origin_of(SLUG), "a key that the insider made up")]
    with monkeypatch.context() as patch:
        patch.setattr(log, "signers_for", lambda *_: mine)
        fold()
    assert faults(campaign) == ["newest checkpoint: no key of PLEDGE_LOG_KEY has signed it"]


# --- What was saved elsewhere ---


def saved(campaign, size):
    return read_checkpoint(log_queries.newest(campaign, size).note)


def test_a_log_continues_what_was_noted_of_it(campaign):
    noted = [saved(campaign, size) for size in (6, 2, 5)]
    assert faults(campaign, noted) == []


def test_a_log_that_was_cut_off_at_its_end_is_found_by_what_was_noted(campaign):
    noted = [saved(campaign, 5), saved(campaign, 6)]
    change("DELETE FROM ledger_entries WHERE number = 6")
    change("DELETE FROM checkpoints WHERE size = 6")
    change("UPDATE ledger_heads SET size = 5, log_size = 5, people = 2")
    put_tile(campaign, stored_tile(campaign)[: 5 * 32])
    assert faults(campaign) == [], "nothing in the database tells"
    assert faults(campaign, noted) == ["noted checkpoint of 6 entries: the log has only 5"]


def test_a_log_that_was_made_anew_is_found_by_what_was_noted(campaign):
    noted = [saved(campaign, 5)]
    change("UPDATE ledger_entries SET hour = '2026-01-01T00', number = NULL, count_after = NULL")
    for table in ("log_tiles", "checkpoints", "tallies", "ledger_heads"):
        change(f"DELETE FROM {table}")
    change("UPDATE ledger_entries SET takes_back = NULL WHERE delta = -1")
    forget_what_was_signed()
    fold()
    assert faults(campaign) == [], "it is right by itself, and signed with the true key"
    assert faults(campaign, noted) == ["noted checkpoint of 5 entries: the log does not continue it"]


def test_ledger_verify_looks_at_one_moment_while_the_fold_goes_on(app, campaign, monkeypatch):
    """What is folded in the middle of a walk is left for the next one."""
    grown = []

    def add_elsewhere():
        with app.app_context():
            ledger.move(campaign, Reason.CONFIRMED, 77)
            fold()

    class Grows(module.program.Recount):
        def __init__(self):
            super().__init__()
            if not grown:
                grown.append(True)
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(add_elsewhere).result(TEST_TIMEOUT)

    monkeypatch.setattr(module.program, "Recount", Grows)
    result = verify(campaign, SLUG)
    assert (result.faults, result.totals.size) == ([], 6)
    assert (verify(campaign, SLUG).totals.size, faults(campaign)) == (7, [])
