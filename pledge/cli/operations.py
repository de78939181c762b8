"""What an operator runs: `flask doctor`, `mail …`, `backup …`, `retention run`, `data-keys reencrypt`."""

import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy import make_url

from config import ROOT, current_config
from pledge.audit.models import COMMAND_LINE
from pledge.cli.options import Commands
from pledge.core.clock import iso_utc
from pledge.core.db.encrypted_columns import is_complete, reencrypt
from pledge.core.encryption import Unreadable
from pledge.deliveries.queries import last_answered, last_handed_over
from pledge.diagnosis import Severity
from pledge.diagnosis.doctor import diagnose, diagnose_stored
from pledge.diagnosis.restoring import NotRestored, back_up_sqlite, restored_cluster, restored_copy
from pledge.files import scans
from pledge.files.faults import StorageAway
from pledge.mail import outbox, queries, requests, services, valve
from pledge.news import queries as news
from pledge.retention import services as retention_services
from pledge.switches import queries as switches
from pledge.worker.registry import composers, handlers

_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "red"}


@click.command("doctor")
@click.option(
    "--stored", is_flag=True, help="Only what is stored: for a copy that was restored from a backup."
)
@with_appcontext
def doctor(stored: bool) -> None:
    """Check the settings and what the site depends on, one line each; exit with 1 if there is a problem.

    Settings that prevent a start in production are reported by every command before it begins.
    """
    config = current_config()
    problems = warnings = 0
    for finding in diagnose_stored() if stored else diagnose(config):
        problems += finding.level is Severity.PROBLEM
        warnings += finding.level is Severity.WARNING
        level = click.style(f"{finding.level.value:8}", fg=_COLOURS[finding.level])
        click.echo(f"{level} {finding.subject:14} {finding.text}")
    click.echo(f"{problems} problems, {warnings} warnings")
    if problems:
        raise SystemExit(1)


mail = Commands("mail", help="The outbox: mails that wait to be sent.")


@mail.command("deliver")
def deliver() -> None:
    """Handle requests for mails, then send until no mail is due."""
    if switches.current().mail_paused:
        raise click.ClickException("sending e-mail is paused in the staff area (switches); nothing was sent")
    while requests.answer(handlers()):
        pass
    transport = services.transport(current_config())
    done: Counter[str] = Counter()
    try:
        while True:
            batch = services.deliver(composers(), transport)
            done.update(vars(batch))
            if batch.stalled or not batch.total:
                break
    finally:
        transport.close()
    click.echo(
        "sent {sent}, no longer needed {dropped}, put off {deferred}, given up {dead}".format_map(done)
    )
    if done["stalled"]:
        raise click.ClickException("the mail server accepts no mail now; the rest waits in the outbox")
    if queries.is_first_due():
        click.echo(f"{valve.HELD_BACK}; they wait in the outbox, run this again later")


@mail.command("dead")
def dead() -> None:
    """List the mails that were given up. No address is shown."""
    letters = queries.dead_letters()[::-1]
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
    count = outbox.retry(COMMAND_LINE, mail_id)
    if mail_id is not None and not count:
        raise click.ClickException(f"no mail {mail_id} was given up")
    click.echo(f"{count} queued again")


backup = Commands("backup", help="Backups: make one of SQLite, restore one beside the site and check it.")

#: The commands that check a restored database, in this order.
CHECKS = (("doctor", "--stored"), ("ledger", "recount"), ("ledger", "verify"))


@backup.command("create")
@click.argument("file", type=click.Path(path_type=Path))
def create(file: Path) -> None:
    """Write a backup of the site's SQLite database to FILE while it runs."""
    config = current_config()
    if not config.uses_sqlite:
        raise click.ClickException("the database is PostgreSQL: see Backups in docs/production.md")
    try:
        back_up_sqlite(Path(make_url(config.sqlalchemy_url).database or ""), file)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise click.ClickException(f"nothing was written: {error}") from None
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@backup.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option(
    "--stanza", default="pledge", show_default=True, help="The name that the backups have in pgBackRest."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("/etc/pgbackrest.conf"),
    show_default=True,
    help="The settings of pgBackRest.",
)
@click.option("--until", default="", help='Restore the state of this time: "2026-11-27 03:00:00+00".')
def verify(file: Path | None, stanza: str, config: Path, until: str) -> None:
    """Restore the newest backup of PostgreSQL (or the backup of SQLite in FILE) beside the site, check it, delete it again.

    Needs the data keys of the site and, for PostgreSQL, to run as root or as the user of PostgreSQL. The site is not touched.
    """
    restored: AbstractContextManager[str]
    if file is not None:
        restored = restored_copy(file)
    elif current_config().uses_sqlite:
        raise click.UsageError("name the FILE that `flask backup create` has written")
    else:
        database = make_url(current_config().sqlalchemy_url).database or ""
        restored = restored_cluster(database, stanza, config, until)
    try:
        with restored as address:
            failed = [words for words in CHECKS if not _passes(words, address)]
    except NotRestored as error:
        raise click.ClickException(f"the backup cannot be restored: {error}") from None
    if failed:
        raise click.ClickException(
            "restored, but " + ", ".join(" ".join(words) for words in failed) + " found something"
        )
    click.echo("The backup was restored, and all checks passed.")


def _passes(words: tuple[str, ...], address: str) -> bool:
    """Run one of our commands on the restored database, in its own process."""
    click.echo(f"--- flask {' '.join(words)}")
    setting = ("env", f"PLEDGE_DATABASE_URL={address}")
    command = [*setting, sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


retention = Commands("retention", help="What is kept, and for how long.")


@retention.command("run")
def run() -> None:
    """Delete unconfirmed signatures after 14 days, data of mails no longer needed, and the people of campaigns that ended."""
    sent = news.last_sent()
    for what, number in retention_services.run(last_handed_over(sent), last_answered(sent)).items():
        click.echo(f"{number:>9,} {what}")


data_keys = Commands("data-keys", help="The keys that encrypt names and addresses.")

#: Locked rows are skipped, and nobody changes the same row this often.
MAX_ROUNDS = 20


@data_keys.command("reencrypt")
def encrypt_anew() -> None:
    """Re-encrypt with the newest data key, while the site runs. Can be interrupted and run again."""
    done: Counter[str] = Counter()
    try:
        for _round in range(MAX_ROUNDS):
            for table, rows in reencrypt():
                done[table] += rows
            if is_complete():
                break
        else:
            raise click.ClickException("rows are still being changed; call this again")
        done["stored_files"] = scans.reencrypt()
    except StorageAway:
        raise click.ClickException("the storage of files cannot be reached; call this again") from None
    except Unreadable as error:
        raise click.ClickException(
            f"{error}: put the key that encrypted it back into PLEDGE_DATA_KEYS. What was encrypted anew before stays so."
        ) from None
    for table, rows in sorted((+done).items()):
        click.echo(f"{table}: {rows} rows encrypted anew")
    click.echo(
        "Everything is encrypted with the newest key. Of the others only the last one of PLEDGE_DATA_KEYS is needed now, and in "
        "backups from before the one that they were made with."
    )
