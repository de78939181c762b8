"""The log that the fold extends: it only grows, whatever happens, and nothing that was published stops being true."""

import json
import threading
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import func, insert, select, text

from pledge.db import db, transaction
from pledge.ledger import leaves, log, log_queries, merkle, notes, queries
from pledge.ledger.log import Inconsistent
from pledge.ledger.models import Checkpoint, Kind, LedgerEntry, LogTile, Reason
from pledge.ledger.services import fold
from pledge.ledger.verify import verify
from pledge.signatures import own
from pledge.signatures.models import Signature
from tests.ledger import book, crash
from tests.support import apps, factories
from tests.support.insider import as_superuser

SLUG = "blue-skies"


def keys(*names):
    return tuple(SecretStr(f"a key of the log named {name} for these tests") for name in names)


def checkpoints(campaign):
    with db.engine.connect() as connection:
        query = select(Checkpoint.id).where(Checkpoint.campaign_id == campaign).order_by(Checkpoint.id)
        return [log_queries.checkpoint(number) for number in connection.execute(query).scalars().all()]


def verifiers(campaign):
    return [notes.read_verifier(line) for line in log_queries.verifiers(campaign)]


def holds(inclusion, known):
    """Whether a proof leads to the root of a checkpoint that one of these keys has signed."""
    state = notes.read_state(notes.open_note(inclusion.checkpoint.note, known))
    leaf = merkle.leaf_hash(inclusion.line)
    return merkle.root_from_inclusion(leaf, inclusion.index, state.size, inclusion.proof) == state.root


def lines(campaign):
    return list(log_queries.lines(campaign, log_queries.newest(campaign).size))


# --- What a leaf says ---


def test_a_leaf_tells_kind_change_day_text_and_commitment_and_no_more(app):
    campaign = book.campaign(SLUG)
    person = book.confirm(campaign, region="KR-11", hours=4)  # 01:00 of the next day in Korea
    book.withdraw(campaign, person, region="KR-11", hours=30)
    fold()
    first, second = map(json.loads, lines(campaign))
    pledge = first["pledge"]
    assert first == {
        "v": 1,
        "kind": "confirmed",
        "change": 1,
        "of": "person",
        "day": "2026-11-25",
        "pledge": pledge,
        "commitment": book.entries()[0].commitment.hex(),
    }
    assert second == {
        "v": 1,
        "kind": "withdrawn",
        "change": -1,
        "of": "person",
        "day": "2026-11-26",
        "pledge": pledge,
        "takes_back": 0,
    }
    assert len(pledge) == 64
    assert lines(campaign)[0].startswith(
        b'{"v":1,"kind":"confirmed","change":1,"of":"person","day":"2026-11-25","p'
    )


def test_each_taking_back_names_the_newest_entry_that_counts_the_subject(app):
    campaign, other = book.campaign(SLUG), book.campaign("other")
    person = book.confirm(campaign)
    book.confirm(other)
    book.confirm(other, subject_id=person)
    office = book.confirm(campaign, kind=Kind.ORGANIZATION)
    book.withdraw(campaign, person)
    book.confirm(campaign, subject_id=person)
    book.move(campaign, Reason.INVALIDATED, person)
    book.move(campaign, Reason.REINSTATED, person)
    book.move(campaign, Reason.INVALIDATED, office, kind=Kind.ORGANIZATION)
    book.withdraw(campaign, person)
    for limit in (2, 3, 100):
        fold(limit)
    taken = [json.loads(line).get("takes_back") for line in lines(campaign)]
    assert taken == [None, None, 0, None, 3, None, 1, 5]
    book.check()


@pytest.mark.parametrize(
    ("hour", "day"),
    [
        ("2026-11-24T14", "2026-11-24"),
        ("2026-11-24T15", "2026-11-25"),
        ("2026-12-31T15", "2027-01-01"),
        ("2028-02-28T15", "2028-02-29"),
    ],
)
def test_the_day_is_that_of_korea(hour, day):
    assert leaves.korean_day(hour) == day


def test_the_commitment_is_the_one_that_is_written_down(app):
    assert leaves.commitment("AAAAAAAAAAAAAAAAAAAAAA==", "hong@example.org").hex() == (
        # printf 'pledge-commitment/v1\nAAAAAAAAAAAAAAAAAAAAAA==\nhong@example.org' | sha256sum
        "a425c159c3df3da4383b9ddc31f31288cfff0afdde5516f647d0b20175b3825a"
    )
    assert leaves.organization_subject(12) == "organization:12"
    assert len({leaves.new_salt() for _ in range(100)}) == 100
    assert len(leaves.new_salt()) == 24


# --- Tiles ---

SIZES = (255, 256, 257, 511, 512, 65535, 65536, 65537, 70000)


def naive_root(hashes):
    """RFC 6962 section 2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(naive_root(hashes[:k]), naive_root(hashes[k:]))


@pytest.mark.sqlite_only  # seventy thousand entries; other tests read tiles on both
def test_tiles_give_the_roots_and_proofs_of_the_recursion_across_their_borders(app):
    campaign = book.campaign(SLUG)
    size = 0
    for wanted in SIZES:
        book.many(campaign, wanted - size)
        while fold():
            pass
        size = wanted
    hashes = [merkle.leaf_hash(line) for line in lines(campaign)]
    published = {found.size: found for found in checkpoints(campaign)}
    for wanted in SIZES:
        assert published[wanted].root == naive_root(hashes[:wanted]), wanted
        for index in {0, 1, 254, 255, 256, wanted // 2, wanted - 257, wanted - 1} & set(range(wanted)):
            assert holds(log_queries.inclusion(campaign, index, published[wanted]), verifiers(campaign))
    for before in SIZES:
        for after in SIZES:
            if before <= after:
                proof = log_queries.consistency(campaign, before, after)
                merkle.check_consistency(before, after, published[before].root, published[after].root, proof)
    with pytest.raises(IndexError):
        log_queries.inclusion(campaign, 70000, published[70000])
    with db.engine.connect() as connection:
        stored = connection.execute(
            select(LogTile.level, func.count(), func.sum(func.length(LogTile.hashes)))
            .group_by(LogTile.level)
            .order_by(LogTile.level)
        ).all()
    assert [tuple(map(int, row)) for row in stored] == [(0, 274, 70000 * 32), (1, 2, 273 * 32), (2, 1, 32)]
    assert verify(campaign, SLUG).faults == []


# --- Any order of events ---

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("confirm"), st.integers(0, 1), st.sampled_from(Kind)),
        st.tuples(st.sampled_from([Reason.WITHDRAWN, Reason.INVALIDATED]), st.integers(0, 20)),
        st.tuples(st.just(Reason.REINSTATED), st.integers(0, 20)),
        st.tuples(st.just("fold"), st.integers(1, 6)),
        st.tuples(st.just("crash"), st.integers(1, 6), st.integers(1, 24)),
        st.tuples(st.just("rotate"), st.sampled_from(["one", "two one", "two", "three two", "one three"])),
        st.tuples(st.just("move_site"), st.sampled_from(["http://localhost", "https://sky.example"])),
        st.tuples(st.just("renew")),
    ),
    max_size=24,
)


class World:
    """Two campaigns, who is counted in them, and what people have in hand."""

    def __init__(self):
        self.campaigns = {book.campaign("one"): "one", book.campaign("two"): "two"}
        self.counted, self.taken_out, self.receipts = [], [], []
        self.today = {"log_key": keys("one"), "base_url": "http://localhost"}

    def step(self, step, *details):
        with book.settings(**self.today):
            if isinstance(step, Reason):
                self.move(step, *details)
            else:
                getattr(self, step)(*details)

    def confirm(self, which, kind):
        number = list(self.campaigns)[which]
        self.counted.append((number, book.confirm(number, kind=kind), kind))

    def move(self, reason, which):
        source = self.taken_out if reason is Reason.REINSTATED else self.counted
        if source:
            number, subject, kind = who = source.pop(which % len(source))
            book.move(number, reason, subject, kind=kind)
            {Reason.REINSTATED: self.counted, Reason.INVALIDATED: self.taken_out}.get(reason, []).append(who)

    def fold(self, limit):
        while fold(limit):
            pass
        found = [(number, log_queries.inclusion_of(number, subject)) for number, subject, _ in self.counted]
        self.receipts += [(number, receipt) for number, receipt in found if receipt is not None]

    def crash(self, limit, statement):
        with crash.at(statement):
            fold(limit)

    def rotate(self, names):
        self.today["log_key"] = keys(*names.split())

    def move_site(self, base_url):
        self.today["base_url"] = base_url

    def renew(self):
        log.renew()


@given(steps=STEPS)
@settings(max_examples=30)
def test_whatever_happens_each_checkpoint_continues_the_one_before_and_every_receipt_stays_true(app, steps):
    apps.clean(app)
    world = World()
    for step in [*steps, ("fold", 100), ("renew",)]:
        world.step(*step)

    with book.settings(**world.today):
        book.check()
        for number, slug in world.campaigns.items():
            newest = checkpoints(number)[-1]
            kinds = Counter(kind for campaign, _, kind in world.counted if campaign == number)
            assert (newest.people, newest.organizations) == (kinds[Kind.PERSON], kinds[Kind.ORGANIZATION])
            assert notes.open_note(newest.note, [log.signers_for(slug)[-1].verifier])
            assert newest.note.startswith(log.origin_of(slug))
            check_history(number)
    assert all(holds(receipt, verifiers(number)) for number, receipt in world.receipts)


def check_history(campaign):
    """Every checkpoint is signed and continues the one before."""
    published, known = checkpoints(campaign), verifiers(campaign)
    for found in published:
        state = notes.read_state(notes.open_note(found.note, known))
        assert (state.size, state.root) == (found.size, found.root)
    for before, after in pairwise(found for found in published if found.size):
        proof = log_queries.consistency(campaign, before.size, after.size)
        merkle.check_consistency(before.size, after.size, before.root, after.root, proof)


# --- Keys and addresses ---


def test_a_rotation_signs_with_both_keys_and_then_with_the_new_one(app):
    campaign = book.campaign(SLUG)
    with book.settings(log_key=keys("old")):
        book.confirm(campaign)
        fold()
        assert log.renew() == 0
    old = verifiers(campaign)
    with book.settings(log_key=keys("new", "old")):
        assert (log.renew(), log.renew()) == (1, 0)
        during = log_queries.newest(campaign)
    known = verifiers(campaign)
    assert (len(known), known[1:]) == (2, old), "the newest first"
    assert notes.open_note(during.note, old) == notes.open_note(during.note, known[:1])
    with book.settings(log_key=keys("new")):
        assert log.renew() == 1
        after = log_queries.newest(campaign)
        assert (after.size, after.root) == (during.size, during.root)
        with pytest.raises(notes.BadNote):
            notes.open_note(after.note, old)
        assert verify(campaign, SLUG).faults == []
    assert verifiers(campaign) == known, "a key that has ever signed stays known"


def test_a_site_that_moves_signs_its_logs_under_the_new_address(app):
    campaign = book.campaign(SLUG)
    book.confirm(campaign)
    fold()
    before = log_queries.newest(campaign)
    receipt = log_queries.inclusion(campaign, 0, before)
    with book.settings(base_url="https://sky.example"):
        assert (log.renew(), log.renew()) == (1, 0)
        after = log_queries.newest(campaign)
        assert after.note.startswith("sky.example/log/blue-skies\n1\n")
        assert verify(campaign, SLUG).faults == []
    assert (after.size, after.root) == (before.size, before.root)
    assert {one.name for one in verifiers(campaign)} == {
        "localhost/log/blue-skies",
        "sky.example/log/blue-skies",
    }
    assert holds(receipt, verifiers(campaign))


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://pledge.example", "pledge.example/log/blue-skies"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000/log/blue-skies"),
    ],
)
def test_the_origin_is_the_address_of_the_log_without_its_scheme(app, base_url, origin):
    with book.settings(base_url=base_url):
        assert log.origin_of(SLUG) == origin


def test_a_process_without_the_key_neither_folds_nor_signs(app):
    campaign = book.campaign(SLUG)
    book.confirm(campaign)
    with book.settings(log_key=(SecretStr("elsewhere"),)):
        with pytest.raises(log.NoLogKey):
            fold()
        with pytest.raises(log.NoLogKey):
            log.renew()
        assert queries.count(campaign).people == 0
        assert log_queries.newest(campaign) is None
    assert fold() == 1
    with book.settings(log_key=(SecretStr("elsewhere"),)):
        assert log_queries.inclusion(campaign, 0, log_queries.newest(campaign)), "reading needs no key"


# --- Renewing ---


def test_renewing_gives_public_campaigns_an_empty_log_and_drafts_none(app):
    shown, draft = book.campaign(SLUG), book.campaign("draft", state="draft")
    assert (log.renew(), log.renew()) == (1, 0)
    found = log_queries.newest(shown)
    assert (found.size, found.root, found.people) == (0, merkle.EMPTY, 0)
    assert log_queries.newest(draft) is None
    book.confirm(shown)
    fold()
    book.check()


def test_nothing_to_renew_takes_no_write_lock(app, statements):
    book.campaign(SLUG)
    log.renew()
    with transaction() as session:
        session.execute(text("UPDATE campaigns SET goal = goal"))
        with statements() as seen:
            assert log.renew() == 0
    assert len(seen) == 1, seen


@pytest.mark.postgresql_only
def test_a_renewal_waits_for_a_fold_and_never_publishes_less_than_it_did(app):
    campaign = book.campaign(SLUG)
    book.confirm(campaign)
    renewed = []

    def renew_elsewhere():
        with app.app_context():
            renewed.append(log.renew())

    other = threading.Thread(target=renew_elsewhere)

    def meanwhile(_number, statement):
        if "INSERT INTO checkpoints" in statement and not other.ident:
            other.start()
            other.join(0.5)
            assert other.is_alive(), "it must wait for the lock"

    with crash.before_statement(meanwhile):
        assert fold() == 1
    other.join(20)
    assert renewed == [0]
    assert [found.size for found in checkpoints(campaign)] == [1]


def test_two_renewals_at_once_sign_once(app):
    campaign = book.campaign(SLUG)

    def renew():
        with app.app_context():
            log.renew()

    threads = [threading.Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(checkpoints(campaign)) == 1


# --- Catching up after a migration ---


def fall_behind(campaign):
    """As migration 0010 leaves a site that has counted for long: entries with numbers, and no log."""
    as_superuser(
        *(
            f"DELETE FROM {table} WHERE campaign_id = {campaign}"
            for table in ("log_tiles", "checkpoints", "log_keys")
        ),
        f"UPDATE ledger_heads SET log_size = 0 WHERE campaign_id = {campaign}",
        f"UPDATE ledger_entries SET takes_back = NULL WHERE campaign_id = {campaign}",
    )


def test_a_log_catches_up_with_a_count_that_was_there_before_it(app):
    campaign = book.campaign(SLUG)
    people = [book.confirm(campaign) for _ in range(10)]
    book.withdraw(campaign, people[3])
    fold()
    wanted = log_queries.newest(campaign)
    fall_behind(campaign)

    assert fold(limit=4) == 4
    assert log_queries.newest(campaign) is None, "nothing is signed that the count does not equal"
    assert (queries.count(campaign).people, queries.count(campaign).log_size) == (9, None)
    assert log.renew() == 0
    book.confirm(campaign)
    assert [fold(limit=4), fold(limit=4), fold(limit=4)] == [4, 4, 0]

    book.check()
    assert [found.size for found in checkpoints(campaign)] == [12]
    proof = log_queries.consistency(campaign, 11, 12)
    merkle.check_consistency(11, 12, wanted.root, log_queries.newest(campaign).root, proof)


def test_a_crash_while_it_catches_up_leaves_what_was_caught_up_before(app):
    campaign = book.campaign(SLUG)
    for _ in range(6):
        book.confirm(campaign)
    fold()
    fall_behind(campaign)
    for number in range(1, 60):
        with crash.at(number % 14 + 1):
            fold(limit=2)
    while fold():
        pass
    book.check()


# --- At any length ---


@pytest.mark.sqlite_only
@pytest.mark.parametrize("statement", [log._NAME_WHAT_IS_TAKEN_BACK, log._FIRST_FALSE], ids=["name", "look"])
def test_what_came_before_is_found_by_its_subject_and_not_by_reading_all_of_it(app, statement):
    plan = text(f"EXPLAIN QUERY PLAN {statement.text}")
    with db.engine.connect() as connection:
        steps = [row.detail for row in connection.execute(plan, {"campaign_id": 1, "after": 0, "upto": 9})]
    before = [step for step in steps if "earlier" in step]
    assert before
    assert all("ix_ledger_entries_subject (subject_id=?)" in step for step in before), steps


@pytest.mark.sqlite_only
def test_so_is_the_entry_of_a_receipt(app, statements):
    campaign = book.campaign(SLUG)
    person = book.confirm(campaign)
    fold()
    with statements() as seen:
        assert log_queries.inclusion_of(campaign, person).index == 0
    (look,) = [statement for statement in seen if "subject_id" in statement]
    with db.engine.connect() as connection:
        steps = [
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", (1,) * look.count("?"))
        ]
    assert any("ix_ledger_entries_subject (subject_id=?)" in step for step in steps), steps


# --- Never two histories ---


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_tiles SET hashes = (SELECT root FROM checkpoints ORDER BY id DESC LIMIT 1)",
        "DELETE FROM log_tiles",
        "UPDATE checkpoints SET root = (SELECT root FROM checkpoints WHERE size = 1) WHERE size = 3",
        "UPDATE checkpoints SET size = 9 WHERE size = 3",
    ],
)
def test_nothing_is_signed_that_does_not_continue_what_was_published(app, statement):
    campaign = book.campaign(SLUG)
    book.confirm(campaign)
    fold()
    book.confirm(campaign)
    book.confirm(campaign)
    fold()
    as_superuser(statement)
    book.confirm(campaign)
    with pytest.raises(Inconsistent, match=SLUG):
        fold()
    assert len(checkpoints(campaign)) == 2
    assert queries.count(campaign).people == 3, "nor is it counted: the count is that of the log"
    with book.settings(base_url="https://sky.example"), pytest.raises(Inconsistent):
        log.renew() if "log_tiles" not in statement else fold()


def test_a_missing_entry_stops_the_log_rather_than_shift_what_follows(app):
    campaign = book.campaign(SLUG)
    for _ in range(4):
        book.confirm(campaign)
    fold()
    fall_behind(campaign)
    as_superuser("DELETE FROM ledger_entries WHERE number = 2")
    with pytest.raises(Inconsistent, match="missing"):
        fold()


def put_in(campaign, subject_id, **changes):
    """An entry as whoever can write the table might add it: INSERT is free, as confirming needs it."""
    values = {
        "campaign_id": campaign,
        "kind": "person",
        "delta": -1,
        "reason": "withdrawn",
        "country": "KR",
        "hour": "2026-11-24T12",
        "occurred_at": book.NOON,
        "pledge_text_id": book.pledge_of(campaign),
        "subject_id": subject_id,
        **changes,
    }
    with db.engine.begin() as connection:
        connection.execute(insert(LedgerEntry).values(**values))


PLUS = {"delta": 1, "reason": "confirmed", "commitment": bytes(32)}
NOTHING = "takes back nothing that stands"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (lambda here, left, other: (4711, {}), NOTHING),
        (lambda here, left, other: (left, {}), NOTHING),
        (lambda here, left, other: (here, {"kind": "organization"}), NOTHING),
        (lambda here, left, other: (other, {}), NOTHING),
        (lambda here, left, other: (here, {"takes_back": 1}), NOTHING),
        (lambda here, left, other: (4711, {"takes_back": 0}), NOTHING),
        (lambda here, left, other: (here, {"takes_back": 77}), NOTHING),
        (lambda here, left, other: (4711, {**PLUS, "takes_back": 0}), "adds one and says that it takes one back"),
        (lambda here, left, other: (here, PLUS), "counts what an earlier entry counts already"),
    ],
    ids=[
        *("nobody's", "a second time", "of the other kind", "of another campaign", "somebody else's"),
        *("somebody else's for nobody", "what is not there", "a plus one", "counted twice"),
    ],
)  # fmt: skip
def test_what_would_not_verify_is_not_signed(app, entry, said):
    campaign, other = book.campaign(SLUG), book.campaign("other")
    here, left = book.confirm(campaign), book.confirm(campaign)
    book.withdraw(campaign, left)
    elsewhere = book.confirm(other)
    fold()
    before = checkpoints(campaign)
    subject_id, values = entry(here, left, elsewhere)
    book.confirm(campaign)
    put_in(campaign, subject_id, **values)
    with pytest.raises(Inconsistent, match=f"{SLUG}: entry 4: {said}"):
        fold()
    assert checkpoints(campaign) == before
    assert queries.count(campaign).people == 1


def test_two_that_take_back_the_same_in_one_fold_are_not_signed(app):
    campaign = book.campaign(SLUG)
    one = book.confirm(campaign)
    book.withdraw(campaign, one)
    book.withdraw(campaign, one)
    with pytest.raises(Inconsistent, match=f"{SLUG}: entry 2: {NOTHING}"):
        fold()
    assert checkpoints(campaign) == []


# --- Erasing ---


def test_erasing_a_signer_leaves_every_checkpoint_and_receipt_true_and_nothing_that_ties_the_leaf_to_them(
    app,
):
    person = factories.signature(email="hong@example.org")
    others = factories.signatures(4)
    factories.fold_all()
    campaign = person.campaign_id
    salt = person.salt
    receipts = [log_queries.inclusion_of(campaign, one.id) for one in [person, *others]]
    before = checkpoints(campaign)
    assert json.loads(receipts[0].line)["commitment"] == leaves.commitment(salt, "hong@example.org").hex()

    own.erase(factories.manage_token(person))
    factories.fold_all()

    assert all(holds(receipt, verifiers(campaign)) for receipt in receipts)
    after = checkpoints(campaign)
    assert after[: len(before)] == before
    assert lines(campaign)[0] == receipts[0].line
    assert queries.count(campaign).people == 4
    assert verify(campaign, SLUG).faults == []
    assert salt not in everything_stored()
    with db.engine.connect() as connection:
        assert (
            connection.execute(
                select(func.count()).select_from(Signature).where(Signature.id == person.id)
            ).scalar_one()
            == 0
        )


def everything_stored():
    """Every readable value of every table, opened where the application can open it."""
    found = []
    with transaction() as session:
        for mapper in db.Model.registry.mappers:
            for row in session.scalars(select(mapper.class_)):
                found += [repr(getattr(row, column.key)) for column in mapper.column_attrs]
    return "\n".join(found)


def test_a_salt_is_sealed_in_its_row(app):
    person = factories.signature()
    with db.engine.connect() as connection:
        stored = connection.execute(text("SELECT salt FROM signatures")).scalar_one()
    assert person.salt.encode() not in bytes(stored)
    assert person.salt in everything_stored()
