"""`flask backup …`: whether backups can be restored, and a backup of SQLite."""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import make_url

from config import ROOT, current_config
from pledge.diagnosis.restoring import Backup, NotRestored, back_up_sqlite, restored_cluster, restored_copy

backup = AppGroup("backup", help="Backups: make one of SQLite, restore one beside the site and check it.")

#: What is asked of what was restored, in this order.
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
        restored = restored_cluster(Backup(stanza, config, until), database)
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
    """Run one of our own commands on the restored database, in a process of its own."""
    click.echo(f"--- flask {' '.join(words)}")
    setting = ("env", f"PLEDGE_DATABASE_URL={address}")
    command = [*setting, sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
