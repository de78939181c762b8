"""Domains that give out throwaway addresses, by the list of the package `disposable-email-domains`: nothing is fetched."""

from disposable_email_domains import blocklist


def is_disposable(domain: str) -> bool:
    """Whether a mail domain (in ASCII and lower case), or one above it, is in the list."""
    while domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False
