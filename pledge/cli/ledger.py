"""`flask ledger …`: fold what is waiting, and check the count and the public log against the entries."""

from base64 import b64encode
from collections.abc import Collection
from typing import TextIO

import click
from sqlalchemy import Connection

from config import current_config
from pledge.audit import services as audit
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import forgetting
from pledge.campaigns.queries import pledge_hashes, slugs
from pledge.cli.options import Commands, campaign_id, read_saved, refuse_without_log_key, saved_checkpoints
from pledge.ledger import counting as ledger_counting
from pledge.ledger import log, services
from pledge.ledger import queries as ledger_queries
from pledge.ledger import verify as log_verification
from pledge.ledger.models import SetAside
from pledge.statistics.integrity import mismatches
from pledge.worker.registry import ledger_sources
from tools.verify import Checkpoint

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
    """Check the public log against its entries: each tile, checkpoint and signature; name what is wrong and exit with 1.

    Entries that the fold has set aside, as nothing is their cause, are named too: see `flask ledger dismiss`.

    Entries and checkpoints that were cut off at the end leave a consistent log. So save a checkpoint outside the database from
    time to time, and pass it later: `--checkpoint FILE`.
    """
    names = slugs() if slug is None else {campaign_id(slug): slug}
    states = [_saved(file, names.values()) for file in saved]
    failed = False
    for number, name in names.items():
        mine = [state for state in states if state.origin.endswith(f"/log/{name}")]
        found = log_verification.verify(number, name, pledge_hashes, mine)
        totals = found.totals
        click.echo(
            f"{name}: {totals.size} entries, {totals.people} people, {totals.organizations} organizations, "
            f"{found.checkpoints} checkpoints, root {b64encode(found.root).decode()}"
        )
        for fault in found.faults:
            click.echo(f"{name}: {fault}")
        asides = ledger_queries.set_aside(number)
        for aside in asides:
            click.echo(
                f"{name}: {aside.entries} entries are set aside: {_ASIDE[aside.why]} "
                f"(rows {aside.first} to {aside.last} of {aside.table})"
            )
        failed = failed or bool(found.faults) or any(one.why is not SetAside.DISMISSED for one in asides)
    if failed:
        raise SystemExit(1)
    click.echo("every entry, tile, checkpoint and signature is in order")


@ledger.command("dismiss")
@click.argument("slug")
@click.option("--reason", required=True, help="What was found; kept in the audit log.")
def dismiss(slug: str, reason: str) -> None:
    """Mark what is set aside in the campaign SLUG as looked into: it is no longer reported, and deliveries can be frozen.

    The entries stay where they are, uncounted; `flask ledger verify` still says how many there are.
    """
    number = campaign_id(slug)
    if not reason.strip():
        raise click.UsageError("--reason is empty")
    entries = services.dismiss(COMMAND_LINE, number, slug, reason.strip())
    click.echo(f"dismissed {entries} entries")


def _saved(file: TextIO, names: Collection[str]) -> Checkpoint:
    """A saved checkpoint, which must be of one of the logs that are checked."""
    state = read_saved(file, log_verification.read_checkpoint)
    if not state.origin.endswith(tuple(f"/log/{name}" for name in names)):
        raise click.ClickException(f"{file.name}: belongs to another log, {state.origin}")
    return state


def _doubts(connection: Connection) -> ledger_counting.Doubts:
    differing = frozenset(found.campaign_id for found in mismatches(connection))
    return ledger_counting.Doubts(differing, frozenset(forgetting.forgotten(connection)))


@ledger.command("recount")
def recount() -> None:
    """Add up all entries again; repair and name every difference, and exit with 1 if there was one.

    Nothing is repaired in a campaign whose entries do not agree with its confirmed signatures, place by place, or with its
    published organisations and batches on paper: then the entries may be what was forged.
    """
    names = slugs()
    drifts = ledger_counting.recount(_doubts)
    for drift in drifts:
        end = "repaired" if drift.repaired else "not repaired"
        click.echo(f"{names.get(drift.campaign_id, drift.campaign_id)}: {drift.what}; {end}")
    differing = mismatches()
    audit.note(
        COMMAND_LINE,
        "ledger.recount",
        "ledger",
        differences=len(drifts) + len(differing),
        repaired=sum(drift.repaired for drift in drifts),
    )  # the desk says when this was last done and what came of it
    for mismatch in differing:
        name = names.get(mismatch.campaign_id, mismatch.campaign_id)
        click.echo(f"{name}: {mismatch.what}; not repaired")
    if drifts or differing:
        raise SystemExit(1)
    click.echo("the tallies, the ledger, the signatures, the organizations and the batches on paper agree")
