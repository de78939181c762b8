"""Mail providers: what they ignore in an address, and which are too large to be limited as one domain.

Compiled 2026-11-26 from general knowledge; the providers' own pages were not consulted. The tables change with an ADR or a line in
the changelog, as they decide who is one person.
"""

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Provider:
    """What a mail provider ignores in the part before the @."""

    domain: str  #: the name under which all its domains count
    ignores_dots: bool = False
    ignores_plus: bool = False


def _one_mailbox(*domains: str, dots: bool = False, plus: bool = False) -> dict[str, Provider]:
    """Domains under which one name is one mailbox; the first is the canonical one."""
    return dict.fromkeys(domains, Provider(domains[0], dots, plus))


def _with_tags(domains: str) -> dict[str, Provider]:
    """Domains that keep their names apart and deliver `name+tag` to `name`."""
    return {domain: Provider(domain, ignores_plus=True) for domain in domains.split()}


#: Outlook.com's own domains and those that it took over; the same name under two of them is two mailboxes.
_MICROSOFT = (
    "outlook.com outlook.kr outlook.jp outlook.co.th outlook.co.id outlook.co.il outlook.in outlook.my outlook.ph outlook.sg "
    "outlook.sa outlook.de outlook.at outlook.fr outlook.be outlook.es outlook.pt outlook.it outlook.ie outlook.dk "
    "outlook.cz outlook.hu outlook.sk outlook.lv outlook.com.gr outlook.com.tr outlook.com.au outlook.com.vn outlook.cl "
    "outlook.com.ar outlook.com.br outlook.com.pe "
    "hotmail.com hotmail.co.kr hotmail.co.jp hotmail.co.th hotmail.co.id hotmail.co.in hotmail.co.nz hotmail.co.za "
    "hotmail.co.il hotmail.co.uk hotmail.com.au hotmail.com.vn hotmail.com.tr hotmail.com.ar hotmail.com.br hotmail.com.hk "
    "hotmail.com.tw hotmail.de hotmail.ch hotmail.fr hotmail.be hotmail.nl hotmail.es hotmail.it hotmail.ca hotmail.cl "
    "hotmail.se hotmail.no hotmail.dk hotmail.fi hotmail.gr hotmail.cz hotmail.hu hotmail.sg hotmail.my hotmail.ph hotmail.rs "
    "live.com live.co.kr live.jp live.cn live.hk live.in live.ru live.co.uk live.ie live.de live.at live.fr live.be live.nl "
    "live.it live.ca live.cl live.se live.no live.dk live.fi live.co.za live.com.au live.com.sg live.com.my live.com.ph "
    "live.com.mx live.com.ar live.com.pt msn.com windowslive.com"
)

PROVIDERS: dict[str, Provider] = {
    **_one_mailbox("gmail.com", "googlemail.com", dots=True, plus=True),
    **_one_mailbox("daum.net", "hanmail.net"),
    **_one_mailbox("icloud.com", "me.com", "mac.com", plus=True),
    **_one_mailbox("proton.me", "protonmail.com", "protonmail.ch", "pm.me", plus=True),
    **_one_mailbox(
        *("yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "yandex.com.tr", "ya.ru"),
        plus=True,
    ),
    **_with_tags(_MICROSOFT),
    **_with_tags("fastmail.com fastmail.fm"),
    **_with_tags("zoho.com zohomail.com zoho.eu zohomail.eu zoho.in zohomail.in zohomail.com.au zohomail.jp"),
}

#: Where people with an address at these domains read their mail.
MAILBOXES = {
    domain: f"https://{page}"
    for page, domains in {
        "mail.naver.com": "naver.com",
        "mail.daum.net": "daum.net hanmail.net",
        "mail.kakao.com": "kakao.com",
        "mail.nate.com": "nate.com",
        "mail.korea.kr": "korea.kr",
        "mail.google.com": "gmail.com googlemail.com",
        "outlook.live.com": "outlook.com outlook.kr outlook.jp hotmail.com hotmail.co.kr hotmail.co.jp hotmail.co.uk hotmail.fr "
        "live.com live.co.kr live.jp live.co.uk msn.com",
        "mail.yahoo.com": "yahoo.com yahoo.co.kr yahoo.co.uk yahoo.de yahoo.fr ymail.com",
        "mail.yahoo.co.jp": "yahoo.co.jp",
        "mail.aol.com": "aol.com",
        "www.icloud.com/mail": "icloud.com me.com mac.com",
        "mail.proton.me": "proton.me protonmail.com pm.me",
        "mail.yandex.ru": "yandex.ru",
        "mail.qq.com": "qq.com",
        "mail.163.com": "163.com",
        "mail.126.com": "126.com",
    }.items()
    for domain in domains.split()
}

#: Registrable domains at which so many people of so many places have their mailbox that signing by the hundred in ten
#: minutes is nothing strange. Each gives out mailboxes one at a time, to people whom it asks for a telephone number or a
#: payment, or has been the mail of a whole service (korea.kr, the public servants' mail). Disposable mail is not here.
LARGE_PROVIDERS = frozenset(
    {
        *MAILBOXES,
        *"gmx.de gmx.net web.de t-online.de mail.ru orange.fr free.fr".split(),
        *"docomo.ne.jp ezweb.ne.jp softbank.ne.jp comcast.net btinternet.com".split(),
    }
)


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
    if domain in LARGE_PROVIDERS:
        return None
    return next(iter(get_close_matches(domain, sorted(LARGE_PROVIDERS), n=1, cutoff=0.85)), None)
