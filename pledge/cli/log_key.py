"""The check for commands that sign the public log: they need its key."""

import click

from config import Config


def refuse_without_log_key(config: Config) -> None:
    """Raise ClickException when another process signs the log: a fold would fail for ever."""
    if not config.log_signing_keys:
        raise click.ClickException(
            "PLEDGE_LOG_KEY is `elsewhere`, but this process is the one that signs the log."
        )
