"""`flask campaign load`: a campaign from readable files. `flask demo …`: the demo campaign (pledge/content/demo/) and sample data for it (tools/demo/)."""

from pathlib import Path

import click

from config import Config, current_config
from pledge.campaigns.loading import EditedByStaff, PledgeTextChanged, load_folder
from pledge.cli.options import Commands, refuse_without_log_key
from pledge.files.faults import StorageAway
from pledge.worker.registry import ledger_sources, makers

#: What can be wrong with a folder: a file or a setting that is missing, a text or a film that cannot be kept.
_FAULTS = (OSError, LookupError, ValueError, PledgeTextChanged, StorageAway)

campaign = Commands("campaign", help="A campaign from files.")


@campaign.command("load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def load(folder: Path) -> None:
    """Create or update the campaign that FOLDER describes, unless staff have edited it; loading it twice changes nothing."""
    load_from(folder)


def load_from(folder: Path) -> None:
    """Load a folder and say so. Raises ClickException, which says what is wrong with it."""
    try:
        slug = load_folder(folder)
    except EditedByStaff as error:
        click.echo(f"Nothing loaded: {error}.")
    except _FAULTS as error:
        raise click.ClickException(f"{folder}: {type(error).__name__}: {error}") from None
    else:
        click.echo(f"Loaded the campaign {slug}.")


DEMO = Path(__file__).resolve().parent.parent / "content" / "demo"
SLUG = "blue-skies"
PEOPLE = 12_000

demo = Commands("demo", help="The demo campaign, and sample data for it.")


@demo.command("load")
def load_demo() -> None:
    """Create or update the demo campaign, unless staff have edited it; loading it twice changes nothing."""
    load_from(DEMO / SLUG)


@demo.command("fill")
@click.option(
    "--people",
    type=click.IntRange(100, 100_000),
    default=PEOPLE,
    show_default=True,
    help="How many sign.",
)
def fill(people: int) -> None:
    """Fill the loaded demo campaign with ten weeks of sample data, once; refused in production."""
    if fill_demo(current_config(), people):
        click.echo("Filled the demo campaign with sample data.")
    else:
        click.echo("Nothing filled: the sample data is there already.")


def fill_demo(config: Config, people: int = PEOPLE) -> bool:
    """Fill the demo campaign; False when it was filled before. Raises ClickException where that must not be done."""
    if config.is_production:
        raise click.ClickException("sample data is refused in production (PLEDGE_ENV)")
    refuse_without_log_key(config)
    from tools.demo import fill as samples  # noqa: PLC0415  # outside the product: only this command needs it

    try:
        return samples.fill(SLUG, ledger_sources(), makers(), number=people)
    except samples.NoSuchDemo:
        raise click.ClickException("the demo campaign is not there; run `flask demo load` first") from None
    except samples.NotEmpty:
        raise click.ClickException(
            "there are signatures or organisations already; sample data needs a new database"
        ) from None
    except samples.Interrupted:
        raise click.ClickException(
            "filling was interrupted before it was complete; delete this database and start again"
        ) from None
