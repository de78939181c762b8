"""Shared by several commands: their group, the argument SLUG, the option --lang, the check for the log's key."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

from config import Config
from pledge.campaigns.queries import slugs
from pledge.core import languages
from pledge.core.db.failures import advise


class Commands(AppGroup):
    """A group of commands. When the database refuses a statement, for instance to a role without the right, one line says so."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DBAPIError as error:
            raise click.ClickException(advise(error)) from None


def campaign_id(slug: str) -> int:
    """The id of the campaign. Raises click.UsageError, which lists the campaigns."""
    known = {name: number for number, name in slugs().items()}
    if slug not in known:
        names = ", ".join(sorted(known)) or "none yet (see `flask demo load`)"
        raise click.UsageError(f"there is no campaign {slug!r}; known: {names}")
    return known[slug]


def known_language(lang: str) -> str:
    """The given language, or the site's default for "". Raises click.UsageError."""
    if lang and lang not in languages.codes():
        raise click.UsageError(
            f"{lang!r} is none of the languages of this site: {', '.join(languages.codes())}"
        )
    return lang or languages.default()


def refuse_without_log_key(config: Config) -> None:
    """Raise ClickException if only another process has the log's key: a fold here would always fail."""
    if not config.log_signing_keys:
        raise click.ClickException(
            "PLEDGE_LOG_KEY is `elsewhere`, but this process is the one that signs the log."
        )
