"""What was signed last, in a file outside the database: a restored older backup must not go on as a second history.

`signed.json` of the instance folder has, for each log by its slug, how many losses were accepted when it was signed last, and its
heads. The first is published. A second was written before its checkpoint was committed, so it may be published or not.
"""

import fcntl
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from config import current_config
from pledge.core.db import transaction
from pledge.files.storage import replacing
from pledge.ledger import merkle
from pledge.ledger.models import LedgerDifference, LogLoss
from pledge.ledger.tiles import Tiles


class Head(NamedTuple):
    """A signed state of a log."""

    size: int
    root: str  #: in base64

    @classmethod
    def of(cls, size: int, root: bytes) -> "Head":
        return cls(size, b64encode(root).decode())


class _Log(NamedTuple):
    losses: int
    heads: list[Head]


class LogLost(RuntimeError):
    """The database does not continue what was signed last. Nothing is counted or signed until `flask ledger restored`."""

    def __init__(self, campaign_id: int, number: int, signed: Head, published: Head) -> None:
        sizes = (
            f"{signed.size} entries were signed, the database has {published.size} and does not continue them"
        )
        super().__init__(f"{sizes} (`flask ledger restored`)")
        self.notice = {"campaign_id": campaign_id, "what": str(self), "is_loss": True}
        self.loss = {"campaign_id": campaign_id, "number": number, **published._asdict()}
        self.loss |= {"signed_size": signed.size, "signed_root": signed.root}


_FILE = "signed.json"
_signed: ContextVar[dict[str, Head]] = ContextVar("signed by the present transaction")


@contextmanager
def remembering() -> Iterator[None]:
    """Around a transaction that signs. A loss that stops it is stored, so that every process can name it."""
    _signed.set({})
    try:
        yield
    except LogLost as lost:
        with transaction() as session:
            session.execute(delete(LedgerDifference).filter_by(**lost.notice))
            session.add(LedgerDifference(**lost.notice))
        raise
    if signed := _signed.get():
        with _changing() as logs:
            for slug, head in signed.items():
                if logs[slug].heads[-1] == head:  # no other process has signed since
                    logs[slug] = _Log(logs[slug].losses, [head])


def knows(slug: str, losses: int, head: Head) -> bool:
    """Whether the file has it as published."""
    log = _read().get(slug, _Log(losses, []))
    return log.losses == losses and log.heads[:1] == [head]


def accepted_losses(connection: Connection, campaign_id: int) -> int:
    query = select(func.max(LogLoss.number)).where(LogLoss.campaign_id == campaign_id)
    return connection.execute(query).scalar_one() or 0


def find_loss(
    tiles: Tiles, slug: str, losses: int, published: Head, *, size: int, saved: Head | None = None
) -> LogLost | None:
    """What a log of `size` entries lacks of what was signed last, or of what was `saved`. Raises TooShort."""
    log = _Log(losses, [saved]) if saved else _read().get(slug, _Log(losses, [published]))
    last = log.heads[0]
    is_there = last.size <= size and last == Head.of(last.size, merkle.root(last.size, tiles.subtree))
    if log.losses < losses or (log.losses == losses and is_there):
        return None
    return LogLost(tiles.campaign_id, log.losses + 1, last, published)


def sign(tiles: Tiles, slug: str, published: Head, head: Head) -> int:
    """Note what will be signed after `published`; returns how many losses are accepted. Raises LogLost and TooShort."""
    losses = accepted_losses(tiles.connection, tiles.campaign_id)
    if lost := find_loss(tiles, slug, losses, published, size=head.size):
        raise lost
    with _changing() as logs:
        logs[slug] = _Log(losses, [published, head])
    _signed.get()[slug] = head
    return losses


def _read() -> dict[str, _Log]:
    try:
        logs = json.loads((current_config().instance_dir / _FILE).read_bytes())
    except FileNotFoundError:
        return {}
    return {slug: _Log(losses, [Head(*head) for head in heads]) for slug, (losses, heads) in logs.items()}


@contextmanager
def _changing() -> Iterator[dict[str, _Log]]:
    """The content, which is on the disk once the block has ended."""
    folder = os.open(current_config().instance_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        logs = _read()
        yield logs
        with replacing(current_config().instance_dir / _FILE) as file:
            file.write(json.dumps(logs).encode())
        os.fsync(folder)
    finally:
        os.close(folder)
