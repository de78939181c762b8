"""`flask delivery verify`: check a pack with tools/verify.py, and that this site has published its checkpoint."""

from pathlib import Path
from typing import TextIO

import click
from flask.cli import with_appcontext

from pledge.deliveries.pack.checking import KeysFrom, check

_KEY_NAMES = {
    KeysFrom.GIVEN: "the key that was given",
    KeysFrom.SITE: "the keys with which this site signs this log",
    KeysFrom.PACK: "the key inside the pack, as this site has no such log: so the pack is intact, but who made it is not proven",
}


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Check with the public keys in this file.",
)
@with_appcontext
def verify(file: Path, key: TextIO | None) -> None:
    """Check the pack in FILE as its recipient can, with tools/verify.py; exit with 1 if a check failed."""
    result = check(file, None if key is None else key.read())
    click.echo(result.output, nl=False)
    if result.code:
        raise SystemExit(result.code)
    click.echo(f"checked with: {_KEY_NAMES[result.keys_from]}")
    if result.is_published is False:
        click.echo("FAILED checkpoint: this site has not published it")
        raise SystemExit(1)
    if result.is_published:
        click.echo("this site has published the checkpoint")
