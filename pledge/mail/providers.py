"""Public mail providers: what they ignore in an address, and which domains are no single owner's. The table is providers.toml."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pledge.core.domains import mail_domain

#: The `name` of those that are not counted apart.
OTHER = "other"


@dataclass(frozen=True)
class Provider:
    """What is known of one of the domains of a mail provider; the fields are explained in the table."""

    domain: str  #: the name under which its mailboxes count
    name: str = OTHER
    page: str = ""
    ignores_dots: bool = False
    ignores_plus: bool = False
    counts_as_one: bool = False
    is_open: bool = True


def _read() -> Iterator[tuple[str, Provider]]:
    table = tomllib.loads(Path(__file__).with_name("providers.toml").read_text("utf-8"))
    for row in table["provider"]:
        domains, is_same_mailbox = row.pop("domains").split(), row.pop("one_mailbox", False)
        for domain in domains:
            yield domain, Provider(domains[0] if is_same_mailbox else domain, **row)


PROVIDERS = dict(_read())

#: Where people with an address at these domains read their mail.
MAILBOXES = {domain: f"https://{provider.page}" for domain, provider in PROVIDERS.items() if provider.page}

#: Each person has few mailboxes there: nobody is limited or held for what others do at the same domain.
EXEMPT = frozenset(domain for domain, provider in PROVIDERS.items() if not provider.counts_as_one)


def counted_domain(host: str) -> str:
    """The domain as which the addresses at this host are counted, limited and held (core/domains.py: mail_domain).

    Those at hosts below a provider's are counted together, and apart from it: at some, all of `*@name.fastmail.com` is one mailbox.
    """
    domain = host if host in PROVIDERS else mail_domain(host)
    return f"*.{domain}" if domain in PROVIDERS and domain != host else domain


def owned_domain(host: str) -> str | None:
    """The same; None of a provider, where addresses have many owners."""
    return None if host in EXEMPT else counted_domain(host)


def canonical(local: str, domain: str) -> str:
    """The canonical form of an address, the same for all that reach one person; at unknown domains only case is ignored."""
    provider = PROVIDERS.get(domain)
    local = local.casefold()
    if provider is None:
        return f"{local}@{domain}"
    if provider.ignores_plus:
        local = local.partition("+")[0] or local
    if provider.ignores_dots:
        local = local.replace(".", "")
    return f"{local}@{provider.domain}"


def exact(address: str) -> str:
    """An address without what its provider ignores, at its own domain: what is capped, and stopped after a bounce.

    Unlike the canonical form it keeps the domain: whoever has a name at one domain of a provider may have none at another.
    """
    local, _, domain = address.rpartition("@")
    return f"{canonical(local, domain).rpartition('@')[0]}@{domain.lower()}"


def without_tag(address: str) -> str | None:
    """The address without the +tag that its provider may keep apart; None when it has none.

    A stranger can think of any number of tags, and one mailbox may get the mails for all of them.
    """
    local, _, domain = exact(address).rpartition("@")
    before, plus, _ = local.partition("+")
    return f"{before}@{domain}" if before and plus else None


def likely_domain(domain: str) -> str | None:
    """The large provider that may have been meant by a domain that differs from it by a letter or two."""
    if domain in PROVIDERS:
        return None
    return next(iter(get_close_matches(domain, sorted(MAILBOXES), n=1, cutoff=0.85)), None)
