"""A pack as a whole: right ones, who signed, what today's log says of it, and unpacked ones.

The same for the page's program: tests/browser/verify/.
"""

import pytest

from pledge.ledger import notes
from tests.support.checkers import verify
from tests.support.packs import EVENTS, MEMBERS, flipped, made_up, mirror, pack, signer, unzipped, zipped

# --- Right ones ---


@pytest.mark.parametrize("events", ["", "+", "+-0", "+o!1^1", "+" * 255, "+" * 256, "+" * 257, EVENTS])
def test_a_right_pack_gives_the_numbers_of_its_log(checked, events):
    log = made_up(events)
    assert checked(pack(log)).counts == log.counts()
    assert checked(pack(log), log.keys).counts == log.counts()


def test_a_pack_may_be_of_an_earlier_checkpoint(checked, log):
    assert checked(pack(log.until(4))).counts == log.until(4).counts()


@pytest.mark.parametrize("known", [0, 1, None], ids=["the new key", "the old key", "the keys of the pack"])
def test_during_a_rotation_either_key_is_enough(checked, known):
    log = made_up("+++", signers=[signer("new"), signer("old")])
    keys = None if known is None else f"{log.signers[known].verifier}\n"
    assert checked(pack(log), keys).failure == ""


def test_a_witness_that_nobody_knows_does_no_harm(checked, log):
    witness = notes.signer("witness.example/one", "of a partner")
    assert checked(pack(log, signers=[*log.signers, witness]), log.keys).failure == ""


# --- Who signed ---


def test_a_pack_signed_by_another_key_than_the_known_one_is_refused(checked, log):
    assert checked(pack(log), f"{signer('another').verifier}\n").failure == "signature"


def test_a_forged_pack_is_whole_but_not_by_the_key_that_one_knows(checked, log):
    forged = made_up("+" * 50, signers=[signer("the forger's")])
    assert checked(pack(forged)).failure == ""
    assert checked(pack(forged), log.keys).failure == "signature"


def test_the_key_of_another_campaign_says_nothing_about_this_one(checked, log):
    other = "pledge.example/log/other"
    signed_elsewhere = pack(log, signers=[signer(origin=other)])
    assert checked(signed_elsewhere, f"{signer(origin=other).verifier}\n").failure == "signature"


def test_a_wrong_signature_of_a_known_key_spoils_it_beside_a_right_one(checked):
    log = made_up("+++", signers=[signer("new"), signer("old")])
    files = unzipped(pack(log))
    *text, first, second, end = files["manifest.sig"].decode().split("\n")
    name, data = second.rsplit(" ", 1)
    bad = notes.b64encode(flipped(notes.b64decode(data), 20)).decode()
    files["manifest.sig"] = "\n".join([*text, first, f"{name} {bad}", end]).encode()
    assert checked(zipped(files)).failure == "signature"


# --- Held against today's log ---


def test_a_pack_says_what_the_log_counts_today(tmp_path, log):
    """An earlier checkpoint with more people in it is not what stands now."""
    peak = EVENTS + "+" * 50
    now = made_up(peak + "".join(f"-{len(log.lines) + number}" for number in range(40)))
    (tmp_path / "pack.zip").write_bytes(pack(now.until(len(made_up(peak).lines))))
    today = mirror(now, tmp_path / "today")
    result = verify("pack", tmp_path / "pack.zip", "--key", now.signers[0].verifier, "--log", today)
    assert result.code == 0, result
    assert f"today people {now.counts()['people']} organizations 2 checkpoint {len(now.lines)}" in result.out
    assert f"people {now.counts()['people'] + 40}" in result.out


def test_a_pack_of_a_fork_is_not_the_beginning_of_todays_log(tmp_path, log):
    (tmp_path / "pack.zip").write_bytes(pack(made_up(EVENTS.replace("+++", "++o", 1))))
    today = mirror(made_up(EVENTS + "+"), tmp_path / "today")
    assert verify("pack", tmp_path / "pack.zip", "--log", today).failure == "consistency"
    assert "today" not in verify("pack", tmp_path / "pack.zip").out.splitlines()[0]


# --- Unpacked ---


def unpack(content: bytes, folder):
    for name, member in unzipped(content).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(member)
    return folder


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "desktop.ini", "~$totals.xlsx", ".~lock.totals.xlsx#", "log/._key"]
)
def test_what_a_system_or_an_office_program_leaves_in_a_folder_is_named_and_does_no_harm(tmp_path, log, name):
    """As Excel does while a workbook is open."""
    folder = unpack(pack(log), tmp_path)
    (folder / name).write_bytes(b"x")
    result = verify("pack", folder)
    assert result.code == 0
    assert f"not part of the pack, and not checked: {name}" in result.out
    assert "not part of the pack" not in verify("pack", unpack(pack(log), tmp_path / "clean")).out


@pytest.mark.parametrize("name", ["more.txt", "log/more", "logs/key"])
def test_a_foreign_file_in_a_folder(tmp_path, log, name):
    folder = unpack(pack(log), tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    result = verify("pack", folder)
    assert result.failure == "archive"
    assert "not part of a pack" in result.out
    assert "손상" not in result.out, "a file too many is no damage"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_file_that_is_missing_changed_or_a_link_in_a_folder(tmp_path, log, name):
    folder = unpack(pack(log), tmp_path / "pack")
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(flipped(content))
    assert verify("pack", folder, "--key", log.signers[0].verifier).failure in {
        f"file:{name}",
        "signature",
    }
    path.unlink()
    assert verify("pack", folder).failure == "archive"
    (tmp_path / "elsewhere").write_bytes(content)
    path.symlink_to(tmp_path / "elsewhere")
    assert verify("pack", folder).failure == "archive"
