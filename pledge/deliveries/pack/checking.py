"""Checking a pack on the site that made it: verifier/verify.py as anybody runs it, and two checks that only the site can do.

These are which keys sign its logs, and whether it has published the pack's checkpoint (docs/adr/0048).
"""

import subprocess
import sys
import zipfile
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from pledge.campaigns.queries import slugs
from pledge.ledger import log_queries
from pledge.verifier import PROGRAM
from pledge.verifier.verify import Checkpoint

_CHECKPOINT = "log/checkpoint"
_MAX_CHECKPOINT = 100_000


class KeysFrom(StrEnum):
    """Where the trusted keys come from."""

    GIVEN = "given"
    SITE = "site"  #: this site has signed with them
    PACK = "pack"  #: they came with it, so only its integrity is known


@dataclass(frozen=True)
class PackCheckResult:
    """The output of `verifier/verify.py` and its exit code: 0, 1 a check failed, 2 nothing could be checked."""

    code: int
    output: str
    keys_from: KeysFrom
    #: Whether this site has published the checkpoint; None where it has no such log.
    is_published: bool | None


def check(path: Path, keys: str | None = None) -> PackCheckResult:
    """Check the pack in a file.

    `keys`: the public keys to trust, one a line. Without them those of this site are used if it has the log, else the ones in
    the pack.
    """
    state = _named_checkpoint(path)
    own, is_published = ("", None) if state is None else _known_here(state)
    believed = own if keys is None else keys
    keys_from = KeysFrom.GIVEN if keys is not None else KeysFrom.SITE if own else KeysFrom.PACK
    done = _run(path, believed if keys_from is not KeysFrom.PACK else None)
    return PackCheckResult(done.returncode, done.stdout + done.stderr, keys_from, is_published)


def _run(path: Path, keys: str | None) -> "subprocess.CompletedProcess[str]":
    """In a separate, isolated process, so that nothing of the site can influence the result."""
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-I", "-X", "utf8", str(PROGRAM), "pack", str(path)]
        if keys is not None:
            file = Path(folder) / "keys"
            file.write_text(keys, "utf-8")
            words += ["--key", str(file)]
        return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)


def _named_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint that the pack names, not verified; None where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_CHECKPOINT) as member:
            return Checkpoint(member.read(_MAX_CHECKPOINT))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError):
        return None


def _known_here(state: Checkpoint) -> tuple[str, bool | None]:
    """The keys of this site's log of that name, one a line, and whether that checkpoint was published."""
    for campaign_id, slug in slugs().items():
        if not state.origin.endswith(f"/log/{slug}"):
            continue
        own = [text for text in log_queries.verifiers(campaign_id) if text.startswith(f"{state.origin}+")]
        if own:
            published = log_queries.newest(campaign_id, state.size)
            is_published = published is not None and published.root_base64 == b64encode(state.root).decode()
            return "".join(f"{text}\n" for text in own), is_published
    return "", None
