"""The security headers that every answer carries: pages, JSON, static files and errors alike."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response
from whitenoise import WhiteNoise

from pledge.settings import Settings

CONTENT_SECURITY_POLICY = "; ".join(  # noqa: FLY002  # one directive a line
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def security_headers(settings: Settings) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        # `no-referrer` would turn the Origin of our own forms into "null" and lock every signer out.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
        "X-Frame-Options": "DENY",
    }
    if settings.is_production:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def init_app(app: Flask, settings: Settings) -> None:
    fixed = list(security_headers(settings).items())

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in fixed:
            response.headers.setdefault(name, value)
        # Nothing may be kept by a cache unless its view said so.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class StaticFiles(WhiteNoise):  # type: ignore[misc]  # the library has no types
    """Static files with the security headers on each answer, also on 405 and 416."""

    def __init__(self, application: Any, settings: Settings, **options: Any) -> None:
        super().__init__(application, **options)
        self._fixed = security_headers(settings)

    def serve(
        self, static_file: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *self._fixed.items()], *rest)

        answer: Iterable[bytes] = super().serve(static_file, environ, start)
        return answer
