"""docs/log-vectors.json, by which whoever writes a checker of their own tests it: the fold and verify.py agree with it."""

import json
from base64 import b64decode, b64encode

import pytest

from config import ROOT
from pledge.core import languages
from pledge.ledger import leaves, merkle
from tests.support.checkers import program, pure

VECTORS = json.loads((ROOT / "docs" / "log-vectors.json").read_text("utf-8"))
CHECKERS = pytest.mark.parametrize("by", [program, pure], ids=["cryptography", "alone"])


def of(kind):
    """Each vector of a kind, by its name."""
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=lambda vector: vector.get("name"))


def tree(entries):
    hashes = [merkle.leaf_hash(entry.encode()) for entry in entries]
    return lambda level, index: merkle.complete(hashes[index << level : (index + 1) << level])


def count(recount, entries):
    for entry in entries:
        recount.add(entry.encode())
    recount.finish()


@of("logs")
def test_a_log_adds_up_or_its_first_wrong_entry_is_named(vector):
    recount = program.Recount()
    if "fails" in vector:
        with pytest.raises(program.Failed) as failed:
            count(recount, vector["entries"])
        assert failed.value.name == vector["fails"]
        return
    count(recount, vector["entries"])
    counted = {"people": recount.people, "organizations": recount.organizations, "paper": recount.paper}
    assert counted == {word: vector[word] for word in counted}
    root = b64decode(vector["root"])
    assert recount.tree.root() == merkle.root(len(vector["entries"]), tree(vector["entries"])) == root


@of("keys")
def test_a_key_of_another_type_is_skipped(vector):
    assert program.Key(vector["key"]).is_known == vector["is_known"]


@CHECKERS
@of("notes")
def test_a_note_is_signed_by_a_known_key_of_its_origin_or_refused(by, vector):
    keys = by.read_keys("\n".join(vector["keys"]))
    if vector["right"]:
        assert by.open_checkpoint(vector["note"].encode(), keys).size == 7
        return
    with pytest.raises(by.Failed) as failed:
        by.open_checkpoint(vector["note"].encode(), keys)
    assert failed.value.name == "checkpoint"


@of("inclusion")
def test_a_path_leads_from_an_entry_to_the_root(vector):
    digest, index, size = merkle.leaf_hash(vector["entry"].encode()), vector["index"], vector["size"]
    proof = [b64decode(step) for step in vector["proof"]]
    assert program.root_by_proof(digest, index, size, proof) == b64decode(vector["root"])
    shared = next(log["entries"] for log in VECTORS["logs"] if log["name"] == "257 persons")
    assert merkle.inclusion_proof(index, size, tree(shared)) == proof


@of("consistency")
def test_the_proof_that_one_tree_begins_with_another(vector):
    shared = tree(next(log["entries"] for log in VECTORS["logs"] if log["name"] == "257 persons"))
    proof = merkle.consistency_proof(vector["old"], vector["size"], shared)
    assert [b64encode(step).decode() for step in proof] == vector["proof"]
    roots = [b64encode(merkle.root(vector[size], shared)).decode() for size in ("old", "size")]
    assert roots == [vector["old_root"], vector["root"]]


@of("commitments")
def test_a_commitment_is_made_of_salt_and_subject(vector):
    assert leaves.commitment(vector["salt"], vector["subject"]).hex() == vector["commitment"]


@of("texts")
def test_the_hash_of_words(vector):
    assert languages.fingerprint(vector["texts"]).hex() == vector["sha256"]


@CHECKERS
@of("cosignatures")
def test_a_cosignature_says_when_a_witness_has_seen_the_state(by, vector):
    policy, note = by.Policy(vector["policy"]), by.Note(vector["note"].encode())
    if "fails" not in vector:
        assert policy.seen(note, vector["now"]) == vector["seen"]
        return
    with pytest.raises(ValueError, match="cosignature of embassy"):
        policy.seen(note, vector["now"])
