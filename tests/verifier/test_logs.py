"""Recounting a published log from its files: a copy in a folder, the folder of a pack, a website."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.ledger import log_queries, notes
from tests.support import packs
from tests.support.checkers import program, pure, verify
from tests.support.packs import Log, flipped, made_up, mirror, pack, receipt, signer, site

LARGE = "+" * 300 + "-7!8^8o" + "+" * 300


@pytest.fixture(scope="module")
def large() -> Log:
    """Two full tiles and a part, so that there is a second level."""
    return made_up(LARGE)


def key(log: Log) -> str:
    return log.signers[0].verifier


@pytest.mark.parametrize("events", ["", "+", "+-0", "+" * 255, "+" * 256, "+" * 257, "+" * 512, LARGE])
@pytest.mark.parametrize("by", [program, pure], ids=["with cryptography", "alone"])
def test_a_copy_gives_the_numbers_of_the_log(tmp_path, events, by):
    log = made_up(events)
    result = verify("count", mirror(log, tmp_path), "--key", key(log), by=by)
    assert (result.code, result.counts) == (0, log.counts())
    assert result.out.splitlines()[2] == f"checkpoint {len(log.lines)} {packs.b64encode(log.root()).decode()}"


def test_the_log_in_an_unpacked_pack_is_checked_like_a_copy(tmp_path, log):
    for name, content in packs.unzipped(pack(log)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for folder in (tmp_path, tmp_path / "log"):
        assert verify("count", folder, "--key", key(log)).counts == log.counts()


def test_without_a_key_it_says_which_one_it_believed(tmp_path, log):
    result = verify("count", mirror(log, tmp_path))
    assert result.code == 0
    assert "NOTE: no --key was given, so the key that came with the files was believed" in result.out
    assert f"https://{log.origin}/key" in result.out
    assert key(log) in result.out
    assert "자료집" not in result.out, "it is no pack"
    assert "NOTE" not in verify("count", tmp_path, "--key", key(log)).out


def test_a_log_with_a_rotated_key_is_taken_by_either_key(tmp_path):
    log = made_up("+++", signers=[signer("new"), signer("old")])
    folder = mirror(log, tmp_path)
    for known in log.signers:
        assert verify("count", folder, "--key", known.verifier).code == 0
    assert verify("count", folder, "--key", signer("third").verifier).failure == "checkpoint"


def test_keys_of_types_that_are_not_known_yet_are_skipped(tmp_path, log):
    data = b"\x04" + bytes(32)
    digest = hashlib.sha256(log.origin.encode() + b"\n" + data).hexdigest()
    other = f"{log.origin}+{digest[:8]}+{base64.b64encode(data).decode()}"
    folder = mirror(log, tmp_path / "log")
    (folder / "key").write_text(f"{other}\n{key(log)}\n")
    assert verify("count", folder).code == 0
    (folder / "key").write_text(f"{other}\n")
    assert (verify("count", folder).code, verify("count", folder, "--key", key(log)).code) == (2, 0)


# --- From a website ---


def test_a_log_on_a_website_is_checked_like_a_copy_in_a_folder(tmp_path, website, large):
    address, asked = website
    site(large, tmp_path)
    result = verify("count", f"{address}/log/blue-skies", "--key", f"{address}/log/blue-skies/key")
    assert (result.code, result.counts) == (0, large.counts())
    assert sum("/tile/entries/" in path for path in asked) == 3
    assert not any("/tile/0/" in path for path in asked)
    result = verify("count", f"{address}/log/blue-skies/", "--tiles")
    assert (result.code, f"{large.origin}/key" in result.out) == (0, False), (
        "it was asked for the key just now"
    )
    assert any("/tile/1/" in path for path in asked)


def test_a_narrow_tile_that_was_taken_away_is_cut_out_of_the_full_one(tmp_path, large):
    """What a checkpoint of 300 had as 44 stands in the tile of today."""
    folder = mirror(large, tmp_path)
    (folder / "checkpoint").write_text(large.until(300).note())
    (folder / "tile/1/000.p/1").write_bytes((folder / "tile/1/000.p/2").read_bytes()[:32])
    result = verify("count", folder)
    assert (result.code, result.counts) == (0, {"people": 300, "organizations": 0})


def test_a_mirror_is_what_was_published_and_fetches_only_what_is_new(tmp_path, website, large):
    address, asked = website
    original = mirror(large, tmp_path / "log")
    checkpoint = (original / "checkpoint").read_bytes()
    result = verify("mirror", f"{address}/log", tmp_path / "copy")
    assert result.code == 0, result

    def files(folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert files(tmp_path / "copy") == files(original)
    assert verify("count", tmp_path / "copy", "--key", key(large)).counts == large.counts()
    asked.clear()
    assert verify("mirror", f"{address}/log", tmp_path / "copy").code == 0
    assert sorted(set(asked)) == ["/log/checkpoint", "/log/key", "/log/witnessed", "/log/witnesses"]
    other = mirror(made_up("o" + LARGE), tmp_path / "log")
    assert verify("mirror", f"{address}/log", tmp_path / "copy").code == 0
    (kept,) = (tmp_path / "copy").glob("checkpoint-*")
    assert kept.read_bytes() == checkpoint
    assert verify("consistency", kept, other).failure == "consistency"


def test_a_website_that_has_no_log_or_is_away(website, monkeypatch):
    monkeypatch.setattr(program.time, "sleep", lambda seconds: None)
    address, _ = website
    for words in (
        ["count", f"{address}/log/x"],
        ["count", "http://127.0.0.1:1/log/x"],
        ["mirror", address, "."],
    ):
        result = verify(*words)
        assert (result.code, result.out) == (2, "")
        assert "Nothing was checked" in result.err


# --- Wrong in one place ---


def test_one_byte_changed_in_any_file_of_a_copy_is_a_named_failure(tmp_path, large):
    folder = mirror(large, tmp_path)
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert len(names) == 9
    for name in names:
        content = (folder / name).read_bytes()
        for place in (0, len(content) // 2, len(content) - 2):
            (folder / name).write_bytes(flipped(content, place))
            result = verify("count", folder, "--key", key(large))
            if name == "key":
                assert result.code == 0
                assert verify("count", folder).code in (1, 2)
            else:
                assert result.code == 1, (name, place)
            (folder / name).write_bytes(content)
    assert verify("count", folder, "--key", key(large)).code == 0


@given(data=st.data())
def test_one_byte_changed_in_a_checkpoint_is_a_named_failure(tmp_path_factory, log, data):
    folder = mirror(log, tmp_path_factory.mktemp("log"))
    content = log.note().encode()
    place, change = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    (folder / "checkpoint").write_bytes(flipped(content, place, change))
    assert verify("count", folder, "--key", key(log)).failure == "checkpoint"


def test_a_tile_that_is_missing_too_short_or_too_long(tmp_path, large):
    folder = mirror(large, tmp_path)
    path = folder / "tile/entries/001"
    content = path.read_bytes()
    for wrong in (content[:-1], content + b"\0\0", content + log_queries.framed(large.lines[0])):
        path.write_bytes(wrong)
        assert verify("count", folder).failure == "file:tile/entries/001"
    path.unlink()
    assert verify("count", folder).failure == "file:tile/entries/001"


def test_an_entry_of_another_log_at_its_place(tmp_path, large):
    other = made_up("o" * 300 + LARGE[300:])
    folder = mirror(large, tmp_path)
    (folder / "tile/entries/000").write_bytes(b"".join(map(log_queries.framed, other.lines[:256])))
    assert verify("count", folder).failure in {"file:tile/0/000", "root"}


def test_a_checkpoint_with_a_root_that_somebody_made_up(tmp_path, log):
    folder = mirror(log, tmp_path)
    text = notes.checkpoint_text(log.origin, len(log.lines), bytes(32))
    (folder / "checkpoint").write_text(notes.sign(text, log.signers))
    assert verify("count", folder).failure == "root"


# --- An earlier checkpoint ---


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300, 604])
def test_every_earlier_checkpoint_is_a_beginning(tmp_path, large, size):
    (tmp_path / "old").write_text(large.until(size).note())
    result = verify("consistency", tmp_path / "old", mirror(large, tmp_path / "log"), "--key", key(large))
    assert result.code == 0, result
    assert f"the {size} entries of the older checkpoint are the beginning" in result.out


def test_a_log_is_compared_with_the_checkpoint_in_a_receipt(tmp_path, log):
    (tmp_path / "mine.tlog-proof").write_bytes(receipt(log.until(5), 0))
    assert verify("consistency", tmp_path / "mine.tlog-proof", mirror(log, tmp_path / "log")).code == 0


@pytest.mark.parametrize("older", ["+o+", "+" * 50], ids=["written anew", "became shorter"])
def test_a_log_that_does_not_begin_with_the_earlier_checkpoint_is_found(tmp_path, log, older):
    (tmp_path / "old").write_text(made_up(older).note())
    assert verify("consistency", tmp_path / "old", mirror(log, tmp_path / "log")).failure == "consistency"


@pytest.mark.parametrize(
    ("other", "failure"), [("pledge.example/log/other", "consistency"), ("old.example/log/blue-skies", "")]
)
def test_a_checkpoint_of_another_log_is_no_beginning_but_one_of_a_former_address_is(
    tmp_path, log, other, failure
):
    (tmp_path / "old").write_text(made_up("+", origin=other).note())
    (tmp_path / "keys").write_text(f"{key(log)}\n{signer(origin=other).verifier}\n")
    result = verify(
        "consistency", tmp_path / "old", mirror(log, tmp_path / "log"), "--key", tmp_path / "keys"
    )
    assert result.failure == failure


def test_an_earlier_checkpoint_with_a_wrong_signature_by_a_known_key_is_refused(tmp_path, log):
    (tmp_path / "old").write_text(log.until(4).note().replace("\n4\n", "\n5\n"))
    assert verify("consistency", tmp_path / "old", mirror(log, tmp_path / "log")).failure == "checkpoint"


def test_a_checkpoint_by_a_key_that_ended_is_right_if_its_state_is_in_todays_log(tmp_path):
    today = mirror(made_up("+++", signers=[signer("new")]), tmp_path / "log")
    for events, failure in (("++", ""), ("o+", "checkpoint"), ("++++", "checkpoint")):
        (tmp_path / "old").write_text(made_up(events, signers=[signer("old")]).note())
        assert verify("consistency", tmp_path / "old", today).failure == failure


# --- The name of a log ---


@pytest.mark.parametrize("origin", ["pledge.example/log/other", "elsewhere.example/log/blue-skies"])
def test_another_log_under_the_address_of_this_one_is_named(tmp_path, website, origin):
    """All of it fits together, and its key is beside it."""
    site(made_up("+++", origin=origin), tmp_path)
    (tmp_path / "log" / origin.rpartition("/")[2]).rename(tmp_path / "served")
    (tmp_path / "served").rename(tmp_path / "log/blue-skies")
    result = verify("count", f"{website[0]}/log/blue-skies")
    assert (result.failure, f"it is the log {origin}" in result.out) == ("origin", True)


@pytest.mark.parametrize(
    ("former", "failure"), [("old.example/log/blue-skies", ""), ("old.example/log/x", "origin")]
)
def test_a_log_may_have_the_name_of_a_former_address_whose_key_is_beside_it(
    tmp_path, website, former, failure
):
    log = made_up("+++", origin=former)
    site(log, tmp_path)
    if failure:
        (tmp_path / "log/x").rename(tmp_path / "log/blue-skies")
    (tmp_path / "log/blue-skies/key").write_text(log.keys + signer().verifier + "\n")
    assert verify("count", f"{website[0]}/log/blue-skies").failure == failure


# --- The number that a site shows ---


@pytest.mark.parametrize("behind", [0, 1, 30])
def test_the_number_that_the_site_shows_is_that_of_its_log(tmp_path, website, large, behind):
    site(large, tmp_path, len(large.lines) - behind)
    result = verify("count", f"{website[0]}/log/blue-skies", "--key", key(large))
    assert result.code == 0, result
    assert "The number that programs read is the same" in result.out


@pytest.mark.parametrize(
    "counts", [{"people": 642}, {"organizations": 9}, {"people": "x"}, {"checkpoint": -1}]
)
def test_a_site_that_shows_another_number_than_its_log_is_named(tmp_path, website, large, counts):
    site(large, tmp_path, **counts)
    assert verify("count", f"{website[0]}/log/blue-skies", "--key", key(large)).failure == "count"


@pytest.mark.parametrize(("shown", "failure"), [(47, ""), (48, "count"), (0, "count"), ("47", "count")])
def test_a_site_that_shows_another_number_on_paper_than_its_log_is_named(
    tmp_path, website, log, shown, failure
):
    site(log, tmp_path, paper=shown)
    result = verify("count", f"{website[0]}/log/blue-skies", "--key", key(log))
    assert result.failure == failure
    assert failure or result.out.splitlines()[2] == "paper 47 (batches: 2)"


@pytest.mark.parametrize("size", ["none shown", None, 10**9])
def test_a_site_whose_number_cannot_be_compared_is_not_called_right(
    tmp_path, website, log, monkeypatch, size
):
    monkeypatch.setattr(program.time, "sleep", lambda _: None)  # before it asks again for a newer checkpoint
    documents = site(log, tmp_path, checkpoint=size, people=1_000_000)
    if size == "none shown":
        (documents / "count").unlink()
    result = verify("count", f"{website[0]}/log/blue-skies", "--key", key(log))
    assert result.code == 2
    assert "NOT CHECKED: the number that a site shows" in result.out


def test_a_copy_shows_no_number_to_compare(tmp_path, log):
    result = verify("count", mirror(log, tmp_path), "--key", key(log))
    assert result.code == 0
    assert "NOT CHECKED: the number that a site shows" in result.out


def test_days_that_run_back_are_named_and_a_midnight_is_none(tmp_path):
    log = made_up("+" * 6)
    days = ["2026-11-24", "2026-11-23", "2026-11-24", "2025-11-24", "2026-11-24", "2026-11-25"]
    log.lines = [line.replace(b"2026-11-24", day.encode()) for line, day in zip(log.lines, days, strict=True)]
    result = verify("count", mirror(log, tmp_path / "back"), "--key", key(log))
    assert result.code == 0
    assert "NOTE: entry 3 names a day well before" in result.out
    assert (
        "NOTE" not in verify("count", mirror(made_up("++"), tmp_path / "log"), "--key", key(made_up("+"))).out
    )
