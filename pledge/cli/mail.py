"""`flask mail …`: send what is due, list what was given up, try it again."""

import click
from flask.cli import AppGroup

from config import current_config
from pledge.audit.models import COMMAND_LINE
from pledge.core.clock import iso_utc
from pledge.mail import moderation, queries, requests, services, undelivered, valve
from pledge.switches import queries as switches
from pledge.worker.composers import composers, handlers

mail = AppGroup("mail", help="The outbox: mails that wait to be sent.")


@mail.command("deliver")
def deliver() -> None:
    """Answer what was asked for, then send mails until none is due."""
    if switches.current().mail_paused:
        raise click.ClickException("sending e-mail is paused in the staff area (switches); nothing was sent")
    while requests.answer(handlers()):
        pass
    transport = services.transport(current_config())
    done = services.SendingResult()
    try:
        while (batch := services.deliver(composers(), transport)).total and not batch.stalled:
            done += batch
    finally:
        transport.close()
    done += batch
    click.echo(
        f"sent {done.sent}, no longer needed {done.dropped}, put off {done.deferred}, given up {done.dead}"
    )
    if done.stalled:
        raise click.ClickException("the mail server accepts no mail now; the rest waits in the outbox")
    if queries.is_first_due():
        click.echo(
            f"{valve.HELD_BACK} (PLEDGE_FIRST_MAIL_PACE); they wait in the outbox, run this again later"
        )


@mail.command("dead")
def dead() -> None:
    """List the mails that were given up. No address is shown."""
    letters = undelivered.dead_letters()[::-1]
    for letter in letters:
        click.echo(
            f"{letter.id}  {letter.kind}  {letter.lang}  {iso_utc(letter.created_at)}  "
            f"attempts {letter.attempts}  {letter.last_error or '-'}"
        )
    click.echo(f"{len(letters)} given up")


@mail.command("retry")
@click.argument("mail_id", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All mails that were given up.")
def retry(mail_id: int | None, everything: bool) -> None:
    """Queue a mail that was given up again. One older than 72 hours gets one more attempt."""
    if (mail_id is None) == (not everything):
        raise click.UsageError("name one mail (see `flask mail dead`) or say --all")
    count = moderation.retry(COMMAND_LINE, mail_id)
    if mail_id is not None and not count:
        raise click.ClickException(f"no mail {mail_id} was given up")
    click.echo(f"{count} queued again")
