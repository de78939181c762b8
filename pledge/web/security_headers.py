"""The security headers that every answer carries: pages, JSON, static files and errors alike."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from config import Config

_DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join((*_DIRECTIVES, "frame-ancestors 'none'"))
#: For the pages that other sites may frame (docs/adr/0110); they are answered without X-Frame-Options.
FRAMEABLE_POLICY = "; ".join((*_DIRECTIVES, "frame-ancestors *"))


def policy_with(sources: dict[str, str]) -> str:
    """The usual policy with one more source for some of its directives, as `{"script-src": "https://…"}`."""
    parts = (directive.partition(" ") for directive in CONTENT_SECURITY_POLICY.split("; "))
    return "; ".join(f"{name} {values} {sources.get(name, '')}".rstrip() for name, _, values in parts)


def security_headers(config: Config) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        # `no-referrer` would turn the Origin of our own forms into "null", and no form could be sent.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
        "X-Frame-Options": "DENY",
    }
    if config.is_production:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


class SecurityHeaders:
    """WSGI middleware: adds the default headers that an answer does not set itself."""

    def __init__(self, app: WSGIApplication, config: Config) -> None:
        self._app = app
        # No cache may keep an answer unless its view allows it.
        defaults = {**security_headers(config), "Cache-Control": "no-store"}
        self._defaults = [(name.lower(), (name, value)) for name, value in defaults.items()]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            if ("Content-Security-Policy", FRAMEABLE_POLICY) in headers:
                given.add("x-frame-options")
            missing = [pair for name, pair in self._defaults if name not in given]
            return start_response(status, headers + missing, *rest)

        return self._app(environ, start)
