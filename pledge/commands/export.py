"""`flask export`: rows of a campaign as a file, as the staff's screen makes them."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from pledge import clock
from pledge.audit import services as audit
from pledge.audit.models import COMMAND_LINE
from pledge.commands.campaigns import campaign_id
from pledge.commands.language import known_language
from pledge.delivery import exports
from pledge.delivery.export_files import write_export
from pledge.delivery.export_rows import KINDS


@click.command("export")
@click.argument("slug")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.option("--format", "form", type=click.Choice(exports.FORMATS), default="csv", show_default=True)
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
        table = exports.table(slug, kind, form, lang, clock.now())
        with out.open("wb") as file:
            rows = write_export(table, file, lambda _done, _total: None)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    audit.note(
        COMMAND_LINE, "export.command", f"campaign:{slug}", rows=kind, format=form, lang=lang, number=rows
    )
    click.echo(f"{rows} rows: {out}", err=True)
