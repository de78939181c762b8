"""verifier/verify.py as a program: one file for any machine, that never falls over what it is given."""

import ast
import io
import os
import re
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ROOT
from tests.support import packs, programs
from tests.support.checkers import PROGRAM, program, verify
from tests.support.packs import made_up, mirror, pack, receipt

SOURCE = PROGRAM.read_text("utf-8")


def run(*words: object, program=PROGRAM, **environment: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], **environment}
    return programs.run(sys.executable, "-I", program, *words, env=environment)


# --- One file, old Pythons, nothing of ours ---


def test_the_program_can_be_read_by_python_3_8():
    ast.parse(SOURCE, feature_version=(3, 8))


def test_the_program_needs_the_standard_library_alone_and_nothing_of_the_site():
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_the_program_shares_no_function_with_the_site():
    """A mistake that is copied is found by nobody (docs/adr/0048)."""

    def bodies(source: str) -> set[str]:
        functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
        return {
            "\n".join(map(ast.unparse, node.body[ast.get_docstring(node) is not None :]))
            for node in functions
            if node.name != "__init__"  # of an exception, which has one form
        }

    folders = (ROOT / "pledge" / name for name in ("ledger", "deliveries", "statistics"))
    ours = [bodies(path.read_text("utf-8")) for folder in folders for path in folder.rglob("*.py")]
    assert bodies(SOURCE) & set.union(*ours) == set()


def test_the_program_works_without_cryptography(tmp_path, log):
    (tmp_path / "cryptography.py").write_text("raise ImportError")
    (tmp_path / "pack.zip").write_bytes(pack(log))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ("pack", tmp_path / "pack.zip", "--key", log.signers[0].verifier)
    done = programs.run(sys.executable, PROGRAM, *words, env=environment)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "people 7"), done


def test_inside_an_unpacked_pack_it_needs_no_words(tmp_path, log):
    with zipfile.ZipFile(io.BytesIO(pack(log))) as archive:
        archive.extractall(tmp_path)
    done = run(program=tmp_path / "verify.py")
    assert (done.returncode, done.stdout.splitlines()[:2]) == (0, ["people 7", "organizations 2"])
    assert run(program=tmp_path / "verify.py").returncode == 0, "the first run left something behind"

    (tmp_path / "totals.csv").write_bytes(b"people\r\n999\r\n")
    done = run(program=tmp_path / "verify.py")
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED file:totals.csv: ")


def test_the_program_works_on_a_console_without_korean(tmp_path, log):
    (tmp_path / "pack.zip").write_bytes(pack(log))
    done = run("pack", tmp_path / "pack.zip", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "RIGHT" in done.stdout


def test_each_failure_has_a_line_of_korean():
    names = re.findall(r'(?:Failed\(|fault = |check_pledges\()\s*f?"([a-z-]+:?)', SOURCE)
    named = {name.partition(":")[0] for name in names}
    assert named == set(program.KOREAN)


# --- How it ends ---


def test_the_program_ends_with_0_1_or_2(tmp_path, log):
    folder = mirror(log, tmp_path / "log")
    assert run("count", folder).returncode == 0
    next((folder / "tile/entries").glob("000.p/*")).unlink()
    assert run("count", folder).returncode == 1
    assert run("count", tmp_path / "nowhere").returncode == 2
    assert run("pack", tmp_path / "nowhere").returncode == 2
    assert run("receipt", tmp_path).returncode == 2
    assert run("no-such-command").returncode == 2
    assert run().returncode == 2


@pytest.mark.parametrize("key", ["", "x", "a+b+c", "https://", "\0", "/", "."])
def test_a_key_that_is_none(tmp_path, log, key):
    (tmp_path / "pack.zip").write_bytes(pack(log))
    (tmp_path / "mine").write_bytes(receipt(log, 0))
    for words in (
        ["pack", tmp_path / "pack.zip"],
        ["receipt", tmp_path / "mine"],
        ["count", mirror(log, tmp_path)],
    ):
        result = verify(*words, "--key", key or " ")
        assert (result.code, result.out) == (2, ""), result


def test_a_receipt_brings_no_key_so_it_is_asked_for_at_its_log(tmp_path, monkeypatch):
    log = made_up("++", origin="pledge.example/log/blue-skies")
    (tmp_path / "mine").write_bytes(receipt(log, 0))
    asked = []
    monkeypatch.setattr(program, "fetch", lambda address, longest: asked.append(address) or log.keys.encode())
    result = verify("receipt", tmp_path / "mine")
    assert result.code == 0
    assert asked == ["https://pledge.example/log/blue-skies/key"]
    assert "no --key was given" in result.out


@pytest.mark.parametrize(
    "origin", ["file:///etc/passwd", "evil.example/x", "user@host/log/a", "a b/log/c", "h/log/../k"]
)
def test_a_receipt_leads_to_no_other_address_than_that_of_a_log(tmp_path, monkeypatch, origin):
    (tmp_path / "mine").write_bytes(receipt(made_up("++", origin=origin), 0))
    monkeypatch.setattr(program, "fetch", lambda *_: pytest.fail("it asked"))
    assert verify("receipt", tmp_path / "mine").code in (1, 2)


def test_names_in_files_cannot_write_on_the_screen(tmp_path):
    """Escape sequences could hide a failure behind a made-up success."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("\x1b[2J\rRIGHT", (1980, 1, 1, 0, 0, 0)), b"")
    (tmp_path / "pack.zip").write_bytes(stream.getvalue())
    hostile = made_up("+", origin="\x9b31m\u202eevil/log/x")
    (tmp_path / "mine").write_bytes(receipt(hostile, 0))
    for result in (
        verify("pack", tmp_path / "pack.zip"),
        verify("receipt", tmp_path / "mine", "--key", "x\x1b[2J+a+b"),
    ):
        assert result.code in (1, 2)
        assert (result.out + result.err).replace("\n", "").isprintable()


# --- Whatever it is given ---


@given(content=st.binary(max_size=4000))
def test_any_bytes_end_in_words(tmp_path_factory, log, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "any").write_bytes(content)
    assert verify("pack", folder / "any").code == 1
    assert verify("receipt", folder / "any", "--key", log.signers[0].verifier).code == 1
    assert verify("consistency", folder / "any", mirror(log, folder / "log")).code == 1
    assert verify("count", folder / "log", "--key", folder / "any").code == 2
    (folder / "log" / "checkpoint").write_bytes(content)
    assert verify("count", folder / "log").code == 1


@given(data=st.data())
def test_any_member_of_a_pack_ends_in_words(tmp_path_factory, log, data):
    """Signed, so that what reads the members is reached."""
    name = data.draw(st.sampled_from(packs.MEMBERS[:-2]))
    content = data.draw(st.binary(max_size=500) | st.text(max_size=200).map(str.encode))
    path = tmp_path_factory.mktemp("any") / "pack.zip"
    path.write_bytes(pack(log, rewritten={name: content}))
    result = verify("pack", path, "--key", log.signers[0].verifier)
    assert result.code in (0, 1)
    assert result.code == 1 or name not in {
        *("totals.json", "integrity.json", "pledge-texts.json", "log/checkpoint", "log/entries")
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
def test_any_value_in_a_manifest_ends_in_words(tmp_path_factory, log, data):
    def change(fields):
        place = data.draw(st.sampled_from(["", "checkpoint", "files", "letter-ko.pdf"]))
        inside = {"": fields, "letter-ko.pdf": fields["files"]["letter-ko.pdf"]}.get(place) or fields[place]
        inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(JSON)

    path = tmp_path_factory.mktemp("any") / "pack.zip"
    path.write_bytes(pack(log, manifest=change))
    assert verify("pack", path).code in (0, 1)


def test_a_bomb_is_not_unpacked_into_memory(tmp_path, log):
    """200 MB of zeros, rightly described and signed: read through, and the number of bytes in hand stays small."""
    content = pack(log, rewritten={"totals.xlsx": bytes(200 << 20)})
    (tmp_path / "pack.zip").write_bytes(content)
    words = ["verify.py", "pack", str(tmp_path / "pack.zip")]
    bounded = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
sys.argv = {words!r}
runpy.run_path({str(PROGRAM)!r}, run_name="__main__")"""
    done = programs.run(sys.executable, "-c", bounded)
    assert done.returncode == 0, done.stderr
    bomb = pack(log, rewritten={"totals.json": b"[" + b" " * (100 << 20)})
    (tmp_path / "pack.zip").write_bytes(bomb)
    assert verify("pack", tmp_path / "pack.zip").failure in {"count", "file:totals.json"}
