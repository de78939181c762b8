"""The receipt: right for who is counted, nothing for who is not (yet), and no name or address in it."""

import json
from base64 import b64decode
from hashlib import sha256

import pytest
from sqlalchemy import update

from pledge.campaigns.queries import published_slugs
from pledge.core.db import transaction
from pledge.ledger import log_queries, merkle
from pledge.ledger import services as ledger
from pledge.ledger.models import Reason
from pledge.ledger.witnesses import feeds
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.signatures.receipts import receipt
from tests.support.checkers import program
from tests.support.factories import campaign, endorsement, fold_all, manage_token, signature, signatures
from tests.support.ledger import settings as ledger_settings
from tests.support.published_log import signed_by, verifiers
from tests.support.witness import Witness, policy, served

pytestmark = pytest.mark.usefixtures("app")


def parts(content):
    """What a receipt says: extra, index, proof and checkpoint."""
    head, _, note = content.decode().partition("\n\n")
    first, extra, index, *proof = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    content_of_entry = json.loads(b64decode(extra.removeprefix("extra "), validate=True))
    assert list(content_of_entry) == ["v", "salt", "leaf"]
    return content_of_entry, int(index.removeprefix("index ")), [b64decode(step) for step in proof], note


def check(content, of, address):
    """Everything that somebody else would check, by the published formats."""
    entry, index, proof, note = parts(content)
    state = signed_by(note, verifiers(of.campaign_id))
    root = program.root_by_proof(merkle.leaf_hash(entry["leaf"].encode()), index, state.size, proof)
    assert root == state.root
    leaf = json.loads(entry["leaf"])
    assert (leaf["change"], leaf["of"]) == (1, "person")
    expected = sha256(f"pledge-commitment/v1\n{entry['salt']}\n{address}".encode()).hexdigest()
    assert leaf["commitment"] == expected


@pytest.mark.parametrize("before", [0, 1, 6])
def test_a_receipt_proves_that_an_address_is_counted(before):
    signatures(before)
    person = signature(email="Person.Kim@Example.org")
    endorsement()
    signatures(3)
    fold_all()
    answer = receipt(person.id)
    assert answer.index == before
    check(answer.content, person, "Person.Kim@example.org")


@pytest.fixture
def feed(tmp_path):
    """The step that asks a witness, which learns the keys of the log when it is asked first."""
    with served(Witness("embassy")) as witness:
        (tmp_path / "policy").write_text(policy([witness]))
        with ledger_settings(witness_policy=tmp_path / "policy"):
            (feed,) = feeds(published_slugs)
            feed.witness = witness
            yield feed


def test_a_receipt_has_the_signatures_of_witnesses_as_soon_as_there_are_some(feed, frozen_clock):
    person = signature(email="kim@example.org")
    fold_all()
    feed.witness.knows(*log_queries.verifiers(person.campaign_id))
    assert " embassy " not in receipt(person.id).content.decode()
    feed.advance()
    later = signature()
    fold_all()
    content = receipt(person.id).content
    check(content, person, "kim@example.org")
    state = program.Checkpoint(parts(content)[3].encode())
    assert state.size == 1
    assert feed.policy.seen(state.note, frozen_clock.now().timestamp()).keys() == {"embassy"}
    assert " embassy " not in receipt(later.id).content.decode(), "the witness has not seen this entry yet"


def test_no_receipt_is_made_while_witnesses_have_seen_another_log(feed, client):
    person = signature()
    fold_all()
    feed.witness.lie = lambda _body: (409, "99\n")
    feed.advance()
    assert receipt(person.id) is None
    page = client.get(f"/en/me/{manage_token(person)}/receipt")
    assert page.status_code == 404
    assert "No receipts are made until that is explained" in page.text
    assert "http-equiv" not in page.text


def test_every_line_of_a_receipt_is_for_who_checks_it():
    """The line about the audit log, which a checker passes over, stays in the checkpoint that is published."""
    person = signature()
    fold_all()
    *_, note = parts(receipt(person.id).content)
    published = log_queries.newest(person.campaign_id).note
    assert (len(note.splitlines()), len(published.splitlines())) == (5, 6)
    assert published.startswith(note)


def test_a_receipt_holds_no_name_and_no_address():
    person = signature(email="secret@example.org", name="홍길동")
    fold_all()
    leaf_of_entry, *_ = parts(receipt(person.id).content)
    for text in (receipt(person.id).content.decode(), json.dumps(leaf_of_entry, ensure_ascii=False)):
        assert not [word for word in ("secret", "example.org", "홍길동", str(person.id)) if word in text]


def test_there_is_none_before_the_fold():
    person = signature()
    assert receipt(person.id) is None
    fold_all()
    assert receipt(person.id) is not None


@pytest.mark.parametrize("state", ["pending", "withdrawn", "invalidated"])
def test_there_is_none_for_who_is_not_counted(state):
    person = signature(state=state)
    fold_all()
    assert receipt(person.id) is None
    assert receipt(12345) is None


def test_who_withdraws_gets_none_any_more_and_the_old_one_stays_right():
    person, _ = signatures(2)
    fold_all()
    kept = receipt(person.id).content
    services.withdraw(manage_token(person))
    assert receipt(person.id) is None
    fold_all()
    assert receipt(person.id) is None
    signatures(5)
    fold_all()
    check(kept, person, person.email)


def test_an_erased_row_leaves_the_receipts_of_all_valid():
    gone, stays = signatures(2)
    fold_all()
    kept = {person.id: receipt(person.id).content for person in (gone, stays)}
    addresses = {person.id: person.email for person in (gone, stays)}
    services.erase(manage_token(gone))
    fold_all()
    for person_id, content in kept.items():
        check(content, stays, addresses[person_id])
    check(receipt(stays.id).content, stays, addresses[stays.id])


def test_while_a_reinstatement_waits_the_entry_that_was_taken_back_is_not_handed_out():
    person = signature(state="invalidated")
    fold_all()
    with transaction() as session:
        session.execute(
            update(Signature).where(Signature.id == person.id).values(state="confirmed", invalidation_id=None)
        )
        ledger.append(
            session,
            campaign_id=person.campaign_id,
            reason=Reason.REINSTATED,
            subject_id=person.id,
            country="KR",
            region=person.region,
            at=person.confirmed_at,
            pledge_text_id=person.pledge_text_id,
            commitment=person.commitment,
        )
    assert receipt(person.id) is None
    fold_all()
    answer = receipt(person.id)
    assert answer.index == 2
    check(answer.content, person, person.email)


def test_each_campaign_has_its_own_log():
    first, second = campaign(), campaign("second")
    signatures(2, first)
    person = signature(second)
    fold_all()
    answer = receipt(person.id)
    assert answer.index == 0
    assert "/log/second\n" in answer.content.decode()
    check(answer.content, person, person.email)
