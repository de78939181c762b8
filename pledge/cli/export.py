"""`flask export`: rows of a campaign as a file, as the staff's screen makes them."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from pledge.audit import services as audit
from pledge.audit.models import COMMAND_LINE
from pledge.cli.campaigns import campaign_id
from pledge.cli.language import known_language
from pledge.core import clock
from pledge.exports import services
from pledge.exports.files import write_export
from pledge.exports.rows import KINDS


@click.command("export")
@click.argument("slug")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.option("--format", "form", type=click.Choice(services.FORMATS), default="csv", show_default=True)
@click.option("--lang", default="", help="Language of the table; by default the first one of the site.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    required=True,
    help="The zip to write.",
)
@with_appcontext
def export(slug: str, kind: str, form: str, lang: str, out: Path) -> None:
    """Write rows of the campaign SLUG into a zip: the table and a manifest with their number."""
    lang = known_language(lang)
    campaign_id(slug)  # refuses an unknown one
    try:
        table = services.table(slug, kind, form, lang, clock.now())
        with out.open("wb") as file:
            rows = write_export(table, file, lambda _done, _total: None)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    audit.note(
        COMMAND_LINE, "export.command", f"campaign:{slug}", rows=kind, format=form, lang=lang, number=rows
    )
    click.echo(f"{rows} rows: {out}", err=True)
