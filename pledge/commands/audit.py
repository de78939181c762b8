"""`flask audit …`: check the chain of the audit log, and take the log out."""

from typing import BinaryIO

import click
from flask.cli import AppGroup

from pledge.audit import chain, services
from pledge.audit.export import FORMATS
from pledge.audit.models import COMMAND_LINE
from pledge.audit.queries import Search, all_lines

audit = AppGroup("audit", help="The audit log: who did what, in a chain that shows every change.")

_HASH_BYTES = 32

_WORDS = {
    chain.FaultKind.CHANGED: "it was changed: its content does not match its hash",
    chain.FaultKind.OUT_OF_PLACE: "it does not follow the one before: an entry was removed, inserted or moved here",
}


class Head(click.ParamType[bytes]):
    """A hash as `verify` prints it."""

    name = "hash"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        try:
            head = bytes.fromhex(value.strip())
        except ValueError:
            head = b""
        if len(head) != _HASH_BYTES:
            self.fail("a head is 64 hexadecimal digits, as `flask audit verify` prints it", param, ctx)
        return head


@audit.command("verify")
@click.option("--head", "noted", type=Head(), help="A head noted earlier: it must still be in the log.")
def verify(noted: bytes | None) -> None:
    """Walk the chain; name the first entry that breaks it and exit with 1.

    Entries cut off at the end leave a chain in order. So note the head that this prints, with the date, outside the
    database (paper, another machine, a mail to yourself), and hand it in next time: `--head HASH`.
    """
    found = chain.verify(noted)
    click.echo(f"{found.count} entries in order, head {found.head.hex()}")
    if found.fault is not None:
        raise click.ClickException(f"entry {found.fault.entry_id}: {_WORDS[found.fault.kind]}")
    if found.knows_head is False:
        raise click.ClickException(
            "the noted head is not in the log: entries at its end were removed, or it was written anew"
        )
    if found.knows_head is None:
        click.echo(
            "note the head outside the database; `flask audit verify --head …` then finds a cut at the end"
        )


@audit.command("export")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="csv", show_default=True)
@click.option("--out", type=click.File("wb"), default="-", help="Write to this file instead.")
@click.option("--reason", default="", help="Why; stands in the log beside this export.")
def export(form: str, out: BinaryIO, reason: str) -> None:
    """Write the whole log, oldest entry first; the export is an entry in it too."""
    services.note(COMMAND_LINE, "audit.export", "audit", reason=reason, format=form)
    out.writelines(FORMATS[form](all_lines(Search())))
