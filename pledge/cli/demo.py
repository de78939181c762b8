"""`flask demo load`: the demo campaign, from the readable files in pledge/content/demo/."""

from pathlib import Path

import click
from flask.cli import AppGroup

from pledge.campaigns.services import EditedByStaff, PledgeTextChanged, load_folder

DEMO = Path(__file__).resolve().parent.parent / "content" / "demo"

demo = AppGroup("demo", help="The demo campaign.")


@demo.command("load")
def load() -> None:
    """Create or update the demo campaign, unless staff have edited it; loading it twice changes nothing."""
    try:
        slug = load_folder(DEMO / "blue-skies")
    except PledgeTextChanged as error:
        raise click.ClickException(str(error)) from None
    except EditedByStaff as error:
        click.echo(f"Nothing loaded: {error}.")
        return
    click.echo(f"Loaded the campaign {slug}.")
