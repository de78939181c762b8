"""`flask demo …`: the demo campaign, from the readable files in pledge/content/demo/, and sample data for it (tools/demo/)."""

from pathlib import Path

import click
from flask.cli import AppGroup

from config import Config, current_config
from pledge.cli.campaign import load_from
from pledge.cli.log_key import refuse_without_log_key
from pledge.worker.makers import makers
from pledge.worker.sources import ledger_sources

DEMO = Path(__file__).resolve().parent.parent / "content" / "demo"
SLUG = "blue-skies"
PEOPLE = 12_000

demo = AppGroup("demo", help="The demo campaign, and sample data for it.")


@demo.command("load")
def load() -> None:
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
