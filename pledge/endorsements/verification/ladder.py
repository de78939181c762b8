"""The third verification level: a line that only the owner of a website can publish in its DNS or on it.

The check contacts machines that a stranger named, so it connects to public addresses only, to the very address that was
checked (no second look-up that could differ), over TLS with the certificate verified, follows no redirect, and ends within
seconds.
"""

import hmac
import http.client
import io
import socket
import ssl
from typing import Any, NamedTuple

from config import current_config
from pledge.core import clock
from pledge.core.domains import registrable
from pledge.core.encryption import vault
from pledge.core.logs import log
from pledge.core.networks import is_public
from pledge.endorsements.verification.domains import BadWebsite, clean_website, has_own_host, host_of

RECORD = "_pledge"  #: the TXT record is at this name below the domain
PATH = "/.well-known/pledge.txt"
PORT = 443

_SECONDS = 8.0  #: for all of it, except the last answer's own timeout
_DNS_SECONDS = 2.0
_CONNECT_SECONDS = 2.0
_MAX_ANSWER = 16 * 1024
_MAX_FILE = 1024


class Proof(NamedTuple):
    """What to publish where."""

    domain: str  #: whose DNS gets a TXT record
    host: str  #: the name of that record as hosters ask for it, without the domain
    record: str  #: and as it is looked up
    file: str  #: or the address of a text file
    value: str  #: what either of them says


def proof_for(endorsement_id: int, website: str) -> Proof | None:
    """None without a website of the organisation's own: on those of others it can publish neither."""
    host = host_of(website)
    domain = registrable(host) or host
    value = site_proof(endorsement_id)
    return (
        Proof(domain, RECORD, f"{RECORD}.{domain}", f"https://{host}{PATH}", value)
        if has_own_host(website)
        else None
    )


def site_proof(endorsement_id: int) -> str:
    """The content of the TXT record or the file. Computed each time, stored nowhere, always the same."""
    return f"pledge-site-{vault().keyed_hash(f'site-proof:{endorsement_id}').hex()[:32]}"


def check_site(website: str, proof: str) -> bool:
    """Whether the proof is in a TXT record at `_pledge.<domain>` or in `https://<host>/.well-known/pledge.txt`.

    False too without a website of its own, when neither can be reached, or when the setting PLEDGE_SITE_CHECKS is off. Takes up to ten seconds, so it is not
    for inside a transaction.
    """
    if not current_config().site_checks:
        return False
    try:
        host = host_of(clean_website(website))
    except BadWebsite:
        return False
    if not has_own_host(website):
        return False
    end = clock.monotonic() + _SECONDS
    answers = _resolved(f"{RECORD}.{registrable(host) or host}", "TXT", end)
    # A long text comes in several strings.
    records = [b"".join(record.strings).decode(errors="replace") for record in answers]
    return _is_in(proof, records) or _is_in(proof, _lines(host, end))


def _is_in(proof: str, lines: list[str]) -> bool:
    return any(hmac.compare_digest(proof.encode(), line.strip().encode()) for line in lines)


def _resolved(name: str, kind: str, end: float) -> list[Any]:
    import dns.resolver  # noqa: PLC0415  # only what asks name servers needs its memory

    seconds = min(_DNS_SECONDS, end - clock.monotonic())
    if seconds <= 0:
        return []
    try:
        return list(dns.resolver.resolve(name, kind, lifetime=seconds, search=False))
    except (dns.exception.DNSException, OSError):
        return []


def _lines(host: str, end: float) -> list[str]:
    """The lines of the file on the website; none when there is no such file."""
    # One address, IPv4 first.
    addresses = (record.address for kind in ("A", "AAAA") for record in _resolved(host, kind, end))
    address = next(filter(is_public, addresses), None)
    if address is None:
        return []
    try:
        return _file(_exchange(host, address, end)).splitlines()
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a malformed header
        log.info("website not read", kind=type(error).__name__)
        return []


def _exchange(host: str, address: str, end: float) -> bytes:
    """Request the file from one address; what it answered until it closed, sent enough or the time was over."""
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: pledge-site-check\r\n"
        "Accept: text/plain\r\nConnection: close\r\n\r\n"
    )
    with (
        socket.create_connection((address, PORT), timeout=_CONNECT_SECONDS) as plain,
        _tls().wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(request.encode())
        received = b""
        while len(received) < _MAX_ANSWER and (left := end - clock.monotonic()) > 0:
            connection.settimeout(left)
            try:
                part = connection.recv(4096)
            except TimeoutError:  # some servers never close; what they sent may be enough
                break
            if not part:
                break
            received += part
    return received


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Received(io.BytesIO):
    """What was received, with the part of a socket's interface that the parser of the standard library uses."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self


def _file(received: bytes) -> str:
    """The text of a file if the answer is 200; "" otherwise."""
    response = http.client.HTTPResponse(_Received(received), method="GET")  # type: ignore[arg-type]  # it asks for no more of a socket than makefile()
    response.begin()
    return response.read(_MAX_FILE).decode(errors="replace") if response.status == 200 else ""
