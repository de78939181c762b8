"""Which part of a host name has one owner, by the Public Suffix List. Our table was reviewed on 2026-11-24."""

from functools import cache

from publicsuffixlist import PublicSuffixList

#: Hosts that give names to many owners and are missing in the Public Suffix List.
SHARED_HOSTS = frozenset(
    "kr.com amazonaws.com squarespace.com weebly.com wordpress.com sites.google.com blog.naver.com tistory.com modoo.at "
    "imweb.me cafe24.com mycafe24.com cafe24.co.kr godo.co.kr godohosting.com gethompy.com dothome.co.kr creatorlink.net "
    "oopy.io waveon.io iptime.org egloos.com ivyro.net woobi.co.kr".split()
)


def registrable(host: str) -> str | None:
    """The part of a host name that one owner registered: `posco.co.kr` of `www.posco.co.kr`.

    None for a bare ending, and for one that is not in the Public Suffix List.
    """
    for shared in SHARED_HOSTS:
        if host == shared:
            return None
        if host.endswith(f".{shared}"):
            return f"{host.removesuffix(f'.{shared}').rpartition('.')[2]}.{shared}"
    return below_suffix(host)


def below_suffix(host: str) -> str | None:
    """The same by the Public Suffix List alone."""
    return _suffixes().privatesuffix(host)


def is_shared(host: str) -> bool:
    """Whether many owners have names below this host."""
    return host in SHARED_HOSTS or _suffixes().is_public(host)


@cache
def _suffixes() -> PublicSuffixList:
    """The list that comes with the package: nothing is fetched."""
    return PublicSuffixList(accept_unknown=False)
