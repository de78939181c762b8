"""The argument SLUG of several commands."""

import click

from pledge.campaigns.queries import slugs


def campaign_id(slug: str) -> int:
    """The id of the campaign. Raises click.UsageError, which names the campaigns there are."""
    known = {name: number for number, name in slugs().items()}
    if slug not in known:
        names = ", ".join(sorted(known)) or "none yet (see `flask demo load`)"
        raise click.UsageError(f"there is no campaign {slug!r}; known: {names}")
    return known[slug]
