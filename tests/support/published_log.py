"""What a test sees of a log as anybody would, and a log that stands behind its count."""

from pydantic import SecretStr
from sqlalchemy import select

from pledge.campaigns.queries import pledge_hashes
from pledge.core.db import db
from pledge.ledger import log_queries, merkle
from pledge.ledger.models import Checkpoint
from pledge.ledger.tiles import Tiles
from tests.support.checkers import program
from tests.support.insider import as_superuser

#: A checkpoint of a log that is none of ours.
FOREIGN = b"a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 a AAAAAAAA\n"


def keys(*names):
    return tuple(SecretStr(f"a key of the log named {name} for these tests") for name in names)


def checkpoints(campaign):
    with db.engine.connect() as connection:
        query = select(Checkpoint.id).where(Checkpoint.campaign_id == campaign).order_by(Checkpoint.id)
        return [log_queries.checkpoint(number) for number in connection.execute(query).scalars().all()]


def notes_of(campaign):
    return [checkpoint.note for checkpoint in checkpoints(campaign)]


def verifiers(campaign):
    return [program.Key(line) for line in log_queries.verifiers(campaign)]


def signed_by(note, known):
    """A checkpoint that one of these keys has signed. Raises ValueError."""
    checkpoint = program.Checkpoint(note.encode())
    checkpoint.note.signed_by(known, checkpoint.origin)
    return checkpoint


def holds(inclusion, known):
    """Whether a proof leads to the root of a checkpoint that one of these keys has signed."""
    state = signed_by(inclusion.checkpoint.note, known)
    leaf = merkle.leaf_hash(inclusion.line)
    return program.root_by_proof(leaf, inclusion.index, state.size, inclusion.proof) == state.root


def lines(campaign):
    return list(log_queries.leaves(campaign, log_queries.newest(campaign).size, pledge_hashes))


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
    """The lines of a bundle of entries."""
    return list(program.split_entries(iter([bundle])))


def check_continues(campaign, before):
    """That the tree as it is stored now begins with that of an earlier checkpoint."""
    with db.engine.connect() as connection:
        assert merkle.root(before.size, Tiles(connection, campaign).subtree) == before.root
