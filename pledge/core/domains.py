"""The registrable part of a host name, by the Public Suffix List. Our additions were reviewed on 2026-11-24."""

from functools import cache

from publicsuffixlist import PublicSuffixList

#: Hosts that give names to many owners but are missing from the Public Suffix List.
SHARED_HOSTS = frozenset(
    "kr.com amazonaws.com squarespace.com weebly.com wordpress.com sites.google.com blog.naver.com tistory.com modoo.at "
    "imweb.me cafe24.com mycafe24.com cafe24.co.kr godo.co.kr godohosting.com gethompy.com dothome.co.kr creatorlink.net "
    "oopy.io waveon.io iptime.org egloos.com ivyro.net woobi.co.kr".split()
)


def mail_domain(host: str) -> str:
    """The domain registered with a registry: `posco.co.kr` for `mail.posco.co.kr`; a bare suffix gives itself.

    This is what "domain" means wherever addresses are counted, limited or held. Only suffixes of registries count: names below
    duckdns.org are free, so all of them are one. Below an unknown suffix: the last two labels.
    """
    return _registries().privatesuffix(host) or host


def registrable(host: str) -> str | None:
    """The part of a website's host that has one owner: `posco.co.kr` of `www.posco.co.kr`, `shop.kr.com` of `www.shop.kr.com`.

    Stricter than mail_domain(): taking two owners for one would verify a stranger. None for a bare or unknown suffix.
    """
    for shared in SHARED_HOSTS:
        if host == shared:
            return None
        if host.endswith(f".{shared}"):
            return f"{host.removesuffix(f'.{shared}').rpartition('.')[2]}.{shared}"
    return _suffixes().privatesuffix(host)


def is_shared(host: str) -> bool:
    """Whether many owners have names below this host."""
    return host in SHARED_HOSTS or _suffixes().is_public(host)


@cache
def _suffixes() -> PublicSuffixList:
    """The list that comes with the package: nothing is fetched."""
    return PublicSuffixList(accept_unknown=False)


@cache
def _registries() -> PublicSuffixList:
    """Its part about registries."""
    return PublicSuffixList(only_icann=True)
