"""The log that the fold extends: it only grows, whatever happens, and nothing that was published stops being true."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from pledge.campaigns.queries import pledge_hashes, published_slugs
from pledge.core.db import db, transaction
from pledge.ledger import leaves, log, log_queries, merkle, queries
from pledge.ledger.models import Kind, LogTile, Reason
from pledge.signatures import services
from pledge.signatures.models import Signature
from tests.support import apps, crash, factories, ledger
from tests.support.checkers import program
from tests.support.ledger import fold, verify
from tests.support.published_log import (
    check_continues,
    checkpoints,
    holds,
    keys,
    lines,
    notes_of,
    signed_by,
    verifiers,
)

SLUG = "blue-skies"


# --- What a leaf says ---


def test_a_leaf_tells_kind_change_day_text_and_commitment_and_no_more(app):
    campaign = ledger.campaign(SLUG)
    person = ledger.confirm(campaign, region="KR-11", hours=4)  # 01:00 of the next day in Korea
    ledger.withdraw(campaign, person, region="KR-11", hours=30)
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
        "commitment": ledger.entries()[0].commitment.hex(),
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
    campaign, other = ledger.campaign(SLUG), ledger.campaign("other")
    person = ledger.confirm(campaign)
    ledger.confirm(other)
    ledger.confirm(other, subject_id=person)
    office = ledger.confirm(campaign, kind=Kind.ORGANIZATION)
    ledger.withdraw(campaign, person)
    ledger.confirm(campaign, subject_id=person)
    ledger.move(campaign, Reason.INVALIDATED, person)
    ledger.move(campaign, Reason.REINSTATED, person)
    ledger.move(campaign, Reason.INVALIDATED, office, kind=Kind.ORGANIZATION)
    ledger.withdraw(campaign, person)
    for limit in (2, 3, 100):
        fold(limit)
    taken = [json.loads(line).get("takes_back") for line in lines(campaign)]
    assert taken == [None, None, 0, None, 3, None, 1, 5]
    ledger.check()


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
    campaign = ledger.campaign(SLUG)
    size = 0
    for wanted in SIZES:
        ledger.many(campaign, wanted - size)
        while fold():
            pass
        size = wanted
    hashes = [merkle.leaf_hash(line) for line in lines(campaign)]
    published = {checkpoint.size: checkpoint for checkpoint in checkpoints(campaign)}
    for wanted in SIZES:
        assert published[wanted].root == naive_root(hashes[:wanted]), wanted
        for index in {0, 1, 254, 255, 256, wanted // 2, wanted - 257, wanted - 1} & set(range(wanted)):
            assert holds(
                log_queries.inclusion(campaign, index, published[wanted], pledge_hashes), verifiers(campaign)
            )
        check_continues(campaign, published[wanted])
    with pytest.raises(IndexError):
        log_queries.inclusion(campaign, 70000, published[70000], pledge_hashes)
    with db.engine.connect() as connection:
        stored = connection.execute(
            select(LogTile.level, func.count(), func.sum(func.length(LogTile.hashes)))
            .group_by(LogTile.level)
            .order_by(LogTile.level)
        ).all()
    assert [tuple(map(int, row)) for row in stored] == [(0, 274, 70000 * 32), (1, 2, 273 * 32), (2, 1, 32)]
    assert verify(campaign, SLUG).faults == []


# --- Any order of events ---

PLACES = st.sampled_from([("KR", "KR-11"), ("KR", "KR-26"), ("KR", None), ("JP", None)])
HOURS = st.integers(0, 30)
#: The kinds that are counted.
COUNTED = [Kind.PERSON, Kind.ORGANIZATION, Kind.PAPER]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("confirm"), st.integers(0, 1), st.sampled_from(COUNTED), PLACES, HOURS),
        st.tuples(st.just("state"), st.integers(0, 1), HOURS),
        st.tuples(st.sampled_from([Reason.WITHDRAWN, Reason.INVALIDATED]), st.integers(0, 20), HOURS),
        st.tuples(st.just(Reason.REINSTATED), st.integers(0, 20), HOURS),
        st.tuples(st.just("fold"), st.integers(1, 6)),
        st.tuples(st.just("fold_some"), st.integers(1, 6)),
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
        self.campaigns = {ledger.campaign("one"): "one", ledger.campaign("two"): "two"}
        self.counted, self.taken_out, self.receipts = [], [], []
        self.today = {"log_key": keys("one"), "base_url": "http://localhost"}

    def step(self, step, *details):
        with ledger.settings(**self.today):
            if isinstance(step, Reason):
                self.move(step, *details)
            else:
                getattr(self, step)(*details)
            ledger.check(log=False)

    def confirm(self, which, kind, place, hours):
        number = list(self.campaigns)[which]
        subject = ledger.confirm(number, *place, hours=hours, kind=kind)
        self.counted.append((number, subject, kind, place))

    def state(self, which, hours):
        ledger.state(list(self.campaigns)[which], hours=hours)

    def move(self, reason, which, hours):
        source = self.taken_out if reason is Reason.REINSTATED else self.counted
        if source:
            number, subject, kind, place = who = source.pop(which % len(source))
            ledger.move(number, reason, subject, *place, hours, kind)
            {Reason.REINSTATED: self.counted, Reason.INVALIDATED: self.taken_out}.get(reason, []).append(who)

    def fold(self, limit):
        while fold(limit):
            pass
        receipts = [
            (number, log_queries.inclusion_of(number, subject, pledge_hashes))
            for number, subject, *_ in self.counted
        ]
        self.receipts += [(number, receipt) for number, receipt in receipts if receipt is not None]

    def fold_some(self, limit):
        fold(limit)

    def crash(self, limit, statement):
        with crash.at_statement(statement):
            fold(limit)

    def rotate(self, names):
        self.today["log_key"] = keys(*names.split())

    def move_site(self, base_url):
        self.today["base_url"] = base_url

    def renew(self):
        log.sign_missing_checkpoints(published_slugs)


@given(steps=STEPS)
def test_whatever_happens_tallies_are_the_rows_each_checkpoint_continues_the_one_before_and_receipts_stay_true(
    app, steps
):
    apps.clean(app)
    world = World()
    for step in [*steps, ("fold", 100), ("renew",)]:
        world.step(*step)

    with ledger.settings(**world.today):
        ledger.check()
        for number, slug in world.campaigns.items():
            newest = checkpoints(number)[-1]
            kinds = Counter(kind for campaign, _, kind, _ in world.counted if campaign == number)
            assert (newest.people, newest.organizations) == (kinds[Kind.PERSON], kinds[Kind.ORGANIZATION])
            batches = [
                subject
                for campaign, subject, kind, _ in world.counted
                if (campaign, kind) == (number, Kind.PAPER)
            ]
            assert queries.count(number).paper == sum(map(ledger.signatures_on, batches))
            assert signed_by(newest.note, [program.Key(log.signers_for(slug)[-1].verifier)])
            assert newest.note.startswith(log.origin_of(slug))
            check_history(number)
    assert all(holds(receipt, verifiers(number)) for number, receipt in world.receipts)


def check_history(campaign):
    """Every checkpoint is signed and continues the one before."""
    published, known = checkpoints(campaign), verifiers(campaign)
    for checkpoint in published:
        state = signed_by(checkpoint.note, known)
        assert (state.size, state.root) == (checkpoint.size, checkpoint.root)
        check_continues(campaign, checkpoint)


# --- Erasing ---


def test_erasing_a_signer_leaves_every_checkpoint_and_receipt_true_and_nothing_that_ties_the_leaf_to_them(
    app,
):
    person = factories.signature(email="hong@example.org")
    others = factories.signatures(4)
    factories.fold_all()
    campaign = person.campaign_id
    salt = person.salt
    receipts = [log_queries.inclusion_of(campaign, signer.id, pledge_hashes) for signer in [person, *others]]
    before = notes_of(campaign)
    assert json.loads(receipts[0].line)["commitment"] == leaves.commitment(salt, "hong@example.org").hex()

    services.erase(factories.manage_token(person))
    factories.fold_all()

    assert all(holds(receipt, verifiers(campaign)) for receipt in receipts)
    after = notes_of(campaign)
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
    stored = []
    with transaction() as session:
        for mapper in db.Model.registry.mappers:
            for row in session.scalars(select(mapper.class_)):
                stored += [repr(getattr(row, column.key)) for column in mapper.column_attrs]
    return "\n".join(stored)


def test_a_salt_is_sealed_in_its_row(app):
    person = factories.signature()
    with db.engine.connect() as connection:
        stored = connection.execute(text("SELECT salt FROM signatures")).scalar_one()
    assert person.salt.encode() not in bytes(stored)
    assert person.salt in everything_stored()
