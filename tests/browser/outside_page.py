"""A page of another site, which embeds ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def outside_page(site: str, body: str, more: str = "") -> Iterator[str]:
    """The address of a page on another origin, whose policy allows our script and our frame only, and what is in `more`."""
    page = f"<!doctype html><html lang=en><title>A partner</title><body><h1>A partner</h1>{body}</body></html>".encode()
    policy = f"default-src 'none'; script-src {site}; frame-src {site}; base-uri 'none'; form-action 'none'; {more}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *_arguments):
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"  # not 127.0.0.1, where the site is: another site altogether
        server.shutdown()
