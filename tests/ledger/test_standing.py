"""The fold counts what signatures and the wall stand for, and sets aside whatever else was put into the table."""

import secrets
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from pledge.campaigns.queries import pledge_hashes
from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.endorsements import counting as organizations
from pledge.endorsements.models import Endorsement
from pledge.ledger import log_queries, queries
from pledge.ledger.models import Dimension, Kind, Reason
from pledge.ledger.services import append
from pledge.signatures import entries as people
from pledge.signatures import services
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.receipts import receipt
from pledge.statistics.integrity import mismatches
from tests.support import apps, factories, ledger
from tests.support.factories import fold, fold_all, plant_entry
from tests.support.ledger import verify


def like(row, delta=1, **facts):
    """An entry about a signature, word for word as its own."""
    commitment = row.commitment if delta == 1 else None
    own_words = {"country": row.country, "region": row.region, "commitment": commitment}
    plant_entry(delta, subject_id=row.id, **{**own_words, **facts})


def set_aside():
    return [row.set_aside for row in ledger.entries() if row.set_aside]


def counts():
    count = queries.count(factories.the_campaign().id)
    return count.people, count.organizations


def test_stuffing_is_not_signed_and_holds_up_nobody(app):
    before = factories.signatures(2)
    for _ in range(25):
        plant_entry()
    after = factories.signatures(3)

    assert fold_all() == 30

    assert counts() == (5, 0)
    assert log_queries.newest(before[0].campaign_id).people == 5
    assert set_aside() == ["no_cause"] * 25
    assert queries.set_aside_counts() == {before[0].campaign_id: 25}
    assert all(receipt(row.id) for row in [*before, *after])
    assert (queries.lag(), fold()) == (0, 0), "it is not looked at again"
    assert mismatches() == []
    ledger.check()


@pytest.mark.parametrize("state", ["pending", "withdrawn", "invalidated"])
def test_a_row_that_is_not_confirmed_stands_for_no_entry(app, state):
    row = factories.signature(state=state)
    fold_all()
    like(row)
    fold_all()
    assert counts() == (0, 0)
    assert set_aside() == ["no_cause"]


@pytest.mark.parametrize(
    "forged",
    [
        {"commitment": bytes(32)},
        {"country": "JP", "region": None},
        {"region": "KR-26"},
        {"region": None},
        {"pledge_text_id": 999},
    ],
    ids=str,
)
def test_an_entry_tells_what_the_row_says_or_is_set_aside_for_the_one_that_does(app, forged):
    campaign = factories.campaign()
    row = factories.signature(campaign, state="pending")
    like(row, **forged)
    with transaction() as session:
        session.execute(
            update(Signature)
            .where(Signature.id == row.id)
            .values(state="confirmed", confirmed_at=clock.now())
        )
        append_for(session, row)
    assert fold() == 2
    assert counts() == (1, 0)
    assert set_aside() == ["no_cause"]
    assert queries.breakdown(campaign.id, Dimension.REGION) == {"KR-11": 1}
    assert receipt(row.id) is not None


def append_for(session, row, reason=Reason.CONFIRMED):
    append(
        session,
        campaign_id=row.campaign_id,
        reason=reason,
        subject_id=row.id,
        country=row.country,
        region=row.region,
        at=clock.now(),
        pledge_text_id=row.pledge_text_id,
        commitment=row.commitment if reason.delta == 1 else None,
    )


def test_a_second_entry_of_one_signature_counts_nobody(app):
    row = factories.signature()
    like(row)
    fold()
    like(row)
    fold()
    assert counts() == (1, 0)
    assert set_aside() == ["no_move", "no_move"]
    assert queries.number_of(row.id) == 1
    assert receipt(row.id) is not None


def test_a_minus_for_who_is_counted_takes_nobody_out(app):
    row = factories.signature()
    fold()
    like(row, -1)
    like(row, -1, reason=Reason.INVALIDATED)
    fold()
    assert counts() == (1, 0)
    assert set_aside() == ["no_cause"] * 2
    services.withdraw(factories.manage_token(row))
    fold()
    assert counts() == (0, 0)
    ledger.check()


@pytest.mark.parametrize("end", ["withdraw", "erase", "withdraw and erase", "withdraw, sign again"])
@pytest.mark.parametrize("limit", [1, 100])
def test_who_confirms_and_leaves_before_the_fold_holds_up_nobody_and_both_entries_are_in_the_log(
    app, end, limit
):
    first = factories.signature()
    row = factories.signature(region="KR-26")
    token = factories.manage_token(row)
    if end != "erase":
        services.withdraw(token)
    if "erase" in end:
        services.erase(token)
    if "again" in end:
        with transaction() as session:
            again = {"commitment": secrets.token_bytes(32), "region": "KR-41", "withdrawn_at": None}
            session.execute(
                update(Signature).where(Signature.id == row.id).values(state="confirmed", **again)
            )
            append_for(session, session.get(Signature, row.id))
    last = factories.signature()

    while fold(limit):
        ledger.check()

    entries = 2 + len([None for entry in ledger.entries() if entry.subject_id == row.id])
    assert [entry.number for entry in ledger.entries()] == list(range(1, entries + 1)), (
        "nothing is set aside or waits"
    )
    assert counts() == (3 if "again" in end else 2, 0)
    assert verify(first.campaign_id, factories.SLUG).faults == []
    assert receipt(first.id)
    assert receipt(last.id)
    assert mismatches() == []


# --- Organisations ---


def test_an_organization_is_counted_only_where_it_is_on_the_wall(app):
    listed = factories.endorsement()
    waiting = factories.endorsement(state="review")
    plant_entry(kind=Kind.ORGANIZATION, subject_id=waiting.id)
    plant_entry(kind=Kind.ORGANIZATION)
    plant_entry(kind=Kind.ORGANIZATION, subject_id=listed.id)
    plant_entry(-1, kind=Kind.ORGANIZATION, subject_id=listed.id)
    plant_entry(kind=Kind.PERSON, subject_id=listed.id)
    fold_all()
    assert counts() == (0, 1)
    assert set_aside() == ["no_cause", "no_cause", "no_move", "no_cause", "no_cause"]
    assert mismatches() == []


def test_an_organization_that_leaves_the_wall_and_comes_back_before_the_fold_is_counted_once(app):
    row = factories.endorsement(country="KR")
    with transaction() as session:
        organizations.count_out(session, session.get(Endorsement, row.id), Reason.WITHDRAWN, clock.now())
    plant_entry(kind=Kind.ORGANIZATION, subject_id=row.id, country="JP", region=None)
    fold_all()
    assert counts() == (0, 1)
    assert set_aside() == []


# --- Any order of what people do and of what a stranger puts in ---

WHO = st.integers(0, 20)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("confirm"), WHO, st.sampled_from(["KR-11", "KR-26"])),
        st.tuples(st.sampled_from(["withdraw", "erase", "invalidate", "reinstate"]), WHO),
        st.tuples(
            st.just("plant"),
            st.sampled_from([1, -1]),
            WHO,
            st.sampled_from(["KR-11", "KR-26"]),
            st.booleans(),
        ),
        st.tuples(st.just("fold"), st.integers(1, 5)),
    ),
    max_size=30,
)


class World:
    """Who has signed, and what they do; a stranger who reads everything and can insert entries."""

    def __init__(self):
        self.campaign = factories.campaign()
        self.ids = [factories.signature(self.campaign, state="pending").id for _ in range(4)]

    def row(self, which):
        with transaction() as session:
            return session.get(Signature, self.ids[which % len(self.ids)])

    def confirm(self, which, region):
        row = self.row(which)
        if row is None or row.state not in ("pending", "withdrawn"):
            return
        with transaction() as session:
            content = {"commitment": secrets.token_bytes(32), "region": region, "withdrawn_at": None}
            content |= {"state": "confirmed", "confirmed_at": clock.now()}
            session.execute(update(Signature).where(Signature.id == row.id).values(**content))
            append_for(session, session.get(Signature, row.id, populate_existing=True))

    def withdraw(self, which):
        if row := self.row(which):
            services.withdraw(factories.manage_token(row))

    def erase(self, which):
        if row := self.row(which):
            services.erase(factories.manage_token(row))

    def invalidate(self, which):
        self.take_out(which, "confirmed", SignatureState.INVALIDATED, -1, Reason.INVALIDATED)

    def reinstate(self, which):
        self.take_out(which, "invalidated", SignatureState.CONFIRMED, 1, Reason.REINSTATED)

    def take_out(self, which, before, after, delta, reason):
        row = self.row(which)
        if row is None or row.state != before:
            return
        with transaction() as session:
            cause = 1 if delta == -1 else None
            session.execute(
                update(Signature).where(Signature.id == row.id).values(state=after, invalidation_id=cause)
            )
            append_for(session, row, reason)

    def plant(self, delta, which, region, is_copy):
        row = self.row(which)
        commitment = row.commitment if row is not None and is_copy else bytes(32)
        subject = self.ids[which % len(self.ids)] if which < 18 else 4711
        plant_entry(delta, subject_id=subject, region=region, commitment=commitment if delta == 1 else None)

    def fold(self, limit):
        fold(limit)
        assert verify(self.campaign.id, factories.SLUG).faults == []


@given(steps=STEPS)
@settings(max_examples=40)
def test_whatever_is_put_in_the_count_is_that_of_the_confirmed_and_each_of_them_has_a_receipt(app, steps):
    apps.clean(app)
    world = World()
    for step, *details in steps:
        getattr(world, step)(*details)
    fold_all()

    ledger.check()
    with db.engine.connect() as connection:
        rows = connection.execute(
            select(Signature.id, Signature.region, Signature.commitment).where(Signature.state == "confirmed")
        ).all()
    assert counts() == (len(rows), 0)
    regions = Counter(row.region for row in rows)
    tallied = queries.breakdown(world.campaign.id, Dimension.REGION)
    assert {region: number for region, number in tallied.items() if number} == dict(regions)
    assert mismatches() == []
    for row in rows:
        proof = log_queries.inclusion_of(world.campaign.id, row.id, pledge_hashes)
        assert row.commitment.hex() in proof.line.decode(), (
            "the entry that counts it says what its receipt says"
        )
    assert queries.lag() == 0


@pytest.mark.postgresql_only
@pytest.mark.parametrize(
    ("table", "expression"), [("signatures", people.IS_COUNTED), ("endorsements", organizations.IS_COUNTED)]
)
def test_what_stands_is_looked_up_by_the_primary_key_however_old_the_statistics_are(app, table, expression):
    """By an index of states each entry of a rush would read every row that was confirmed since they were gathered."""
    db.session.execute(text("SET LOCAL enable_seqscan = off"))  # which a small table would get
    plan = db.session.execute(text(f"EXPLAIN SELECT ({expression}) FROM ledger_entries AS entry")).scalars()
    (looked_up,) = [line for line in plan if f" on {table} " in line]
    assert f"using pk_{table} " in looked_up
