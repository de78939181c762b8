"""What a checkpoint must be: signed by a key of its log, and true of the entries that it covers."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from config import current_config
from pledge.ledger import audit_lines, notes
from pledge.ledger.models import LogKey
from pledge.ledger.notes import BadNote


@dataclass(frozen=True)
class LogTotals:
    """How many entries a log has, and what they add up to."""

    size: int
    people: int
    organizations: int


@dataclass(frozen=True)
class CheckpointFault:
    """What is wrong with a checkpoint."""

    words: str
    is_root: bool = False  #: its root is not that of its entries


class CheckpointChecks:
    """The checks of one log's checkpoints, which come in the order of their signing."""

    def __init__(self, connection: Connection, campaign_id: int, slug: str) -> None:
        texts = connection.execute(select(LogKey.verifier).where(LogKey.campaign_id == campaign_id)).scalars()
        self.verifiers = [notes.read_verifier(text) for text in texts]
        # Whatever the site stores of a checkpoint it has signed itself, as the log's key or about the audit log.
        self._keys = {
            (one.name, of) for one in self.verifiers for of in (one.key_id, audit_lines.key_id(one))
        }
        self._ending = f"/log/{slug}"
        self._size = 0
        self._newest: Row[Any] | None = None

    def fault(
        self, row: Row[Any], totals: LogTotals, root: bytes | None, size: int
    ) -> CheckpointFault | None:
        """What is wrong with a row of checkpoints, if anything.

        `totals` and `root` are those of the entries that it covers, `root` None when it was not computed;
        `size` is that of the whole log.
        """
        before, self._size, self._newest = self._size, max(self._size, row.size), row
        if row.size < before:
            return CheckpointFault(f"it has fewer than the one before, {before}")
        if row.size > size:
            return CheckpointFault(f"the log has only {size}")
        words = self._note_fault(row)
        if words is not None:
            return CheckpointFault(words)
        if bytes(row.root) != root:
            return CheckpointFault("its entries have another root", is_root=True)
        if (row.people, row.organizations) != (totals.people, totals.organizations):
            return CheckpointFault(
                f"it says {row.people} people and {row.organizations} organizations, its entries add up to "
                f"{totals.people} and {totals.organizations}"
            )
        return None

    def newest_fault(self) -> str | None:
        """Whether the keys of this process have signed what is published now; None where another process signs.

        Whoever can write the database can store a key and a checkpoint of their own: this finds it.
        """
        keys = current_config().log_signing_keys
        if self._newest is None or not keys:
            return None
        origin = self._newest.note.partition("\n")[0]
        mine = [notes.signer(origin, key.get_secret_value()).verifier for key in keys]
        try:
            notes.open_note(self._newest.note, mine)
        except BadNote:
            return "no key of PLEDGE_LOG_KEY has signed it"
        return None

    def _note_fault(self, row: Row[Any]) -> str | None:
        try:
            state = notes.read_state(notes.open_note(row.note, self.verifiers))
            audit_lines.check(row.note, self.verifiers)
        except BadNote as error:
            return str(error)
        names = {verifier.name for verifier in self.verifiers}
        if state.origin not in names or not state.origin.endswith(self._ending):
            return "it is of another log"
        if (state.size, state.root) != (row.size, bytes(row.root)):
            return "its note says another size or root"
        if not self._keys.issuperset((name, key_id) for name, key_id, _ in notes.parts(row.note)[1]):
            return "it has a line of a key that is none of its log"
        return None
