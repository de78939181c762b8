"""Health and metrics of a worker that runs alone, as in a container: at PLEDGE_WORKER_PORT, where nothing else is answered."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

PATHS = frozenset({"/healthz", "/metrics"})


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 5  #: seconds that a client may be silent

    def log_message(self, *_: object) -> None:
        """No line for each request: the application logs them."""


def serve(app: Flask, port: int, is_alive: Callable[[], bool]) -> WSGIServer:
    """Answer on all addresses, in a thread of its own. `/healthz` is 503 when the worker is not alive."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path not in PATHS:
            return _plain(start_response, "404 NOT FOUND")
        if path == "/healthz" and not is_alive():
            return _plain(start_response, "503 SERVICE UNAVAILABLE")
        return app.wsgi_app(environ, start_response)

    server = make_server("", port, answer, server_class=_Server, handler_class=_Handler)
    threading.Thread(target=server.serve_forever, name="watched", daemon=True).start()
    return server


def _plain(start_response: StartResponse, status: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{status}\n".encode()]
