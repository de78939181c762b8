"""`flask retention run`: delete what is past its retention period; the worker does it every hour."""

import click
from flask.cli import AppGroup

from pledge.deliveries.queries import last_handed_over
from pledge.news import queries as news
from pledge.retention import services

retention = AppGroup("retention", help="What is kept, and for how long.")


@retention.command("run")
def run() -> None:
    """Delete unconfirmed signatures after 14 days, data of mails no longer needed, and the people of campaigns that ended."""
    removed = services.run(last_handed_over(news.last_sent()))
    click.echo(
        f"Deleted {removed.pending} unconfirmed signatures, {removed.mails} finished mails, "
        f"{removed.notices} addresses of people who were told that they were erased, "
        f"{removed.allowances} mail allowances, {removed.suppressions} ended stops of mails to an address and {removed.files} files that nobody keeps; "
        f"forgot the network of {removed.networks} signatures and settled {removed.links} links of partners. "
        f"Deleted {removed.applications} unconfirmed applications of "
        f"organisations and {removed.contacts} contacts of organisations that are not listed; "
        f"forgot {removed.attempts} counts of tries to sign in. Deleted {removed.alerts} alerts to staff and "
        f"{removed.origin_blocks} blocks of networks and domains. "
        f"Deleted {removed.signatures} signatures and {removed.scans} scans of campaigns that are long over."
    )
