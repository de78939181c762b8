"""Debian's litewitness, as an embassy would run it: a key in an SSH agent, one file, one port.

The packaged program fails at the first state, so it is built from the package of its source with the one line put right
(docs/witnesses.md).
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support import programs
from tests.support.run import free_port
from tests.support.waiting import wait_until

SOURCE = Path("/usr/share/gocode/src/filippo.io/litetlog")
WRONG, RIGHT = "nil, newSize, newHash, origin", "nil, newSize, newHash.String(), origin"


def build(folder: Path) -> Path:
    """The program, built in this folder."""
    copy = folder / "src/filippo.io/litetlog"
    shutil.copytree(SOURCE, copy)
    wrong = copy / "internal/witness/witness.go"
    wrong.write_text(wrong.read_text("utf-8").replace(WRONG, RIGHT), "utf-8")
    environment = {
        "GO111MODULE": "off",
        "GOPATH": f"{folder}:/usr/share/gocode",
        "GOCACHE": str(folder / "cache"),
    }
    command = ["go", "build", "-o", str(folder / "litewitness"), "filippo.io/litetlog/cmd/litewitness"]
    programs.run(*command, env={**os.environ, **environment})
    return folder / "litewitness"


class Litewitness:
    """One that runs. `key` is its verifier key, `url` where it takes checkpoints."""

    def __init__(self, folder: Path) -> None:
        self.database, self.url, self.key = folder / "witness.db", "", ""

    def knows(self, *verifiers: str) -> None:
        for verifier in verifiers:
            origin = verifier.split("+")[0]
            for words in (["add-log"], ["add-key", "-key", verifier]):
                command = ["witnessctl", words[0], "-db", str(self.database), "-origin", origin, *words[1:]]
                subprocess.run(command, check=True, capture_output=True)

    def set(self, size: int, root: str) -> None:
        """What it has seen last, of every log."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE log SET tree_size = ?, tree_hash = ?", (size, root))


@contextmanager
def running(program: Path, folder: Path) -> Iterator[Litewitness]:
    witness = Litewitness(folder)
    key, agent, output = folder / "key", folder / "agent", folder / "output"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    words = subprocess.run(["ssh-keygen", "-lf", str(key)], check=True, capture_output=True, text=True).stdout
    port = free_port()
    with (
        output.open("wb") as stream,
        subprocess.Popen(["ssh-agent", "-D", "-a", str(agent)], stdout=stream) as held,
    ):
        try:
            wait_until(agent.exists)
            environment = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env=environment)
            names = ["-name", "embassy.example", "-db", str(witness.database), "-ssh-agent", str(agent)]
            command = [str(program), *names, "-key", words.split()[1], "-listen", f"127.0.0.1:{port}"]
            # Built outside a module, Go's router would be that of before 1.22, which knows no methods.
            environment = {**os.environ, "GODEBUG": "httpmuxgo121=0"}
            with subprocess.Popen(command, stderr=stream, env=environment) as served:
                try:
                    wait_until(lambda: "listening" in output.read_text("utf-8"))
                    text = output.read_text("utf-8")
                    witness.key = text.partition("vkey=")[2].split()[0]
                    witness.url = f"http://127.0.0.1:{port}"
                    yield witness
                finally:
                    served.terminate()
        finally:
            held.terminate()
