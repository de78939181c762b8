"""Packs, receipts and logs with a key of their own need no database."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support import packs
from tests.support.checkers import CheckerResult, check, program


@pytest.fixture(scope="session")
def log() -> packs.Log:
    return packs.made_up(packs.EVENTS)


@pytest.fixture
def website(tmp_path, monkeypatch) -> Iterator[tuple[str, list[str]]]:
    """The address of the site whose folder is served, that of the made-up logs, and which paths were asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever).start()
        fetch, served = program.fetch, f"http://127.0.0.1:{server.server_port}"
        name = f"http://{packs.ORIGIN.partition('/')[0]}"
        at_server = lambda address, longest: fetch(address.replace(name, served), longest)  # noqa: E731
        monkeypatch.setattr(program, "fetch", at_server)
        yield name, asked
        server.shutdown()


@pytest.fixture
def checked(tmp_path):
    """`checked(bytes, keys=None)`: what the program says of a pack."""

    def checked(content: bytes, keys: str | None = None) -> CheckerResult:
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        return check(path, keys)

    return checked
