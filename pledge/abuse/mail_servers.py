"""Which mail domains have a scanner for a mail server, which opens the links of a mail and may press the buttons behind them;
and which domains share a mail server, as those of one owner do.

The worker looks it up in DNS when it writes a mail to confirm, beside the sending and never in its way: no answer means
that nobody is asked. Kept is one row for each domain, under a keyed hash of it.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select

from pledge.abuse.models import MailServer
from pledge.core import clock
from pledge.core.db import fetch, insert_into, transaction, write_autocommit
from pledge.core.domains import below_suffix
from pledge.core.encryption import vault

#: Reviewed 2026-11-27: under which names the mail servers of services stand that follow the links of a mail. Those of free
#: mailboxes at Microsoft (olc.protection.outlook.com) are not among them: only companies' mail is scanned in that way.
_SCANNING_SERVICES = {
    "Microsoft Defender for Office 365": "mail.protection.outlook.com mx.microsoft",
    "Proofpoint": "pphosted.com ppe-hosted.com",
    "Mimecast": "mimecast.com mimecast.co.za",
    "Barracuda": "barracudanetworks.com",
    "Trend Micro": "hes.trendmicro.com hes.trendmicro.eu tmes.trendmicro.com tmes.trendmicro.eu",
    "Symantec, now Broadcom": "messagelabs.com",
    "Cisco": "iphmx.com",
    "Cloudflare Area 1": "mxrecord.io",
    "Trellix, before FireEye": "fireeyecloud.com",
    "Forcepoint": "mailcontrol.com",
    "Sophos": "hydra.sophos.com",
    "Hornetsecurity": "hornetsecurity.com",
    "Fortinet": "fortimailcloud.com",
    "Check Point": "checkpointcloudsec.com",
}
SCANNERS = " ".join(_SCANNING_SERVICES.values()).split()

#: Reviewed 2026-11-29: whose mail servers serve the domains of many owners, besides the scanners.
HOSTERS = frozenset(
    "google.com googlemail.com outlook.com naver.com worksmobile.com daum.net kakao.com hiworks.com hiworks.co.kr gabia.com cafe24.com "
    "whoisworks.com mailplug.co.kr ecounterp.com crinity.com zoho.com zoho.eu zohomail.com yandex.net icloud.com qq.com "
    "mxhichina.com aliyun.com secureserver.net emailsrvr.com ovh.net ionos.com 1and1.com kundenserver.de gandi.net one.com "
    "registrar-servers.com privateemail.com hostinger.com titan.email messagingengine.com protonmail.ch mailgun.org "
    "cloudflare.net improvmx.com forwardemail.net sakura.ne.jp xserver.jp lolipop.jp".split()
)

#: After that long a domain is looked up again, when the next mail goes there.
RECHECK_AFTER = timedelta(days=30)
#: Rows that nobody has renewed are deleted then.
DELETE_AFTER = timedelta(days=90)
#: Seconds that one look-up may take.
DNS_SECONDS = 2.0
#: Domains that may wait to be looked up, in one process.
MAX_WAITING = 10_000

#: The names of a domain's mail servers. Raises DNSException when no answer came.
Resolve = Callable[[str], list[str]]

#: Domain and scope by the hash of the domain.
waiting: "OrderedDict[bytes, tuple[str, str]]" = OrderedDict()


def note(domain_hash: bytes, domain: str, scope: str = "") -> None:
    """A mail with a link is written to this domain: look it up soon. Touches neither database nor network.

    `scope`: the campaign within which domains that share a server are to be known; a hash that two campaigns share would join
    their signers.
    """
    if len(waiting) < MAX_WAITING:
        waiting.setdefault(domain_hash, (domain, scope))


def look_up_next(resolve: Resolve | None = None) -> bool:
    """Look up the domain that has waited longest, unless that was done lately, and store the result; False when none waits.

    One for which no answer comes is dropped: by the next attempt its mail would be read. Its next mail notes it again.
    """
    from dns.exception import DNSException  # noqa: PLC0415  # only what asks name servers needs its memory

    if not waiting:
        return False
    domain_hash, (domain, scope) = waiting.popitem(last=False)
    if not _is_stored(domain_hash):
        try:
            found = (resolve or mail_exchangers)(domain)
        except (DNSException, OSError):
            return True
        owner = server_owner(found)
        row = {
            "domain_hash": domain_hash,
            "scans": is_scanner(found),
            "server_hash": owner and vault().keyed_hash(f"mail server {scope} {owner}"),
            "checked_at": clock.now(),
        }
        with transaction() as session:
            stored = insert_into(session.connection(), MailServer).values(row)
            session.execute(stored.on_conflict_do_update(index_elements=[MailServer.domain_hash], set_=row))
    return True


def scans(domain_hash: Any) -> ColumnElement[bool]:
    """SQL: whether the mail server of the domain of this hash is a scanner's."""
    return exists().where(MailServer.domain_hash == domain_hash, MailServer.scans)


def is_scanner(exchangers: list[str]) -> bool:
    """Whether one of these host names is a scanner's."""
    names = [name.rstrip(".").lower() for name in exchangers]
    return any(name == known or name.endswith(f".{known}") for name in names for known in SCANNERS)


def server_owner(exchangers: list[str]) -> str | None:
    """The domain of those who run these mail servers; None when there are none, or they serve many owners."""
    owners = {owner for name in exchangers if (owner := below_suffix(name.rstrip(".").lower()))}
    return None if is_scanner(exchangers) or owners & HOSTERS else min(owners, default=None)


def mail_exchangers(domain: str) -> list[str]:
    """The names in the MX records of a domain; none when it has none or does not exist."""
    import dns.resolver  # noqa: PLC0415  # as above

    try:
        answer = dns.resolver.resolve(domain, "MX", lifetime=DNS_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [record.exchange.to_text() for record in answer]


def sweep() -> int:
    """Delete the rows of domains that nobody has written to for long; how many."""
    old = delete(MailServer).where(MailServer.checked_at < clock.now() - DELETE_AFTER)
    return write_autocommit(lambda connection: connection.execute(old).rowcount)


def _is_stored(domain_hash: bytes) -> bool:
    """Whether some process has looked it up lately."""
    query = select(MailServer.domain_hash).where(
        MailServer.domain_hash == domain_hash, MailServer.checked_at > clock.now() - RECHECK_AFTER
    )
    return fetch(query).first() is not None
