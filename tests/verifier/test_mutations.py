"""Three thousand small changes of what people check: each is refused, or changes nothing that the verdict rests on."""

import random
import time

import pytest

from tests.support import packs
from tests.support.checkers import verify
from tests.support.witness import Witness, policy

CHANGES = 3000
WITNESSES = [Witness(name) for name in ("embassy", "paper")]


def changed(data, dice):
    """One byte flipped, doubled, dropped or put in, or two pieces exchanged."""
    place = dice.randrange(len(data))
    byte = bytes([dice.randrange(256)])
    return dice.choice(
        [
            data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :],
            data[:place] + data[place : place + 1] + data[place:],
            data[:place] + data[place + 1 :],
            data[:place] + byte + data[place:],
            data[place:] + data[:place],
        ]
    )


def claims(result):
    """What somebody would pass on: numbers, state and verdict, and who has seen it; not which unknown keys signed too."""
    words = ("people ", "organizations ", "paper ", "checkpoint ", "origin ", "seen by ", "RIGHT", "today ")
    return [line for line in result.out.splitlines() if line.startswith(words)]


@pytest.fixture
def kinds(tmp_path, log):
    """By what is changed: the file, and the call that checks it."""
    key = ("--key", log.signers[0].verifier)
    folder, rules = packs.mirror(log, tmp_path / "log"), tmp_path / "policy"
    rules.write_text(policy(WITNESSES))
    note = log.note()
    note += "".join(
        witness.cosign(note.partition("\n\n")[0] + "\n", int(time.time())) for witness in WITNESSES
    )
    (folder / "witnesses").write_text(policy(WITNESSES))
    (folder / "witnessed").write_text(note)
    receipt, pack = tmp_path / "mine.tlog-proof", tmp_path / "pack.zip"
    receipt.write_bytes(packs.receipt(log, 0).partition(b"\n\n")[0] + b"\n\n" + note.encode())
    pack.write_bytes(packs.pack(log))
    entries = next(
        path for path in (folder / "tile" / "entries").iterdir() if path.is_file() or path.suffix == ".p"
    )
    entries = entries if entries.is_file() else next(entries.iterdir())
    counts = ("count", folder, *key, "--policy", rules)
    return {
        folder / "checkpoint": counts,
        folder / "witnessed": counts,
        entries: counts,
        receipt: ("receipt", receipt, *key, "--policy", rules, "--log", folder),
        pack: ("pack", pack, *key, "--log", folder),
    }


def test_no_small_change_passes_that_a_verdict_rests_on(kinds):
    dice = random.Random(38)
    true = {path: (path.read_bytes(), claims(verify(*words))) for path, words in kinds.items()}
    assert all(claimed for _, claimed in true.values())
    refused = 0
    for number in range(CHANGES):
        path = list(kinds)[number % len(kinds)]
        data, claimed = true[path]
        path.write_bytes(changed(data, dice))
        result = verify(*kinds[path])
        assert result.code in (0, 1, 2)
        assert result.code or claims(result) == claimed, (path.name, number)
        refused += bool(result.code)
        path.write_bytes(data)
    assert refused > CHANGES * 0.9
