"""Between a browser and the site: takes headers away that other browsers do not send.

A browser adds some of them after everything that a test can reach in it.
"""

import http.client
import threading
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.waiting import PATIENCE


class PlainProxy:
    def __init__(self, port: int, *, without: Collection[str]) -> None:
        self.taken = 0  #: headers that were taken away
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                sent = {name: value for name, value in self.headers.items() if name.lower() not in without}
                proxy.taken += len(self.headers) - len(sent)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                site.request(self.command, self.path, body, {**sent, "Connection": "close"})
                reply = site.getresponse()
                content = reply.read()
                self.send_response_only(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                site.close()

            do_GET = do_POST = answer  # noqa: N815  # the names of the library

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
