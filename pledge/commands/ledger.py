"""`flask ledger …`: fold what waits, and check the count against its entries."""

import click
from flask.cli import AppGroup

from pledge.audit import services as audit
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.queries import slugs
from pledge.endorsements import counting as endorsements
from pledge.ledger import recount as checks
from pledge.ledger import services
from pledge.signatures import counting

ledger = AppGroup("ledger", help="The ledger: every +1 and -1, and the count that they add up to.")


@ledger.command("fold")
def fold() -> None:
    """Count what waits. The worker does this all the time."""
    folded = 0
    while batch := services.fold():
        folded += batch
    click.echo(f"folded {folded} entries")


@ledger.command("recount")
def recount() -> None:
    """Add up all entries anew; repair and name every difference, and exit with 1 if there was one."""
    names = slugs()
    drifts = checks.recount()
    for drift in drifts:
        end = "repaired" if drift.repaired else "not repaired"
        click.echo(f"{names[drift.campaign_id]}: {drift.what}; {end}")
    mismatches = counting.mismatches()
    organizations = endorsements.mismatches()
    audit.note(
        COMMAND_LINE,
        "ledger.recount",
        "ledger",
        differences=len(drifts) + len(mismatches) + len(organizations),
        repaired=sum(drift.repaired for drift in drifts),
    )  # the desk says when this was last done and what came of it
    for mismatch in mismatches:
        click.echo(
            f"{names[mismatch.campaign_id]}: {mismatch.confirmed} signatures are confirmed, the ledger adds up to "
            f"{mismatch.counted}; not repaired"
        )
    for uncounted in organizations:
        click.echo(
            f"{names[uncounted.campaign_id]}: {uncounted.published} organizations are published, the ledger adds up to "
            f"{uncounted.counted}; not repaired"
        )
    if drifts or mismatches or organizations:
        raise SystemExit(1)
    click.echo("the tallies, the ledger, the signatures and the organizations agree")
