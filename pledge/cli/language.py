"""The option `--lang` of several commands."""

import click

from pledge.core import languages


def known_language(lang: str) -> str:
    """The language that was asked for, or the default of the site for "". Raises click.UsageError."""
    if lang and lang not in languages.codes():
        raise click.UsageError(
            f"{lang!r} is none of the languages of this site: {', '.join(languages.codes())}"
        )
    return lang or languages.default()
