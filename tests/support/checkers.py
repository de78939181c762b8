"""pledge/verifier/verify.py as a module: with `cryptography`, and with its own arithmetic where that is not installed."""

import contextlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pledge.verifier import PROGRAM


def load(name: str = "verify_program") -> ModuleType:
    """pledge/verifier/verify.py as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load()
#: The same where `cryptography` is not installed.
pure = load("verify_program_alone")
pure.Ed25519PublicKey = None


@dataclass(frozen=True)
class CheckerResult:
    """What the program wrote and how it ended; `failure` is the name of what was wrong, empty where all was right."""

    code: int
    out: str
    err: str

    @property
    def failure(self) -> str:
        first = self.out.partition("\n")[0]
        return first.split(" ")[1].removesuffix(":") if first.startswith("FAILED ") else ""

    @property
    def counts(self) -> dict[str, int]:
        """Of people and organisations, where all was right."""
        numbers = (line.split(" ") for line in self.out.splitlines()[:2])
        return {word: int(number) for word, number in numbers}


def verify(*words: object, by: ModuleType = program) -> CheckerResult:
    """Run the program with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = by.main([str(word) for word in words])
        except SystemExit as end:  # argparse
            code = end.code
    return CheckerResult(code, out.getvalue(), err.getvalue())


def check(path: Path, keys: str | None = None) -> CheckerResult:
    """What the program says of the pack in a file; `keys`: the public keys to trust."""
    words = ["pack", path]
    if keys is not None:
        key_file = path.with_name(path.name + ".key")
        key_file.write_text(keys)
        words += ["--key", key_file]
    result = verify(*words)
    assert result.code == (1 if result.failure else 0), result
    return result
