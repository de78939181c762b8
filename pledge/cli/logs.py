"""`flask ledger …`: fold what is waiting, and check the count and the public log against the entries. `flask audit …`: check the
chain of the audit log, and take the log out.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, TextIO, TypeVar

import click
from sqlalchemy import Connection

from config import current_config
from pledge.accounts import queries as accounts
from pledge.audit import chain
from pledge.audit import services as audit_services
from pledge.audit.chain import AuditMark
from pledge.audit.models import COMMAND_LINE
from pledge.audit.queries import FORMATS, Search, all_lines
from pledge.campaigns import forgetting
from pledge.campaigns.queries import pledge_hashes, slugs
from pledge.cli.options import Commands, campaign_id, refuse_without_log_key
from pledge.ledger import counting as ledger_counting
from pledge.ledger import log, services
from pledge.ledger import queries as ledger_queries
from pledge.ledger import verify as log_verification
from pledge.ledger.memory import Head
from pledge.ledger.models import SetAside
from pledge.statistics.integrity import mismatches
from pledge.verifier.verify import Checkpoint
from pledge.worker.registry import ledger_sources

T = TypeVar("T")


def saved_checkpoints(meaning: str) -> Callable[[Any], Any]:
    """The option `--checkpoint FILE`: checkpoints saved outside of the database."""
    return click.option(
        "--checkpoint",
        "saved",
        type=click.File("r", encoding="utf-8"),
        multiple=True,
        help=f"A checkpoint saved earlier from /log/SLUG/checkpoint: {meaning}",
    )


def read_saved(file: TextIO, read: Callable[[str], T]) -> T:
    """Read a saved checkpoint with `read`. Raises ClickException."""
    try:
        return read(file.read())
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name}: is not a text file") from None
    except ValueError as error:
        raise click.ClickException(f"{file.name}: {error}") from None


_ASIDE = {
    SetAside.NO_CAUSE: "they match no signature, no organisation and no batch on paper",
    SetAside.NO_MOVE: "they count what is already counted, or remove what is not counted",
    SetAside.DISMISSED: "dismissed, see the audit log",
}

ledger = Commands("ledger", help="The ledger: every +1 and -1, and the count that they add up to.")


@ledger.command("fold")
def fold() -> None:
    """Count what is waiting. The worker does this all the time."""
    refuse_without_log_key(current_config())
    sources, folded = ledger_sources(), 0
    while batch := services.fold(sources):
        folded += batch
    log.sign_missing_checkpoints(sources.published)
    click.echo(f"folded {folded} entries")


@ledger.command("verify")
@click.argument("slug", required=False)
@saved_checkpoints("the log must continue it.")
def verify(slug: str | None, saved: tuple[TextIO, ...]) -> None:
    """Check every tile, checkpoint and signature of the public log against its entries; exit with 1 if something is wrong.

    Entries that the fold has set aside, because nothing explains them, are listed too: see `flask ledger dismiss`.

    A log whose last entries and checkpoints were cut off is consistent. To notice that, save a checkpoint outside the database
    from time to time and pass it later: `--checkpoint FILE`.
    """
    names = slugs() if slug is None else {campaign_id(slug): slug}
    states = [_saved(file, names.values()) for file in saved]
    failed = False
    for number, name in names.items():
        mine = [state for state in states if state.origin.endswith(f"/log/{name}")]
        result = log_verification.verify(number, name, pledge_hashes, mine)
        totals = result.totals
        click.echo(
            f"{name}: {totals.size} entries, {totals.people} people, {totals.organizations} organizations, "
            f"{result.checkpoints} checkpoints, root {b64encode(result.root).decode()}"
        )
        for fault in result.faults:
            click.echo(f"{name}: {fault}")
        asides = ledger_queries.set_aside(number)
        for aside in asides:
            click.echo(
                f"{name}: {aside.entries} entries are set aside: {_ASIDE[aside.why]} "
                f"(rows {aside.first} to {aside.last} of {aside.table})"
            )
        failed = failed or bool(result.faults) or any(entry.why is not SetAside.DISMISSED for entry in asides)
    if failed:
        raise SystemExit(1)
    click.echo("every entry, tile, checkpoint and signature is in order")


@ledger.command("dismiss")
@click.argument("slug")
@click.option("--reason", required=True, help="What was found; kept in the audit log.")
def dismiss(slug: str, reason: str) -> None:
    """Mark the entries set aside in the campaign SLUG as examined: they are no longer reported, and deliveries can be frozen.

    The entries stay where they are, uncounted; `flask ledger verify` still says how many there are.
    """
    number = campaign_id(slug)
    if not reason.strip():
        raise click.UsageError("--reason is empty")
    entries = services.dismiss(COMMAND_LINE, number, slug, reason.strip())
    click.echo(f"dismissed {entries} entries")


@ledger.command("restored")
@click.option("--after", type=click.File("r", encoding="utf-8"), help="A checkpoint of before the loss.")
def restored(after: TextIO | None) -> None:
    """Accept that a restored backup lacks entries that were signed: the loss is published, and the log gets a new name.

    Only if the entries are nowhere. Until then nothing is counted. `--after`: where no worker remembers what was signed.
    """
    refuse_without_log_key(current_config())
    names = slugs()
    saved = None if after is None else _saved(after, names.values())
    for number, name in names.items():
        is_meant = saved is not None and saved.origin.endswith(f"/log/{name}")
        state = Head.of(saved.size, saved.root) if saved and is_meant else None
        is_accepted = services.accept_loss(COMMAND_LINE, number, name, state)
        click.echo(f"{name}: " + (f"see /log/{name}/losses" if is_accepted else "nothing is lost"))


def _saved(file: TextIO, names: Collection[str]) -> Checkpoint:
    """A saved checkpoint. Raises ClickException if it belongs to none of these logs."""
    state = read_saved(file, log_verification.read_checkpoint)
    if not state.origin.endswith(tuple(f"/log/{name}" for name in names)):
        raise click.ClickException(f"{file.name}: belongs to another log, {state.origin}")
    return state


def _doubts(connection: Connection) -> ledger_counting.Doubts:
    differing = frozenset(mismatch.campaign_id for mismatch in mismatches(connection))
    return ledger_counting.Doubts(differing, frozenset(forgetting.forgotten(connection)))


@ledger.command("recount")
def recount() -> None:
    """Add up all entries again; report and repair every difference, and exit with 1 if there was one.

    A campaign is not repaired if its entries disagree with its confirmed signatures by place, its published organisations or
    its batches on paper: then the entries may be forged.
    """
    names = slugs()
    drifts = ledger_counting.recount(_doubts)
    for drift in drifts:
        end = "repaired" if drift.repaired else "not repaired"
        click.echo(f"{names.get(drift.campaign_id, drift.campaign_id)}: {drift.what}; {end}")
    differing = mismatches()
    # Staff see on their first page when this was last done, and its result.
    audit_services.note(
        COMMAND_LINE,
        "ledger.recount",
        "ledger",
        differences=len(drifts) + len(differing),
        repaired=sum(drift.repaired for drift in drifts),
    )
    for mismatch in differing:
        name = names.get(mismatch.campaign_id, mismatch.campaign_id)
        click.echo(f"{name}: {mismatch.what}; not repaired")
    if drifts or differing:
        raise SystemExit(1)
    click.echo("the tallies, the ledger, the signatures, the organizations and the batches on paper agree")


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
def verify_audit(noted: bytes | None, saved: tuple[TextIO, ...]) -> None:
    """Check the chain and compare it with every signed checkpoint; report what does not fit and exit with 1.

    Each checkpoint of a public log contains the length and the head of the audit log. So a cut or rewritten chain is found,
    back to the newest checkpoint that is left; a log emptied together with all checkpoints is found by the accounts of
    staff. Owners of the database can also delete checkpoints: save a checkpoint elsewhere and pass it later
    (`--checkpoint FILE`), or the head that this prints (`--head HASH`).
    """
    signed = log_verification.read_marks()
    marks = [*signed.marks, *(mark for file in saved for mark in _read_marks(file))]
    result = chain.verify(noted, marks)
    click.echo(f"{result.count} entries in order, head {result.head.hex()}")
    if faults := [*signed.faults, *result.faults, *_emptied(result.count)]:
        raise click.ClickException("\n".join(faults))
    click.echo(f"the log matches the signed checkpoints ({len(signed.marks)} states)")
    if noted is None:
        click.echo(
            "note the head outside the database; `flask audit verify --head …` then finds a cut at the end"
        )


def _emptied(count: int) -> Iterator[str]:
    """Signs that the whole log or every checkpoint was removed, which leaves nothing that could contradict it."""
    if not count and not accounts.is_empty():
        yield "the log is empty, though there are accounts of staff, and each of them begins with an entry"
    if any(state.size and not state.signed_size for state in ledger_queries.log_states()):
        yield "a public log has entries and no checkpoint at all: its checkpoints were removed"


def _read_marks(file: TextIO) -> list[AuditMark]:
    """The states of the audit log in a saved checkpoint. Raises ClickException if it has none."""
    marks = read_saved(file, lambda note: log_verification.read_saved_marks(note, file.name))
    if not marks:
        raise click.ClickException(f"{file.name}: says nothing of the audit log")
    return marks


@audit.command("export")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="csv", show_default=True)
@click.option("--out", type=click.File("wb"), default="-", help="Write to this file instead.")
@click.option("--reason", default="", help="The reason that the log gives for this export.")
def export(form: str, out: BinaryIO, reason: str) -> None:
    """Write the whole log, oldest entry first. The export becomes an entry too."""
    audit_services.note(COMMAND_LINE, "audit.export", "audit", reason=reason, format=form)
    out.writelines(FORMATS[form](all_lines(Search())))
