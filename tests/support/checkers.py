"""tools/verify.py as a module: with `cryptography`, and with its own arithmetic where that is not installed."""

import contextlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from config import ROOT

PROGRAM = ROOT / "tools" / "verify.py"


def load(name: str = "verify_program") -> ModuleType:
    """tools/verify.py as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load()
#: The same where `cryptography` is not installed.
pure = load("verify_program_alone")
pure.Ed25519PublicKey = None


@dataclass(frozen=True)
class Verdict:
    """`failure` is empty where all was right."""

    failure: str
    people: int = 0
    organizations: int = 0


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def failure(self) -> str:
        first = self.out.partition("\n")[0]
        return first.split(" ")[1].removesuffix(":") if first.startswith("FAILED ") else ""


def say(*words: object, by: ModuleType = program) -> Said:
    """What the program says and how it ends."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = by.main([str(word) for word in words])
        except SystemExit as end:  # argparse
            code = end.code
    return Said(code, out.getvalue(), err.getvalue())


def verdict(said: Said) -> Verdict:
    assert (said.code == 1) == bool(said.failure), said
    assert said.code != 2, said
    if said.failure:
        return Verdict(said.failure)
    numbers = dict(line.split(" ") for line in said.out.splitlines()[:2])
    return Verdict("", int(numbers["people"]), int(numbers["organizations"]))


def by_program(path: Path, keys: str | None = None, by: ModuleType = program) -> Verdict:
    """What the program says of the pack in a file; `keys`: the public keys to trust."""
    if keys is None:
        return verdict(say("pack", path, by=by))
    key_file = path.with_name(path.name + ".key")
    key_file.write_text(keys)
    return verdict(say("pack", path, "--key", key_file, by=by))
