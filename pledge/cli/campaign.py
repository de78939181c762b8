"""`flask campaign load`: a campaign from readable files (pledge/content/demo/ has one to follow)."""

from pathlib import Path

import click
from flask.cli import AppGroup

from pledge.campaigns.services import EditedByStaff, PledgeTextChanged, load_folder
from pledge.files.faults import BadVideoFile
from pledge.files.storage import StorageAway

#: What can be wrong with a folder: a file or a setting that is missing, a text or a film that cannot be kept.
_FAULTS = (OSError, LookupError, ValueError, PledgeTextChanged, BadVideoFile, StorageAway)

campaign = AppGroup("campaign", help="A campaign from files.")


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
