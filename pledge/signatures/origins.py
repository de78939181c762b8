"""Where a sign-up came from: stored so that robots can be found afterwards, in a form that reveals nothing about a person.

A network, the wider one around it and a mail domain are kept as keyed hashes, other ones in each campaign: staff who know one can look for it; a
copy of the database tells neither, nor who signed two campaigns. Only the largest providers are kept by name, for the desk's figures.
"""

from dataclasses import dataclass
from functools import lru_cache

from pledge.core.encryption import Vault, vault
from pledge.core.networks import UNKNOWN, block_of, is_external, network_of
from pledge.mail.addresses import Address, BadAddress, domain_of, parse
from pledge.mail.providers import EXEMPT, OTHER, PROVIDERS, counted_domain


class BadOrigin(ValueError):
    """Not a network or mail domain that a sign-up could have come from."""


@dataclass(frozen=True)
class SignUpOrigin:
    """What is stored of it with a signature."""

    network_hash: bytes | None
    wide_network_hash: bytes | None  #: none of this machine itself, which is no place where people are
    domain_hash: bytes
    mail_provider: str

    @property
    def hashes(self) -> tuple[bytes | None, ...]:
        return (self.network_hash, self.wide_network_hash, self.domain_hash)


def origin(slug: str, address: Address, network: str) -> SignUpOrigin:
    """What to keep for a sign-up to this campaign from `network` (as limits.client_network() tells it; "" when unknown)."""
    domain = domain_of(address)
    provider = PROVIDERS.get(domain)
    return SignUpOrigin(
        network_hash=network_hash(slug, network) if network else None,
        wide_network_hash=wide_network_hash(slug, network) if is_external(network) else None,
        domain_hash=domain_hash(slug, domain),
        mail_provider=provider.name if provider else OTHER,
    )


def network_hash(slug: str, network: str) -> bytes:
    return vault().keyed_hash(f"network {slug} {network}")


def wide_network_hash(slug: str, network: str) -> bytes:
    """Hash of the IPv4 /24 or IPv6 /48 around a network as limits.client_network() tells it."""
    return vault().keyed_hash(f"wide network {slug} {block_of(network.removesuffix('/64'))}")


def domain_hash(slug: str, host: str) -> bytes:
    """Hash of the domain under which addresses at this host are counted."""
    return vault().keyed_hash(f"domain {slug} {counted_domain(host)}")


def listed_address_hash(slug: str, address: Address) -> bytes:
    """By which the list of what is held and allowed (abuse/origin_list.py) names one mailbox."""
    return vault().keyed_hash(f"listed address {slug} {address.canonical}")


def provider_domains(slug: str) -> dict[bytes, str]:
    """The domains of mail providers, at which nobody is held for others, by the hash that they have in a campaign."""
    return _provider_domains(slug, vault())


@lru_cache(maxsize=64)
def _provider_domains(slug: str, of: Vault) -> dict[bytes, str]:
    return {domain_hash(slug, domain): domain for domain in EXEMPT}


def read_network(text: str) -> str:
    """A network as staff type it, one address standing for its whole IPv6 /64. Raises BadOrigin."""
    network = network_of(text.strip().removesuffix("/64"))
    if network == UNKNOWN:
        raise BadOrigin
    return network


def read_domain(text: str) -> str:
    """A mail domain as staff type it, with or without the @. Raises BadOrigin."""
    try:
        return domain_of(parse(f"x@{text.strip().removeprefix('@')}"))
    except BadAddress:
        raise BadOrigin from None
