"""Domains: whether a mailbox and a website have the same owner, by the Public Suffix List. Our tables were reviewed on 2026-11-24.

"Belongs to" means the same registrable domain. Taking two owners for one would raise a stranger's verification
ladder, so under an unknown ending only the very same host belongs; not seeing that two names are one only leaves a step
to the staff (docs/security.md).
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

import idna

from pledge.abuse.signals import is_disposable
from pledge.core.domains import is_shared, mail_domain, registrable
from pledge.endorsements.models import VerificationLevel
from pledge.mail.providers import PROVIDERS

MAX_WEBSITE = 300
_MAX_HOST = 253

#: Sites that host the pages and profiles of others: the host says nothing about their owner.
_PLATFORMS = frozenset(
    "facebook.com instagram.com threads.net twitter.com x.com youtube.com youtu.be linkedin.com tiktok.com medium.com "
    "brunch.co.kr linktr.ee litt.ly google.com notion.so band.us kakao.com github.com gitlab.com substack.com "
    "wikipedia.org campaigns.do change.org".split()
)

#: Endings that are never a public website (RFC 2606, RFC 6761, RFC 6762, RFC 8375, RFC 9476, ICANN's .internal).
_NOT_PUBLIC = frozenset(
    "localhost local localdomain internal intranet lan home corp private onion invalid arpa alt".split()
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: The last label of an IP address in any notation.
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = {"http": 80, "https": 443}


class BadWebsite(ValueError):
    """Not the address of a public website."""


def is_free_mail(domain: str) -> bool:
    """Whether anybody may have an address of this domain, so that it says nothing about an organisation."""
    domain = domain.lower().strip(".")
    provider = PROVIDERS.get(domain) or PROVIDERS.get(mail_domain(domain))
    return provider.is_open if provider else is_disposable(domain)


def belongs_to(mail_domain: str, website: str) -> bool:
    """Whether the owner of the mailbox's domain is the owner of the website. Free-mail domains belong to nobody."""
    try:
        website = clean_website(website)
        mail = _ascii_host(mail_domain)
    except BadWebsite:
        return False
    host, domain = host_of(website), registrable(host_of(website))
    if is_free_mail(mail) or not has_own_host(website):
        return False
    if mail == host.removeprefix("www.") and not is_shared(mail):
        return True  # also under an ending that is not in the list
    return domain is not None and registrable(mail) == domain


def earned_level(mail_domain: str, website: str) -> VerificationLevel:
    """The level that mail and website prove together; a free-mail address (no domain) earns none above MAIL."""
    return (
        VerificationLevel.DOMAIN
        if mail_domain and website and belongs_to(mail_domain, website)
        else VerificationLevel.MAIL
    )


def has_own_host(website: str) -> bool:
    """Whether the host of a website says who it belongs to: not for "", nor for a page on a platform or at a mail provider."""
    host = host_of(website)
    domain = registrable(host) or host
    return bool(host) and domain not in _PLATFORMS and not is_shared(domain) and not is_free_mail(host)


def host_of(website: str) -> str:
    """The host of a website that `clean_website` has accepted; "" for none."""
    return urlsplit(website).hostname or ""


def clean_website(text: str) -> str:
    """The address of a public website, as ASCII with its path; `https://` is added when no scheme is typed.

    Raises BadWebsite for another scheme, a name and password, a port, an IP address in any notation, a name inside a
    network, and what is longer than 300 characters.
    """
    text = text.strip()
    if (
        not text
        or any(character.isspace() or not character.isprintable() for character in text)
        or "\\" in text
    ):
        raise BadWebsite
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(unicodedata.normalize("NFC", text))
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise BadWebsite from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or "@" in parts.netloc or port not in (None, _PORTS[scheme]):
        raise BadWebsite
    path = quote(parts.path, safe="/%:!$&()*+,;=~")
    query = f"?{quote(parts.query, safe='/%:!$&()*+,;=~?')}" if parts.query else ""
    address = f"{scheme}://{_ascii_host(host)}{path if path != '/' else ''}{query}"
    if len(address) > MAX_WEBSITE:
        raise BadWebsite
    return address


def _ascii_host(host: str) -> str:
    """A public host name in lower-case ASCII (IDNA 2008, mapped by UTS 46). Raises BadWebsite."""
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError, ValueError):
        raise BadWebsite from None
    labels = name.split(".")
    if len(labels) < 2 or len(name) > _MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise BadWebsite
    if _NUMERIC.fullmatch(labels[-1]) or labels[-1] in _NOT_PUBLIC:
        raise BadWebsite
    return name
