"""A website on this machine that speaks TLS, for what asks other machines."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.nginx import make_certificate
from tests.support.waiting import TEST_TIMEOUT


class Website:
    """Speaks TLS with a certificate for `host` and hands each connection to `answer(connection)`."""

    def __init__(self, folder: Path, host: str) -> None:
        self.certificate, key = make_certificate(folder, host)
        self.answer: Callable[[ssl.SSLSocket], None] = lambda connection: None
        self.requests: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def answer_with(self, *parts: bytes) -> None:
        """Send these bytes to whoever asks, and close."""
        self.answer = lambda connection: [connection.sendall(part) for part in parts] and None

    def close(self) -> None:
        self._open = False
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            plain, _ = self._socket.accept()
            if not self._open:
                plain.close()
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    connection.settimeout(TEST_TIMEOUT)
                    self.requests.append(_request(connection))
                    self.answer(connection)
            except OSError:  # the other side has had enough
                plain.close()


def _request(connection: ssl.SSLSocket) -> bytes:
    """The whole request, with its body."""
    received = connection.recv(4096)
    while not _is_whole(received) and (part := connection.recv(4096)):
        received += part
    return received


def _is_whole(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(separator) and len(body) >= (int(length[1]) if length else 0)
