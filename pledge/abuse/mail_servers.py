"""Which mail domains have a scanner for a mail server, which opens the links of a mail and may press the buttons behind them;
which domains share a mail server, as those of one owner do; and which are an institution's.

The worker looks it up in DNS when it writes a mail to confirm, beside the sending and never in its way: no answer means
that nobody is asked. Kept is one row for each host of addresses, under keyed hashes of it and of its domain: the hosts of one
domain, such as the faculties of a university, may have different mail servers.
"""

import tomllib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select

from pledge.abuse.models import MailHost
from pledge.core import clock
from pledge.core.db import fetch, insert_into, transaction, write_autocommit
from pledge.core.domains import mail_domain
from pledge.core.encryption import vault
from pledge.core.networks import block_of


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


_KNOWN = _table("mail_servers.toml")
_SCANNERS = frozenset(" ".join(_KNOWN["scanners"].values()).split())
_HOSTERS = frozenset(_KNOWN["hosters"]["domains"].split())
_INSTITUTIONS = frozenset(" ".join(row["endings"] for row in _table("institutions.toml")["registry"]).split())

#: After that long a domain is looked up again, when the next mail goes there.
RECHECK_AFTER = timedelta(days=30)
#: Rows that nobody has renewed are deleted then.
DELETE_AFTER = timedelta(days=90)
#: Seconds that one look-up may take.
DNS_SECONDS = 2.0
#: Domains that may wait to be looked up, in one process.
MAX_WAITING = 10_000


@dataclass(frozen=True)
class MailHosts:
    """What DNS says of where the mail of a host goes (RFC 5321 5.1)."""

    exchangers: Sequence[tuple[int, str]] = ()  #: preference and name of each MX record
    addresses: Sequence[str] = ()  #: where there is no MX record


#: Raises DNSException when no answer came.
Resolve = Callable[[str], MailHosts]

#: The hash of the domain and the scope by host and scope.
waiting: "OrderedDict[tuple[str, str], bytes]" = OrderedDict()


def note(domain_hash: bytes, host: str, scope: str = "") -> None:
    """A mail with a link is written to an address at this host: look it up soon. Touches neither database nor network.

    `scope`: the campaign within which domains that share a server are to be known; a hash that two campaigns share would join
    their signers.
    """
    if len(waiting) < MAX_WAITING:
        waiting.setdefault((host, scope), domain_hash)


def look_up_next(resolve: Resolve | None = None) -> bool:
    """Look up the host that has waited longest, unless that was done lately, and store the result; False when none waits.

    Of one for which no answer comes only what its name says is stored: its next mail has it looked up again.
    """
    from dns.exception import DNSException  # noqa: PLC0415  # only what asks name servers needs its memory

    if not waiting:
        return False
    (host, scope), domain_hash = waiting.popitem(last=False)
    host_hash = vault().keyed_hash(f"mail host {scope} {host}")
    if _is_stored(host_hash):
        return True
    try:
        hosts: MailHosts | None = (resolve or mail_hosts)(host)
    except (DNSException, OSError):
        hosts = None
    owner = server_owner(host, hosts) if hosts else None
    row = {
        "host_hash": host_hash,
        "domain_hash": domain_hash,
        "scans": hosts is not None and is_scanner(hosts),
        "server_hash": owner and vault().keyed_hash(f"mail server {scope} {owner}"),
        "is_institution": is_institution(host),
        "checked_at": clock.now() if hosts else clock.now() - RECHECK_AFTER,
    }
    with transaction() as session:
        stored = insert_into(session.connection(), MailHost).values(row)
        updated = stored.on_conflict_do_update(index_elements=[MailHost.host_hash], set_=row)
        session.execute(updated if hosts else stored.on_conflict_do_nothing())
    return True


def scans(domain_hash: Any) -> ColumnElement[bool]:
    """SQL: whether the mail server of some host of the domain of this hash is a scanner's."""
    return exists().where(MailHost.domain_hash == domain_hash, MailHost.scans)


def is_scanner(hosts: MailHosts) -> bool:
    """Whether one of the mail servers is a scanner's."""
    return any(_is_below(name, _SCANNERS) for _preference, name in _exchangers(hosts))


def server_owner(host: str, hosts: MailHosts) -> str | None:
    """Who runs the mail server of a host, by the names in the MX records of the lowest preference, where all its mail goes first;
    without MX the IPv4 /24 or IPv6 /48 that it is in.

    None for the owner of the domain itself, for one who has many customers, for several, and where there is no server: whoever
    makes a domain may name anybody beside themselves.
    """
    exchangers = _exchangers(hosts)
    if not hosts.exchangers:
        blocks = {block_of(address) for address in hosts.addresses}
        blocks = {block for block in blocks if "." in block} or blocks  # IPv4 before IPv6
        return blocks.pop() if len(blocks) == 1 else None
    lowest = min(exchangers, default=(0, ""))[0]
    names = {name for preference, name in exchangers if preference == lowest}
    owners = {mail_domain(name) for name in names}
    is_shared = bool(owners & _HOSTERS) or any(_is_below(name, _SCANNERS) for name in names)
    return owners.pop() if len(owners) == 1 and not is_shared and mail_domain(host) not in owners else None


def is_institution(host: str) -> bool:
    """Whether a registry has given the domain to an institution (institutions.toml)."""
    return _is_below(host, _INSTITUTIONS)


def _is_below(name: str, known: frozenset[str]) -> bool:
    labels = name.split(".")
    return any(".".join(labels[start:]) in known for start in range(len(labels)))


def _exchangers(hosts: MailHosts) -> list[tuple[int, str]]:
    """The MX records as names are compared, without the one that says there is no mail (RFC 7505)."""
    names = [(preference, name.rstrip(".").lower()) for preference, name in hosts.exchangers]
    return [(preference, name) for preference, name in names if name]


def mail_hosts(host: str) -> MailHosts:
    """Ask DNS where the mail of a host goes; nowhere when it does not exist. A first MX without an address gets none of it."""
    exchangers = [(record.preference, record.exchange.to_text()) for record in _records(host, "MX")]
    exchangers.sort()
    while len(exchangers) > 1 and not _addresses(exchangers[0][1]):
        del exchangers[0]
    return MailHosts(exchangers) if exchangers else MailHosts(addresses=_addresses(host))


def no_answer(_host: str) -> MailHosts:
    """In place of mail_hosts(), where no name server is asked."""
    raise OSError


def _addresses(host: str) -> list[str]:
    return [record.address for kind in ("A", "AAAA") for record in _records(host, kind)]


def _records(host: str, kind: str) -> list[Any]:
    import dns.resolver  # noqa: PLC0415  # as above

    try:
        return list(dns.resolver.resolve(host, kind, lifetime=DNS_SECONDS, search=False))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []


def sweep() -> int:
    """Delete the rows of hosts that nobody has written to for long; how many."""
    old = delete(MailHost).where(MailHost.checked_at < clock.now() - DELETE_AFTER)
    return write_autocommit(lambda connection: connection.execute(old).rowcount)


def _is_stored(host_hash: bytes) -> bool:
    """Whether some process has looked it up lately."""
    query = select(MailHost.host_hash).where(
        MailHost.host_hash == host_hash, MailHost.checked_at > clock.now() - RECHECK_AFTER
    )
    return fetch(query).first() is not None
