"""`flask audit …`: check the chain of the audit log, and take the log out."""

import re
from collections.abc import Iterator
from typing import BinaryIO, TextIO

import click

from pledge.accounts import queries as accounts
from pledge.audit import chain, services
from pledge.audit.chain import Mark
from pledge.audit.models import COMMAND_LINE
from pledge.audit.queries import FORMATS, Search, all_lines
from pledge.campaigns import models as _campaigns  # noqa: F401  # the tables of the ledger refer to theirs
from pledge.cli.options import Commands, read_saved, saved_checkpoints
from pledge.ledger import queries as ledger
from pledge.ledger import verify as log_verification

audit = Commands("audit", help="The audit log: who did what, in a chain that shows every change.")


def head(text: str) -> bytes:
    """A hash as `verify` prints it. Raises click.BadParameter."""
    if not re.fullmatch("[0-9A-Fa-f]{64}", text.strip()):
        raise click.BadParameter("a head is 64 hexadecimal digits, as `flask audit verify` prints it")
    return bytes.fromhex(text.strip())


@audit.command("verify")
@click.option(
    "--head", "noted", type=head, metavar="HASH", help="A head noted earlier: it must still be in the log."
)
@saved_checkpoints("the audit log must be what it says.")
def verify(noted: bytes | None, saved: tuple[TextIO, ...]) -> None:
    """Check the chain and compare it with every signed checkpoint; name what does not fit and exit with 1.

    Each checkpoint of a public log contains the length of the audit log and its end. So entries that were cut off at the end,
    and a rewritten chain, are found back to the newest checkpoint that is left. A log that was emptied together with all
    checkpoints fails as well, once there are accounts of staff. Against owners of the database, who can also
    delete checkpoints: save a checkpoint elsewhere and pass it later (`--checkpoint FILE`), or the head that this prints
    (`--head HASH`).
    """
    signed = log_verification.read_marks()
    marks = [*signed.marks, *(mark for file in saved for mark in _read_marks(file))]
    found = chain.verify(noted, marks)
    click.echo(f"{found.count} entries in order, head {found.head.hex()}")
    if faults := [*signed.faults, *found.faults, *_emptied(found.count)]:
        raise click.ClickException("\n".join(faults))
    click.echo(f"the log matches the signed checkpoints ({len(signed.marks)} states)")
    if noted is None:
        click.echo(
            "note the head outside the database; `flask audit verify --head …` then finds a cut at the end"
        )


def _emptied(count: int) -> Iterator[str]:
    """What shows that the whole log, or every checkpoint, was taken away: then nothing is left that could contradict it."""
    if not count and not accounts.is_empty():
        yield "the log is empty, though there are accounts of staff, and each of them begins with an entry"
    if any(state.size and not state.signed_size for state in ledger.log_states()):
        yield "a public log has entries and no checkpoint at all: its checkpoints were removed"


def _read_marks(file: TextIO) -> list[Mark]:
    """The marks in a saved checkpoint; raises ClickException when it has none."""
    found = read_saved(file, lambda note: log_verification.read_saved_marks(note, file.name))
    if not found:
        raise click.ClickException(f"{file.name}: says nothing of the audit log")
    return found


@audit.command("export")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="csv", show_default=True)
@click.option("--out", type=click.File("wb"), default="-", help="Write to this file instead.")
@click.option("--reason", default="", help="The reason that the log gives for this export.")
def export(form: str, out: BinaryIO, reason: str) -> None:
    """Write the whole log, oldest entry first; the export is an entry in it too."""
    services.note(COMMAND_LINE, "audit.export", "audit", reason=reason, format=form)
    out.writelines(FORMATS[form](all_lines(Search())))
