"""`flask data-keys reencrypt`: the second half of changing a data key."""

from collections import Counter

import click
from flask.cli import AppGroup

from pledge.core.db.reencrypting import reencrypt
from pledge.core.encryption import Unreadable
from pledge.files import scans
from pledge.files.storage import StorageAway

data_keys = AppGroup("data-keys", help="The keys that encrypt names and addresses.")

#: Rows that somebody is changing are passed over; nobody changes the same row so often.
MAX_ROUNDS = 20


@data_keys.command("reencrypt")
def encrypt_anew() -> None:
    """Encrypt with the newest data key whatever an older one has encrypted, while the site runs. Can be stopped and called again."""
    done: Counter[str] = Counter()
    try:
        for _round in range(MAX_ROUNDS):
            before = done.total()
            for table, rows in reencrypt():
                done[table] += rows
            if done.total() == before:
                break
        else:
            raise click.ClickException("rows are still being changed; call this again")
        done["stored_files"] = scans.reencrypt()
    except StorageAway:
        raise click.ClickException("the storage of files cannot be reached; call this again") from None
    except Unreadable as error:
        raise click.ClickException(
            f"{error}: put the key that encrypted it back into PLEDGE_DATA_KEYS. What was encrypted anew before stays so."
        ) from None
    for table, rows in sorted((+done).items()):
        click.echo(f"{table}: {rows} rows encrypted anew")
    click.echo(
        "Everything is encrypted with the newest key. Of the others only the last one of PLEDGE_DATA_KEYS is needed now, and in "
        "backups from before the one that they were made with."
    )
