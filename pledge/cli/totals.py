"""`flask totals`: the totals of a campaign as a file."""

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from pledge.cli.campaigns import campaign_id
from pledge.cli.language import known_language
from pledge.core.clock import iso_utc
from pledge.deliveries.tables import FORMATS
from pledge.statistics.totals import campaign_facts, totals_at


@click.command("totals")
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="csv", show_default=True)
@click.option(
    "--lang",
    default="",
    help="A table for a reader, in this language; by default one for a program, in all of them, with codes.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write to this file instead.",
)
@with_appcontext
def totals(slug: str, form: str, lang: str, out: Path | None) -> None:
    """Write how many signed the campaign SLUG: in all, by country, by region and by day."""
    campaign_id(slug)  # refuses an unknown one
    found = totals_at(campaign_facts(slug))
    content = FORMATS[form](found, known_language(lang) if lang else None)
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
        click.echo(f"{found.people} people as of {iso_utc(found.as_of)}: {out}", err=True)
        return
    if form == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("a spreadsheet is not for the screen; name a file with --out")
    click.echo(content, nl=False)  # bytes go out as they are
