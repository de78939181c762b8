"""`flask delivery verify`: check a pack with tools/verify.py, and that this site has published its checkpoint."""

from pathlib import Path
from typing import TextIO

import click
from flask.cli import with_appcontext

from pledge.deliveries.pack.checking import KeysFrom, check

_BELIEVED = {
    KeysFrom.GIVEN: "the key that was handed in",
    KeysFrom.SITE: "the keys with which this site signs this log",
    KeysFrom.PACK: "the key inside the pack, as this site has no such log: so the pack is whole, but who made it is not proved",
}


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key", type=click.File(encoding="utf-8", errors="replace"), help="Believe the public keys in this file."
)
@with_appcontext
def verify(file: Path, key: TextIO | None) -> None:
    """Check the pack in FILE as its recipient can, with tools/verify.py; exit with 1 if a check failed."""
    result = check(file, None if key is None else key.read())
    click.echo(result.output, nl=False)
    if result.code:
        raise SystemExit(result.code)
    click.echo(f"believed: {_BELIEVED[result.keys_from]}")
    if result.is_published is False:
        click.echo("FAILED checkpoint: it is none that this site has published")
        raise SystemExit(1)
    if result.is_published:
        click.echo("the checkpoint is one that this site has published")
