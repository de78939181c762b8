"""Checking a pack with the site's own code: is it whole, who signed it, and do its entries add up to what it says?

The other implementation is `tools/verify.py`, which shares no line with this one (docs/adr/0048). Both call failures by the
same names; docs/verify.md lists them.
"""

import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from pledge.campaigns.queries import slugs
from pledge.campaigns.rules import fingerprint
from pledge.delivery.leaf_checks import BadEntry, BrokenOff, CheckedCount, unframed
from pledge.delivery.pack_files import BadArchive, PackFiles
from pledge.delivery.pack_format import ENTRIES, FORMAT, MEMBERS
from pledge.ledger import log_queries, notes
from pledge.ledger.models import Kind
from pledge.ledger.notes import BadNote, State, Verifier

#: Longest of what is read as a whole: notes and the manifest, and a table or document.
_SHORT, _LONG = 1 << 20, 1 << 26

_DESCRIBED = MEMBERS[:-2]
_PLEDGES = "pledge-texts.json"
_KINDS = {"people": Kind.PERSON, "organizations": Kind.ORGANIZATION}


class KeysFrom(StrEnum):
    """Where the keys come from that were believed."""

    GIVEN = "given"
    SITE = "site"  #: this site has signed with them
    PACK = "pack"  #: they came with it, so it is only known to be whole


@dataclass
class Report:
    """What was found; all of it holds unless there is a `failure`."""

    campaign: str = ""
    origin: str = ""
    size: int = 0
    root: str = ""
    people: int = 0
    organizations: int = 0
    keys_from: KeysFrom = KeysFrom.PACK
    #: Whether this site has published that checkpoint, which is a failure if not; None where it has no such log.
    is_published: bool | None = None
    #: What held, in order, by the names that its failures would have.
    held: list[str] = field(default_factory=list)
    failure: str = ""  #: such as `root` or `entry:17`
    words: str = ""  #: what is wrong


class _Failed(Exception):
    def __init__(self, name: str, words: str) -> None:
        super().__init__(name, words)
        self.name = name
        self.words = words


def check(path: Path, verifiers: Iterable[str] | None = None) -> Report:
    """Check the pack in a file. Raises OSError where it cannot be read, BadNote for given keys that are none.

    `verifiers`: the keys to believe, in text form. Without them those of this site are taken if it knows the log, else the
    ones in the pack.
    """
    given = None if verifiers is None else [notes.read_verifier(one) for one in verifiers]
    report = Report()
    try:
        _check(path, given, report)
    except _Failed as failed:
        report.failure, report.words = failed.name, failed.words
    except BadArchive as error:
        report.failure, report.words = "archive", str(error)
    return report


def _check(path: Path, given: list[Verifier] | None, report: Report) -> None:
    with PackFiles(path) as files:
        report.held.append("archive")
        origin, sealed = _seal(files)
        keys = _keys(files, given, origin, report)
        _open("signature", files.whole("manifest.sig", _SHORT), keys)
        manifest = files.whole("manifest.json", _SHORT)
        if sha256(manifest).hexdigest() != sealed:
            raise _Failed("signature", "manifest.json is not the one that was signed")
        report.held.append("signature")
        told = _read_manifest(manifest, origin)
        report.held.append("manifest")
        for name in _DESCRIBED:
            _check_file(files, name, told["files"][name])
        report.held.append("file")
        state = _check_checkpoint(files, keys, told)
        if report.is_published is False:
            raise _Failed("checkpoint", "it is none that this site has published")
        report.held.append("checkpoint")
        report.campaign, report.origin = told["campaign"], state.origin
        report.size, report.root = state.size, b64encode(state.root).decode()
        counted = _recount(files, state)
        report.held += ["entry", "size", "root"]
        _check_counts(files, told, counted)
        _check_pledges(files, counted)
        report.held.append("count")
        report.people, report.organizations = (counted.count(kind) for kind in _KINDS.values())


def _seal(files: PackFiles) -> tuple[str, str]:
    """The log and the hash that manifest.sig names; nothing is believed yet. Raises _Failed."""
    lines = files.whole("manifest.sig", _SHORT).decode("utf-8", "replace").split("\n")
    if lines[0] != FORMAT or len(lines) < 5 or lines[3]:
        raise _Failed("signature", "manifest.sig is not the signature of a pack")
    return lines[1], lines[2]


def _keys(files: PackFiles, given: list[Verifier] | None, origin: str, report: Report) -> list[Verifier]:
    """Whom to believe about a log. Raises _Failed."""
    own, report.is_published = _known_here(files, origin)
    if given is not None:
        report.keys_from, found = KeysFrom.GIVEN, given
    elif own:
        report.keys_from, found = KeysFrom.SITE, own
    else:
        try:
            text = files.whole("log/key", _SHORT).decode("ascii")
            found = [notes.read_verifier(line) for line in text.splitlines()]
        except (BadNote, UnicodeDecodeError):
            raise _Failed("signature", "log/key holds no public keys") from None
    return [key for key in found if key.name == origin]


def _known_here(files: PackFiles, origin: str) -> tuple[list[Verifier], bool | None]:
    """The keys of a log of this site, and whether the pack's checkpoint was published."""
    for campaign_id, slug in slugs().items():
        if not origin.endswith(f"/log/{slug}"):
            continue
        own = [notes.read_verifier(text) for text in log_queries.verifiers(campaign_id)]
        own = [key for key in own if key.name == origin]
        if not own:
            continue
        try:
            state = notes.read_state(_text(files.whole("log/checkpoint", _SHORT)))
        except BadNote:
            return own, False
        published = log_queries.checkpoint_of(campaign_id, state.size)
        return own, published is not None and published.root == state.root
    return [], None


def _text(note: bytes) -> str:
    return note.decode("utf-8", "replace").rpartition("\n\n")[0] + "\n"


def _open(name: str, note: bytes, keys: list[Verifier]) -> str:
    """The text of a note that one of the keys has signed. Raises _Failed."""
    try:
        return notes.open_note(note.decode("utf-8"), keys)
    except (BadNote, UnicodeDecodeError) as error:
        raise _Failed(name, str(error)) from None


def _read_manifest(data: bytes, origin: str) -> dict[str, Any]:
    """Raises _Failed."""
    told = _document(data)
    try:
        state = told["checkpoint"]
        numbers = [state["size"], state["people"], state["organizations"]]
        for one in told["files"].values():
            numbers += [one["size"], one.get("rows", 0)]
            if not one.keys() <= {"size", "sha256", "rows"} or len(bytes.fromhex(one["sha256"])) != 32:
                raise _Failed("manifest", "a file is not described as it must be")
        is_right = (
            told["format"] == FORMAT
            and isinstance(told["tool"], str)
            and told["origin"] == origin
            and origin.split("/")[1:] == ["log", told["campaign"]]
            and tuple(told["files"]) == _DESCRIBED
            and all(type(number) is int and number >= 0 for number in numbers)
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        is_right = False
    if not is_right:
        raise _Failed("manifest", f"manifest.json does not have the form {FORMAT}")
    return told


def _check_file(files: PackFiles, name: str, told: dict[str, Any]) -> None:
    digest, size = sha256(), 0
    for part in files.chunks(name):
        digest.update(part)
        size += len(part)
    if (size, digest.hexdigest()) != (told["size"], told["sha256"]):
        raise _Failed(f"file:{name}", "it is not the file that the manifest describes")
    if name.endswith(".csv") and "rows" in told:
        try:
            text = files.whole(name, _LONG).decode("utf-8-sig")
            rows = len(list(csv.reader(io.StringIO(text, newline=""), strict=True))) - 1
        except (csv.Error, UnicodeDecodeError):
            raise _Failed(f"file:{name}", "it is not a table") from None
        if rows != told["rows"]:
            raise _Failed(f"file:{name}", f"it has {rows} rows, the manifest says {told['rows']}")


def _check_checkpoint(files: PackFiles, keys: list[Verifier], told: dict[str, Any]) -> State:
    text = _open("checkpoint", files.whole("log/checkpoint", _SHORT), keys)
    try:
        state = notes.read_state(text)
    except BadNote as error:
        raise _Failed("checkpoint", str(error)) from None
    named = (told["origin"], told["checkpoint"]["size"], told["checkpoint"]["root"])
    if (state.origin, state.size, b64encode(state.root).decode()) != named or state.text != text:
        raise _Failed("checkpoint", "it is not the one that the manifest names")
    return state


def _recount(files: PackFiles, state: State) -> CheckedCount:
    counted = CheckedCount()
    try:
        for line in unframed(files.chunks(ENTRIES)):
            if counted.size == state.size:
                raise _Failed("size", f"there are more entries than the {state.size} of the checkpoint")
            counted.add(line)
    except BadEntry as error:
        raise _Failed(f"entry:{error.index}", error.words) from None
    except BrokenOff:
        raise _Failed("size", f"the entries break off after entry {counted.size - 1}") from None
    if counted.size != state.size:
        raise _Failed("size", f"there are {counted.size} entries, the checkpoint says {state.size}")
    if counted.root != state.root:
        raise _Failed("root", "the entries do not give the root that was signed")
    return counted


def _check_counts(files: PackFiles, told: dict[str, Any], counted: CheckedCount) -> None:
    """That whatever names a count names the recounted one. Raises _Failed."""
    counts = {word: counted.count(kind) for word, kind in _KINDS.items()}
    totals, integrity = (_document(files.whole(name, _LONG)) for name in ("totals.json", "integrity.json"))
    state = {name: told["checkpoint"][name] for name in ("size", "root")}
    said: dict[str, Callable[[], bool]] = {
        "manifest.json": lambda: told["checkpoint"] == {**state, **counts},
        "totals.json": lambda: (
            totals["checkpoint"] == state and {word: totals[word] for word in counts} == counts
        ),
        "integrity.json": lambda: (
            integrity["log"] == {word: counted.moves(kind) for word, kind in _KINDS.items()}
        ),
    }
    for name, is_right in said.items():
        try:
            right = is_right()
        except (KeyError, TypeError):
            right = False
        if not right:
            raise _Failed("count", f"{name} says something else than the entries, which add up to {counts}")


def _check_pledges(files: PackFiles, counted: CheckedCount) -> None:
    """That the words are there which each entry says were signed. Raises _Failed."""
    try:
        told = json.loads(files.whole(_PLEDGES, _LONG))
        known = {fingerprint(one["text"]["ko"], one["text"]["en"]).hex() for one in told}
        is_right = known == {one["sha256"] for one in told}
    except (KeyError, TypeError, ValueError, RecursionError):
        raise _Failed(f"file:{_PLEDGES}", "it does not list texts") from None
    if not is_right:
        raise _Failed(f"file:{_PLEDGES}", "its texts do not have the hashes that it names")
    if counted.pledges - known:
        raise _Failed(f"file:{_PLEDGES}", "it lacks a text that the entries say was signed")


def _document(data: bytes) -> dict[str, Any]:
    """The JSON object in a member; an empty one for what is none."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
