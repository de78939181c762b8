"""The public log as a program sees it: the addresses of C2SP tlog-tiles, and nothing at any other."""

import gzip
import json
from urllib.parse import quote

import pytest

from pledge.ledger import merkle
from pledge.verifier import PROGRAM
from pledge.web.caching import cache
from tests.support import ledger
from tests.support.checkers import program
from tests.support.factories import campaign, endorsement, fold_all, signature, signatures
from tests.support.insider import as_superuser
from tests.support.published_log import signed_by, unframed

LOG = "/log/blue-skies"

pytestmark = pytest.mark.usefixtures("app")


def fold_to(number, added):
    """A fold after so many more entries: a checkpoint there."""
    ledger.many(number, added)
    while ledger.fold():
        pass


def keys(client):
    return [program.Key(line) for line in client.get(f"{LOG}/key").text.splitlines()]


def state(client):
    return signed_by(client.get(f"{LOG}/checkpoint").text, keys(client))


# --- Checkpoint and key ---


def test_the_checkpoint_is_a_signed_note_of_three_lines_for_this_address(client):
    signatures(3)
    fold_all()
    reply = client.get(f"{LOG}/checkpoint")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=1, must-revalidate", (
        "no old one while we are away"
    )
    verifiers = keys(client)
    body = signed_by(reply.text, verifiers).note.text
    assert body.split("\n")[:2] == ["localhost/log/blue-skies", "3"]
    assert body.count("\n") == 3
    assert [verifier.name for verifier in verifiers] == ["localhost/log/blue-skies"]
    assert reply.text.split("\n")[4].startswith("\N{EM DASH} localhost/log/blue-skies ")


def test_a_campaign_that_nobody_signed_has_a_log_once_the_worker_has_seen_it(client, runner):
    campaign()
    assert client.get(f"{LOG}/checkpoint").status_code == 404
    assert client.get(f"{LOG}/key").status_code == 404
    runner.invoke(args=["ledger", "fold"])
    checkpoint = state(client)
    assert (checkpoint.size, checkpoint.root) == (0, merkle.EMPTY)


# --- Tiles ---


def test_a_tile_of_level_0_is_the_hashes_of_the_entries_under_it(client):
    signatures(2)
    fold_all()
    reply = client.get(f"{LOG}/tile/0/000.p/2")
    entries = client.get(f"{LOG}/tile/entries/000.p/2")
    assert reply.headers["Content-Type"] == entries.headers["Content-Type"] == "application/octet-stream"
    lines = unframed(entries.data)
    assert reply.data == b"".join(map(merkle.leaf_hash, lines))
    assert state(client).root == merkle.node_hash(*map(merkle.leaf_hash, lines))


def test_an_entry_tells_what_happened_and_nobody_s_name(client):
    person = signature(email="hong@example.org")
    endorsement()
    fold_all()
    (first, second) = unframed(client.get(f"{LOG}/tile/entries/000.p/2").data)
    entry = json.loads(first)
    assert list(entry) == ["v", "kind", "change", "of", "day", "pledge", "commitment"]
    assert entry["commitment"] == person.commitment.hex()
    assert json.loads(second)["of"] == "organization"
    assert b"hong" not in first + second
    assert str(person.id).encode() not in first + second


def test_tiles_are_kept_for_ever_and_readable_from_everywhere_without_a_cookie(client):
    signature()
    fold_all()
    for name in ("tile/0/000.p/1", "tile/entries/000.p/1"):
        headers = client.get(f"{LOG}/{name}").headers
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in headers
    for name in ("checkpoint", "key", "tile/0/000"):  # who meets a 404 there asks for the partial tile
        assert client.get(f"{LOG}/{name}").headers["Access-Control-Allow-Origin"] == "*"


def test_entries_are_compressed_for_who_takes_it(client):
    signatures(3)
    fold_all()
    address = f"{LOG}/tile/entries/000.p/3"
    plain = client.get(address)
    small = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert [reply.headers["Vary"] for reply in (plain, small, refused)] == ["Accept-Encoding"] * 3
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data == refused.data
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers


def test_every_width_with_a_checkpoint_is_served_and_no_other(client):
    number = campaign().id
    for size in (2, 5, 250):
        fold_to(number, size - (state(client).size if size > 2 else 0))
        cache.clear()
    served = {
        width
        for width in range(1, 256)
        for address in (f"{LOG}/tile/0/000.p/{width}", f"{LOG}/tile/entries/000.p/{width}")
        if client.get(address).status_code == 200
    }
    assert served == {2, 5, 250}
    assert client.get(f"{LOG}/tile/0/000").status_code == 404
    whole = client.get(f"{LOG}/tile/0/000.p/250").data
    assert client.get(f"{LOG}/tile/0/000.p/5").data == whole[: 5 * 32]
    entries = client.get(f"{LOG}/tile/entries/000.p/250").data
    assert entries.startswith(client.get(f"{LOG}/tile/entries/000.p/5").data)


def test_a_full_tile_is_served_as_soon_as_a_checkpoint_covers_it(client):
    number = campaign().id
    fold_to(number, 255)
    assert client.get(f"{LOG}/tile/0/000").status_code == 404
    fold_to(number, 1)
    assert len(client.get(f"{LOG}/tile/0/000").data) == 8192
    assert len(client.get(f"{LOG}/tile/1/000.p/1").data) == 32
    assert client.get(f"{LOG}/tile/0/001").status_code == 404
    assert client.get(f"{LOG}/tile/0/000.p/255").status_code == 200, "it was published"
    assert client.get(f"{LOG}/tile/0/001.p/1").status_code == 404


@pytest.mark.parametrize(
    ("lost", "path"),
    [
        ("DELETE FROM log_tiles", "tile/0/000.p/3"),
        ("UPDATE log_tiles SET hashes = (SELECT root FROM checkpoints WHERE size = 1)", "tile/0/000.p/3"),
        ("DELETE FROM ledger_entries WHERE number = 2", "tile/entries/000.p/3"),
    ],
)
def test_what_was_lost_is_not_served_short_for_caches_to_keep(client, lost, path):
    number = campaign().id
    fold_to(number, 1)
    fold_to(number, 2)
    assert client.get(f"{LOG}/{path}").status_code == 200
    as_superuser(lost)
    answer = client.get(f"{LOG}/{path}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_nothing_is_served_that_no_checkpoint_covers_yet(client):
    number = campaign().id
    fold_to(number, 3)
    as_superuser("DELETE FROM checkpoints")
    assert client.get(f"{LOG}/tile/0/000.p/3").status_code == 404
    assert client.get(f"{LOG}/tile/entries/000.p/3").status_code == 404


#: What looks like the address of a tile and is not written as the format writes it.
NO_TILES = [
    *("00/000.p/2", "0/0.p/2", "0/00.p/2", "0/0000.p/2", "0/x000/000.p/2", "0/x000/x000/000.p/2"),
    *("0/000.p/02", "0/000.p/0", "0/000.p/256", "0/000.p/", "0/000.p", "0/000.p/+2", "0/000.p/2/"),
    *("0/000.P/2", "0/000.q/2", "0/-01.p/2", "0/+00.p/2", "0/ 00.p/2", "0/000.p/2 ", "0/000 .p/2"),
    *("64/000.p/2", "-1/000.p/2", "x/000.p/2", "01/000.p/2", "entries/x000/000.p/2", "entries/0.p/2"),
    *("Entries/000.p/2", "data/000.p/2", "0//000.p/2", "/0/000.p/2", "0/000.p//2", "0/../0/000.p/2"),
    *("8/0/000.p/2", "0/x0001/000.p/2", "0/000/000.p/2", "0/x000.p/2", "0/\u0660\u0660\u0660.p/2"),
    *("0/000.p/\u0662", "0/000.p/2\n", "0", "0/", "entries", "entries/", "0/000.p/2?", "0/000.p/2.gz"),
    *(
        "0/" + "x999/" * 6 + "999",
        "0/" + "x999/" * 7 + "999",
        "63/000.p/2",
        "63/" + "x999/" * 6 + "999.p/2",
    ),
]


@pytest.mark.sqlite_only
def test_what_is_not_written_as_the_format_writes_it_is_404(client):
    fold_to(campaign().id, 2)
    assert client.get(f"{LOG}/tile/0/000.p/2").status_code == 200
    answers = {tile: client.get(f"{LOG}/tile/{quote(tile)}").status_code for tile in NO_TILES}
    assert {tile: status for tile, status in answers.items() if status != 404} == {}


# --- The program that checks it ---


def test_the_program_is_the_file_that_packs_hold(client):
    response = client.get("/verify.py")
    assert response.data == PROGRAM.read_bytes()
    assert response.content_type == "text/x-python; charset=utf-8"
    assert response.headers["Content-Disposition"] == "attachment; filename=verify.py"
    assert "public" in response.headers["Cache-Control"]
