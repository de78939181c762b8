"""tools/verify.py checks the record of paper signatures as the site publishes it, and finds every line that was changed."""

import functools
import http.server
import json
import threading
from hashlib import sha256

import pytest

from pledge.ledger.log import signers_for
from pledge.paper import services
from tests.support import paper
from tests.support.checkers import say
from tests.support.factories import SLUG
from tests.support.paper import COUNTER

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, files, *arguments):
        self.files = files
        super().__init__(*arguments)

    def do_GET(self):
        found = self.files.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def record(client):
    """The two files of a record of three lines, by their paths on the server that they are checked on."""
    first = paper.agreed(signatures=128)
    paper.agreed(signatures=40)
    services.withdraw(COUNTER, SLUG, first, "copies")
    paper.sign()
    return {
        f"/log/{SLUG}/{name}": client.get(f"/log/{SLUG}/{name}").data for name in ("paper", "paper/entries")
    }


@pytest.fixture
def checked(record):
    """`checked()` gives what the program says of the record as it is then."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, record))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/log/{SLUG}"
    yield lambda: say("paper", address, "--key", str(signers_for(SLUG)[0].verifier))
    server.shutdown()
    thread.join()
    server.server_close()


def entries(record):
    return record[f"/log/{SLUG}/paper/entries"].splitlines()


def replace(record, lines):
    record[f"/log/{SLUG}/paper/entries"] = b"".join(line + b"\n" for line in lines)


def test_a_record_as_it_is_published_is_right(checked):
    said = checked()
    assert said.code == 0
    assert said.out.startswith("paper signatures 40\nlines 3\n")


@pytest.mark.parametrize("number", range(3))
def test_a_line_that_was_changed_is_found(checked, record, number):
    lines = entries(record)
    said = json.loads(lines[number])
    lines[number] = json.dumps({**said, "sheets": said["sheets"] + 1}, separators=(",", ":")).encode()
    replace(record, lines)
    # Which of its numbers is wrong is told by the line after it, or by the signed end.
    assert ("FAILED paper-sum:" if number == 2 else f"FAILED paper-line:{number + 1}:") in checked().out


def test_a_line_that_was_left_out_is_found(checked, record):
    replace(record, entries(record)[:-1])
    assert "FAILED paper-sum:" in checked().out


@pytest.mark.parametrize("change", [128, -40, -1, 0, "128"])
def test_a_third_line_that_takes_back_no_whole_batch_is_found(checked, record, change):
    lines = entries(record)
    lines[2] = json.dumps({**json.loads(lines[2]), "change": change}, separators=(",", ":")).encode()
    replace(record, lines)
    said = checked()
    assert said.code == 1
    assert "line 2 does not follow" in said.out


def test_an_end_that_the_key_has_not_signed_is_refused(checked, record):
    path, last = f"/log/{SLUG}/paper", sha256(entries(record)[-1]).hexdigest().encode()
    assert last in record[path]
    record[path] = record[path].replace(b"\n40\n", b"\n41\n")
    assert "FAILED paper:" in checked().out


def test_where_nothing_was_signed_on_paper_nothing_is_checked(checked, record):
    record.clear()
    assert checked().code == 2
