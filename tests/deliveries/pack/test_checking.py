"""Packs of this site, checked by this site and by the program that knows nothing of it."""

import io

import pytest

from pledge.deliveries.pack import packing
from pledge.deliveries.pack.checking import KeysFrom, check
from pledge.ledger import log_queries
from tests.support import checkers, deliveries, packs
from tests.support.checkers import verify
from tests.support.factories import campaign, endorsement, fold_all, signature, signatures
from tests.support.insider import as_superuser
from tests.support.packs import made_up, signer


@pytest.fixture
def busy(app):
    """A campaign in which everything has happened; its number."""
    of = campaign()
    signatures(5)
    signature(state="withdrawn")
    signature(state="invalidated")
    endorsement()
    endorsement(state="withdrawn")
    fold_all()
    return of.id


@pytest.fixture
def pack(busy, tmp_path):
    """The file of a pack as it is handed over."""
    stream = io.BytesIO()
    packing.pack(deliveries.frozen(pack=False), stream, lambda done, total: None)
    (tmp_path / "pack.zip").write_bytes(stream.getvalue())
    return tmp_path / "pack.zip"


def failure(result) -> str:
    """The failure's name."""
    first = result.output.partition("\n")[0]
    return first.split(" ")[1].removesuffix(":") if result.code == 1 else ""


def keys(campaign_id: int) -> str:
    return "".join(f"{key}\n" for key in log_queries.verifiers(campaign_id))


def test_a_pack_of_this_site_is_right_for_everybody(busy, pack):
    newest = log_queries.newest(busy)
    expected = {"people": 5, "organizations": 1}
    assert {name: getattr(newest, name) for name in expected} == expected
    assert checkers.check(pack).counts == expected
    assert checkers.check(pack, keys(busy)).counts == expected


def test_a_forger_who_names_this_site_is_found(busy, pack):
    origin = log_queries.newest(busy).note.partition("\n")[0]
    forged = made_up("+" * 50, signers=[signer("the forger's", origin)], origin=origin)
    pack.write_bytes(packs.pack(forged))
    result = check(pack)
    assert (failure(result), result.keys_from) == ("signature", KeysFrom.SITE)
    # Whoever takes the key that came with it only knows that it is whole.
    assert verify("pack", pack).code == 0
    assert verify("pack", pack, "--key", keys(busy).strip()).failure == "signature"


def test_a_checkpoint_that_the_site_never_published_is_found(busy, pack, runner):
    """Somebody had the key, or the database is an older one than the pack."""
    as_superuser("UPDATE checkpoints SET size = size + 100 WHERE campaign_id = :id", id=busy)
    result = check(pack)
    assert (result.code, result.is_published) == (0, False)
    output = runner.run("delivery", "verify", str(pack), code=1)
    assert output.splitlines()[-1] == "FAILED checkpoint: this site has not published it"


def test_the_keys_of_before_a_rotation_are_still_believed(busy, pack, make_app):
    rotated = make_app(log_key="the-new-log-key-of-this-test")
    with rotated.app_context():
        signature()
        fold_all()
        assert len(log_queries.verifiers(busy)) == 2
        assert check(pack).code == 0


def test_keys_may_be_handed_in(busy, pack):
    assert failure(check(pack, f"{signer('another').verifier}\n")) == "signature"
    given = check(pack, keys(busy))
    assert (given.code, given.keys_from) == (0, KeysFrom.GIVEN)
    assert check(pack, "no key").code == 2


def test_every_signature_line_of_a_checkpoint_counts(busy, tmp_path):
    """That about the audit log too: it is by a known key, so a wrong one spoils the checkpoint."""
    folder = packs.mirror(packs.from_database(busy, "blue-skies"), tmp_path / "log")
    lines = (folder / "checkpoint").read_text("utf-8").split("\n")
    signed = [number for number, line in enumerate(lines) if line.startswith("\u2014")]
    assert len(signed) == 2, "the log's and the one about the audit log"
    for number in signed:
        name, _, data = lines[number].rpartition(" ")
        for place in (2, 20, 60, len(data) - 8):
            other = data[:place] + ("A" if data[place] != "A" else "B") + data[place + 1 :]
            changed = "\n".join([*lines[:number], f"{name} {other}", *lines[number + 1 :]])
            (folder / "checkpoint").write_text(changed, "utf-8")
            output = verify("count", folder, "--key", folder / "key")
            is_unknown = place == 2  # another key id: somebody whom nobody here knows
            expected = "checkpoint" if not is_unknown or number == signed[0] else ""
            assert output.failure == expected, (number, place)


# --- The command ---


@pytest.mark.sqlite_only
def test_the_command_says_what_the_program_says_and_what_the_site_knows(pack, runner):
    result = runner.run("delivery", "verify", str(pack))
    lines = result.splitlines()
    assert lines[:2] == ["people 5", "organizations 1"]
    assert lines[-2:] == [
        "checked with: the keys with which this site signs this log",
        "this site has published the checkpoint",
    ]
    assert "NOTE" not in result


@pytest.mark.sqlite_only
def test_the_command_says_that_a_key_in_a_pack_proves_little(app, runner, tmp_path):
    (tmp_path / "pack.zip").write_bytes(packs.pack(made_up("++o")))
    assert "who made it is not proven" in runner.run("delivery", "verify", str(tmp_path / "pack.zip"))


@pytest.mark.sqlite_only
@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4" + bytes(100)])
def test_the_command_is_calm_about_anything(app, runner, tmp_path, content):
    (tmp_path / "pack.zip").write_bytes(content)
    result = runner.invoke(args=["delivery", "verify", str(tmp_path / "pack.zip")])
    assert (result.exit_code, result.output.startswith("FAILED archive: ")) == (1, True)
    runner.run("delivery", "verify", str(tmp_path / "none.zip"), code=2)
