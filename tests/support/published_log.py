"""What a test sees of a log as anybody would, and a log that stands behind its count."""

from collections.abc import Sequence

from pydantic import SecretStr
from sqlalchemy import select

from pledge.campaigns.queries import pledge_hashes
from pledge.core.db import db
from pledge.ledger import log_queries, merkle, notes
from pledge.ledger.models import Checkpoint
from tests.support.checkers import program
from tests.support.insider import as_superuser


def keys(*names):
    return tuple(SecretStr(f"a key of the log named {name} for these tests") for name in names)


def checkpoints(campaign):
    with db.engine.connect() as connection:
        query = select(Checkpoint.id).where(Checkpoint.campaign_id == campaign).order_by(Checkpoint.id)
        return [log_queries.checkpoint(number) for number in connection.execute(query).scalars().all()]


def notes_of(campaign):
    return [found.note for found in checkpoints(campaign)]


def verifiers(campaign):
    return [notes.read_verifier(line) for line in log_queries.verifiers(campaign)]


def holds(inclusion, known):
    """Whether a proof leads to the root of a checkpoint that one of these keys has signed."""
    state = notes.read_state(notes.open_note(inclusion.checkpoint.note, known))
    leaf = merkle.leaf_hash(inclusion.line)
    return program.root_by_proof(leaf, inclusion.index, state.size, inclusion.proof) == state.root


def lines(campaign):
    return [
        leaf.line for leaf in log_queries.leaves(campaign, log_queries.newest(campaign).size, pledge_hashes)
    ]


def fall_behind(campaign):
    """A site whose entries have numbers and whose log is gone."""
    as_superuser(
        *(
            f"DELETE FROM {table} WHERE campaign_id = {campaign}"
            for table in ("log_tiles", "checkpoints", "log_keys")
        ),
        f"UPDATE ledger_heads SET log_size = 0 WHERE campaign_id = {campaign}",
        f"UPDATE ledger_entries SET takes_back = NULL WHERE campaign_id = {campaign}",
    )


def unframed(bundle):
    """The lines of a bundle of entries: each comes after its length in two bytes."""
    found, place = [], 0
    while place < len(bundle):
        end = place + 2 + int.from_bytes(bundle[place : place + 2], "big")
        found.append(bundle[place + 2 : end])
        assert end <= len(bundle)
        place = end
    return found


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """That a proof shows one tree to be the beginning of another (RFC 9162 section 2.1.4.2). Raises BadProof."""
    if not 0 <= old <= new:
        raise AssertionError("the older tree is the larger one")
    if old in (0, new):
        if proof or old_root != (merkle.EMPTY if old == 0 else new_root):
            raise AssertionError("the roots differ")
        return
    if _roots_of_proof(old, new, old_root, proof) != (old_root, new_root):
        raise AssertionError("the roots differ")


def _roots_of_proof(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root that follow from a consistency proof."""
    steps = [*([old_root] if old & (old - 1) == 0 else []), *proof]
    if not steps:
        raise AssertionError("the proof is too short")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = found = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise AssertionError("the proof is too long")
        if place & 1 or place == last:
            was, found = merkle.node_hash(step, was), merkle.node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = merkle.node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise AssertionError("the proof is too short")
    return was, found
