"""Commands that sign the public log do not begin without its key."""

import click

from pledge.settings import Settings


def refuse_without_log_key(settings: Settings) -> None:
    """One clear line instead of a fold that fails for ever."""
    if not settings.log_signing_keys:
        raise click.ClickException(
            "PLEDGE_LOG_KEY is `elsewhere`, but this process is the one that signs the log."
        )
