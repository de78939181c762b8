"""The systemd units of deploy/, as tests and the bench start what they start."""

import re
import shlex
import sys
from pathlib import Path

from config import ROOT

WEB, WORKER = "pledge-web@.service", "pledge-worker.service"


def line(unit: str, name: str) -> str:
    """The value of a line of a unit, joined where it is broken."""
    text = (ROOT / "deploy" / unit).read_text("utf-8").replace("\\\n", " ")
    match = re.search(rf"^{name}=(.*)$", text, re.MULTILINE)
    assert match, f"{unit} has no {name}"
    return match[1]


def variable(unit: str, name: str) -> str:
    """The value of a variable that a unit sets."""
    return line(unit, f"Environment={name}")


def web_service(number: int, socket: Path | None = None) -> list[str]:
    """The command of a web service, with the Python that runs this; on another socket than the unit's, where one is given."""
    words = shlex.split(line(WEB, "ExecStart").replace("%i", str(number)))
    words[0] = sys.executable
    if socket is not None:
        words[words.index("--uds") + 1] = str(socket)
    return words
