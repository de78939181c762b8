"""`flask delivery verify`: check a pack as whoever receives it can, with the site's own code."""

from pathlib import Path
from typing import TextIO

import click
from flask.cli import with_appcontext

from pledge.delivery.checking import KeysFrom, Report, check
from pledge.ledger.notes import BadNote

_HELD = {
    "archive": "the zip holds the files of a pack and nothing else",
    "signature": "the manifest is signed by a known key of the log",
    "manifest": "the manifest has the form it must have",
    "file": "each file is the one that the manifest describes",
    "checkpoint": "the checkpoint is signed by a known key and is the one of the manifest",
    "entry": "each entry keeps to the rules of the log",
    "size": "there are as many entries as the checkpoint says",
    "root": "the entries give the root that was signed",
    "count": "the entries add up to what manifest.json, totals.json and integrity.json say",
}

_BELIEVED = {
    KeysFrom.GIVEN: "the key that was handed in",
    KeysFrom.SITE: "the keys with which this site signs this log",
    KeysFrom.PACK: "the key inside the pack, as this site has no such log: so the pack is whole, but who made it is not proved",
}


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key", type=click.File(encoding="ascii", errors="replace"), help="Believe the public keys in this file."
)
@with_appcontext
def verify(file: Path, key: TextIO | None) -> None:
    """Check the pack in FILE; print what held, or the failure's name, and exit with 1 then."""
    try:
        report = check(file, None if key is None else [line for line in key.read().splitlines() if line])
    except BadNote:
        raise click.UsageError("--key is not a file of public keys as at /log/<slug>/key") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from None
    for name in report.held:
        click.echo(f"ok      {name}: {_HELD[name]}")
    if report.failure:
        click.echo(f"FAILED  {report.failure}: {report.words}")
        raise SystemExit(1)
    _conclude(report)


def _conclude(report: Report) -> None:
    click.echo(f"believed: {_BELIEVED[report.keys_from]}")
    if report.is_published:
        click.echo("the checkpoint is one that this site has published")
    click.echo(f"people {report.people}")
    click.echo(f"organizations {report.organizations}")
    click.echo(f"checkpoint {report.size} {report.root}")
