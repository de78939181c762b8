"""Networks of IP addresses: what counts as one visitor, what as one provider's customer, and which addresses are public."""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address

#: The network of an address that cannot be read.
UNKNOWN = "unknown"
#: The network of ::1.
_OWN_64 = "::/64"

#: Also not public, or containing an IPv4 address that may not be (RFC 6052, 6890, 3879).
_NAT64, _SITE_LOCAL, _PROTOCOLS = (
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "fec0::/10", "192.0.0.0/24")
)

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")


def network_of(address: str) -> str:
    """The network that one visitor controls: an IPv4 address, or an IPv6 /64, which one household or phone gets.

    `203.0.113.7`, `2001:db8:1:2::/64` or `unknown`. IPv4 written inside IPv6 counts as IPv4.
    """
    ip = _read(address)
    if ip is None:
        return UNKNOWN
    return str(ip) if isinstance(ip, IPv4Address) else str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))


def block_of(address: str) -> str:
    """The largest network that one customer of a provider may have: an IPv4 /24 or an IPv6 /48 (RFC 6177).

    `203.0.113.0/24`, `2001:db8:1::/48` or `unknown`.
    """
    ip = _read(address)
    if ip is None:
        return UNKNOWN
    if isinstance(ip, IPv4Address):
        return str(ipaddress.IPv4Network((int(ip) >> 8 << 8, 24)))
    return str(ipaddress.IPv6Network((int(ip) >> 80 << 80, 48)))


def is_external(network: str) -> bool:
    """Whether a network from network_of() is known and not this machine: only then does it locate people."""
    ip = _read(network)
    return network not in ("", UNKNOWN, _OWN_64) and not (ip is not None and ip.is_loopback)


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(address: str) -> bool:
    """Whether an address is public. IPv6 that contains an IPv4 address counts as that address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour or ip.teredo or ip in _NAT64 or ip in _SITE_LOCAL:
            return False
    elif ip in _PROTOCOLS:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        # Some proxies add the port: `203.0.113.7:41822`, `[2001:db8::1]:41822`.
        match = _WITH_PORT.fullmatch(address)
        return None if match is None else _read(match[1] or match[2])
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
