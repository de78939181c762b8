"""Witnesses: what others have seen of the logs (C2SP tlog-witness, tlog-cosignature, tlog-policy).

The worker hands each log's newest checkpoint to every witness of PLEDGE_WITNESS_POLICY, with the proof that it continues the one
that the witness cosigned last. A witness cosigns no second history, so what one refuses may be a restored backup or a
stolen key. Each witness has a step of its own: one that is slow or away delays neither the others nor the count.
"""

import threading
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import urllib3
from sqlalchemy import and_, func, select

from config import Config, ConfigError, current_config
from pledge.core import clock
from pledge.core.db import fetch, insert_into, load, reading, transaction
from pledge.core.logs import log
from pledge.ledger import merkle
from pledge.ledger.models import Checkpoint, Cosignature, WitnessedCheckpoint
from pledge.ledger.numbering import Published
from pledge.ledger.tiles import Tiles
from pledge.verifier.verify import Note, Policy, decimal

#: Seconds for which a witness is handed no newer state: all are asked about the same one, so that enough of them meet.
PACE = 10
#: After so long the same state is handed in again, so that a quiet log is seen too.
AGAIN = timedelta(minutes=10)
#: Seconds for which a witness is not asked about a log that it did not cosign.
REST = 30
TIMEOUT = urllib3.Timeout(total=5)
#: Bytes that are read of an answer.
MAX_ANSWER = 10_000
#: A cosignature may be older than its checkpoint by so much, as clocks differ.
CLOCKS = timedelta(minutes=1)


class Refused(Exception):
    """A witness does not cosign a state. The message is for operators; `other_size`: of a log that it has seen and that ours
    does not continue."""

    def __init__(self, words: str, other_size: int | None = None) -> None:
        super().__init__(words)
        self.other_size = other_size


def policy() -> Policy | None:
    """The policy of this site; None if there is none."""
    path = current_config().witness_policy
    return None if path is None else _read(path)


def check_policy(config: Config) -> None:
    """Read the policy, which all else then finds read. Raises ConfigError."""
    try:
        if config.witness_policy is not None:
            _read(config.witness_policy)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise ConfigError([f"PLEDGE_WITNESS_POLICY: {config.witness_policy}: {words}."]) from None


@lru_cache(maxsize=8)
def _read(path: Path) -> Policy:
    return Policy(path.read_text("utf-8"))


# --- Handing in, by the worker ---


class Choice:
    """Which state of each log the witnesses are asked about now: the newest, and none newer for PACE seconds."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._lock = threading.Lock()
        self._chosen: dict[int, tuple[Checkpoint, float]] = {}

    def checkpoints(self) -> list[Checkpoint]:
        newest = select(func.max(Checkpoint.id)).group_by(Checkpoint.campaign_id)
        with self._lock:
            with reading() as connection:
                shown = self._published(connection)
            for checkpoint in load(select(Checkpoint).where(Checkpoint.id.in_(newest))):
                before, at = self._chosen.get(checkpoint.campaign_id, (None, -PACE))
                now = clock.monotonic()
                if (before is None or before.id != checkpoint.id) and now - at >= PACE:
                    self._chosen[checkpoint.campaign_id] = (checkpoint, now)
            return [self._chosen[number][0] for number in shown if number in self._chosen]


@dataclass
class Feed:
    """Hands the chosen states to one witness."""

    name: str  #: in the policy
    policy: Policy
    choice: Choice
    #: When it may be asked about a campaign's log again, where it did not cosign.
    _rests: dict[int, float] = field(default_factory=dict)

    def advance(self) -> None:
        """Hand in what is due. What the witness refuses is stored, and named by /readyz."""
        for checkpoint in self.choice.checkpoints():
            number, now = checkpoint.campaign_id, clock.monotonic()
            try:
                if self._rests.get(number, now) <= now:
                    self._advance(checkpoint)
            except urllib3.exceptions.HTTPError as error:
                self._rests[number] = now + REST
                log.warning("witness away", witness=self.name, kind=type(error).__name__)
            except Refused as refused:
                self._rests[number] = now + REST
                log.error("witness refuses", witness=self.name, campaign=number, words=str(refused))
                self._store(number, refusal=str(refused), other_size=refused.other_size)

    def _advance(self, checkpoint: Checkpoint) -> None:
        known = and_(
            Cosignature.campaign_id == checkpoint.campaign_id,
            Cosignature.witness == self.policy.keys[self.name].text,
        )
        query = select(Cosignature.seen_at, Cosignature.refusal, Checkpoint.id, Checkpoint.size).join(
            Checkpoint, Checkpoint.id == Cosignature.checkpoint_id, isouter=True
        )
        row = fetch(query.where(known)).first()
        seen_at = row.seen_at if row is not None and row.id == checkpoint.id and not row.refusal else None
        if seen_at is not None and clock.now() - seen_at < AGAIN:
            return
        old = 0 if row is None else row.size or 0
        if old > checkpoint.size:  # another worker was quicker
            return
        status, answer = self._post(checkpoint, old)
        if status == 409 and (size := _size_in(answer)) is not None:
            # Somebody has handed in more, or an answer was lost.
            if size > checkpoint.size:
                if size > _newest_size(checkpoint.campaign_id):
                    raise Refused(f"it has seen {size} entries, and there are {checkpoint.size}", size)
                return
            old = size
            status, answer = self._post(checkpoint, old)
        if status == 422 or (status == 409 and old == checkpoint.size):
            words = f"the first {old} entries that it has seen are not those of the log, which has {checkpoint.size}"
            raise Refused(words, old)
        if status != 200:
            raise Refused(f"it answers {status}")
        line, seen_at = self._cosignature(checkpoint, answer)
        self._store(checkpoint.campaign_id, checkpoint_id=checkpoint.id, line=line, seen_at=seen_at)
        _publish(checkpoint, self.policy)

    def _post(self, checkpoint: Checkpoint, old: int) -> tuple[int, bytes]:
        """Status and answer (tlog-witness, "add-checkpoint"). Raises HTTPError."""
        proof = []
        if 0 < old < checkpoint.size:
            with reading() as connection:
                subtree = Tiles(connection, checkpoint.campaign_id).subtree
                proof = merkle.consistency_proof(old, checkpoint.size, subtree)
        lines = [f"old {old}", *(b64encode(step).decode() for step in proof), "", checkpoint.note]
        address = f"{self.policy.addresses[self.name].rstrip('/')}/add-checkpoint"
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as client:
            body = "\n".join(lines).encode()
            reply = client.request("POST", address, body=body, redirect=False, preload_content=False)
            return reply.status, reply.read(MAX_ANSWER)

    def _cosignature(self, checkpoint: Checkpoint, answer: bytes) -> tuple[str, datetime]:
        """The line of this witness in an answer, and its time. Raises Refused."""
        key = self.policy.keys[self.name]
        try:
            note = Note(checkpoint.note.encode() + answer)
            at = datetime.fromtimestamp(self.policy.seen(note, clock.now().timestamp())[self.name], UTC)
        except KeyError:
            raise Refused("its answer has no cosignature of its key") from None
        except (ValueError, OverflowError) as error:
            raise Refused(str(error)) from None
        if checkpoint.signed_at - at > CLOCKS:
            raise Refused("its cosignature is older than the checkpoint")
        data = next(data for name, key_id, data in note.signatures if (name, key_id) == (key.name, key.id))
        return f"\u2014 {key.name} {b64encode(key.id + data).decode()}\n", at

    def _store(self, campaign_id: int, refusal: str = "", **values: object) -> None:
        key = {"campaign_id": campaign_id, "witness": self.policy.keys[self.name].text}
        values = {"other_size": None, "refusal": refusal, **values}
        with transaction() as session:
            row = insert_into(session.connection(), Cosignature).values(**key, **{"line": "", **values})
            session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))


def feeds(published: Published) -> list[Feed]:
    """One for each witness that takes checkpoints and whose kind of key is known here."""
    rules, choice = policy(), Choice(published)
    if rules is None:
        return []
    return [Feed(name, rules, choice) for name in rules.addresses if rules.keys[name].is_of_witness]


def _publish(checkpoint: Checkpoint, rules: Policy) -> None:
    """Store the checkpoint with the lines of its witnesses once these are enough.

    After the line is committed: of two witnesses that answer at once the later one sees both lines.
    """
    query = select(Cosignature.witness, Cosignature.line).where(Cosignature.checkpoint_id == checkpoint.id)
    lines = {row.witness: row.line for row in fetch(query)}
    given = {name: lines[key.text] for name, key in rules.keys.items() if key.text in lines}
    if not rules.is_satisfied(given):
        return
    key = {"checkpoint_id": checkpoint.id, "campaign_id": checkpoint.campaign_id}
    note = {"note": checkpoint.note + "".join(given.values())}
    with transaction() as session:
        row = insert_into(session.connection(), WitnessedCheckpoint).values(**key, **note)
        session.execute(row.on_conflict_do_update(index_elements=["checkpoint_id"], set_=note))


def _newest_size(campaign_id: int) -> int:
    query = select(func.max(Checkpoint.size)).where(Checkpoint.campaign_id == campaign_id)
    return int(fetch(query).scalar_one())


def _size_in(answer: bytes) -> int | None:
    """The size that a witness names in a 409."""
    try:
        return decimal(answer.decode().removesuffix("\n"))
    except ValueError:
        return None


# --- What they have said ---


@dataclass(frozen=True)
class Witness:
    """What a witness has said of a log last."""

    campaign_id: int
    name: str  #: in the policy
    seen_at: datetime | None  #: the time of the newest state that it has cosigned
    refusal: str  #: why it does not cosign the log as it is now, for operators; "" if it does
    other_size: int | None  #: where it has seen a log that ours does not continue


def latest() -> list[Witness]:
    """By campaign and name."""
    rules = policy()
    names = {} if rules is None else {key.text: name for name, key in rules.keys.items()}
    rows = fetch(select(Cosignature.__table__).where(Cosignature.witness.in_(names)))
    witnesses = [
        Witness(row.campaign_id, names[row.witness], row.seen_at, row.refusal, row.other_size) for row in rows
    ]
    return sorted(witnesses, key=lambda witness: (witness.campaign_id, witness.name))


def is_in_doubt(campaign_id: int) -> bool:
    """Whether so many witnesses have seen another log that the rest are not enough for the policy."""
    rules = policy()
    if rules is None:
        return False
    other = {
        witness.name
        for witness in latest()
        if witness.campaign_id == campaign_id and witness.other_size is not None
    }
    return not rules.is_satisfied(rules.keys.keys() - other)


def witnessed(campaign_id: int) -> Checkpoint | None:
    """The newest checkpoint that satisfies the policy, with the lines of the witnesses in its note."""
    rules = policy()
    if rules is None:
        return None
    of_campaign = WitnessedCheckpoint.campaign_id == campaign_id
    newest = select(WitnessedCheckpoint).where(of_campaign).order_by(WitnessedCheckpoint.checkpoint_id.desc())
    for row in load(newest.limit(1)):
        # It may be of before a change of the policy.
        if rules.is_satisfied(rules.seen(Note(row.note.encode()), clock.now().timestamp())):
            (checkpoint,) = load(select(Checkpoint).where(Checkpoint.id == row.checkpoint_id))
            checkpoint.note = row.note
            return checkpoint
    return None
