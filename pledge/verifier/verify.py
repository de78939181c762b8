#!/usr/bin/env python3
"""Check the number of a campaign yourself: a receipt, a delivery pack, or the whole public log.

    python3 verify.py receipt FILE [--address MAIL] [--key KEY] [--log URL]    a receipt (.tlog-proof)
    python3 verify.py pack FILE-or-FOLDER [--key KEY] [--log URL]   a delivery pack, zipped or unpacked
    python3 verify.py count URL-or-FOLDER [--key KEY]               recount the published log
    python3 verify.py consistency OLD URL-or-FOLDER [--key KEY]     an earlier checkpoint or receipt is a beginning of it
    python3 verify.py mirror URL FOLDER                             download the published log, to check it offline
    python3 verify.py                                               inside an unpacked pack: check that pack

With --policy FILE (C2SP tlog-policy) the state must have been cosigned by as many of your witnesses as the file asks for.
KEY is the log's public key (<name>+<id>+<base64>), a file of such lines, or the address of one. With --log, a receipt or a
pack is compared with the log published today, and a receipt may be by a key that has ended since; without it, the check
proves only that the key has signed it. The exit status is 0 when all is right, 1 when a check failed (its name is printed),
2 when nothing could be checked (a wrong call, no file, no network), or not the number and words that a site shows.

One file, Python 3.8 or newer, nothing to install; so its messages are in the code, in English and Korean, and not in
the site's catalogues. It was written from the published formats and takes no code from the site, so that a mistake there
is not repeated here (docs/adr/0048). The site has no checker of its own: it runs or imports this one to check its log, the
packs that it makes and those that staff hand it. The formats: docs/log.md, docs/pack.md, docs/paper.md.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import csv
import datetime as dt
import hashlib
import http.client
import io
import json
import os
import re
import struct
import sys
import time
import unicodedata
import urllib.error
import urllib.request
import zipfile
import zlib
from array import array
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator, Tuple

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # then the arithmetic below is used, a few milliseconds slower
    Ed25519PublicKey = None  # type: ignore[assignment,misc]

VERSION = "2"

# --- Messages ---------------------------------------------------------------------------------------------------------

#: Korean for each kind of failure. The English text gives the details.
KOREAN = {
    "archive": "전달 자료집의 압축 파일이 아니거나, 손상되었거나 바뀌었습니다.",
    "signature": "전달 자료집의 전자서명이 맞지 않습니다. 자료집이 바뀌었거나 다른 키로 전자서명했습니다.",
    "manifest": "파일 목록(manifest.json)의 형식이 맞지 않습니다.",
    "file": "이 파일은 전자서명된 내용이나 공개 기록과 다릅니다.",
    "origin": "이 주소의 공개 기록이 아니라 다른 캠페인이나 다른 사이트의 기록입니다.",
    "checkpoint": "체크포인트에 이 캠페인의 전자서명이 없거나 나머지 내용과 맞지 않습니다.",
    "entry": "공개 기록의 이 항목이 규칙에 어긋납니다.",
    "size": "항목 수가 체크포인트와 다릅니다.",
    "root": "항목으로 다시 계산한 값이 전자서명된 값과 다릅니다. 항목이 바뀌었거나 빠졌거나 순서가 달라졌습니다.",
    "count": "항목을 다시 센 수가 적혀 있는 수와 다르거나, 파일마다 적힌 수가 서로 다릅니다.",
    "pledge": "사이트에 공개된 서약문이 서명한 서약문과 다르거나, 서명한 서약문이 어디에도 공개되어 있지 않습니다.",
    "statement": "사이트에 공표한 글이 공개 기록과 다르거나, 기록에 있는 글이 공개되어 있지 않습니다.",
    "receipt": "집계 영수증의 형식이 아닙니다. 파일이 손상되었거나 바뀌었습니다.",
    "leaf": "집계 영수증에 적힌 항목이 서명을 집계한 항목이 아닙니다.",
    "proof": "집계 영수증에 적힌 항목이 전자서명된 공개 기록과 이어지지 않습니다.",
    "address": "이 주소의 집계 영수증이 아닙니다. 대소문자까지 서명할 때 입력한 그대로 적어 주세요.",
    "consistency": "이전 체크포인트가 지금 공개 기록의 앞부분이 아닙니다. 공개 기록이 바뀌었거나, 이 체크포인트는 공개된 적이 없습니다.",
    "witnesses": "외부 증인의 전자서명이 맞지 않거나 모자랍니다. 또는 증인이 확인한 기록이 지금 공개된 기록의 앞부분이 아닙니다.",
    "taken-back": "이 항목은 공개 기록에 있지만 나중에 철회되었거나 무효 처리되어 지금은 집계되지 않습니다.",
}


class Failed(Exception):
    """A check failed. `name` is its name in the manual, such as `root` or `entry:17`."""

    def __init__(self, name: str, words: str, korean: str = "") -> None:
        super().__init__(name, words)
        self.name = name
        self.words = words
        self.korean = korean or KOREAN[name.partition(":")[0]]


class Trouble(Exception):
    """Nothing could be checked."""


def report(*lines: str) -> None:
    for line in lines:
        print(line)


def plain(text: str, longest: int = 200) -> str:
    """Text of a file, safe to print: without control and invisible characters."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in cut)


# --- Base64, JSON and numbers, each in its canonical form --------------------------------------------------------------


def from_base64(text: str) -> bytes:
    """Decode base64. Raises ValueError, also if it is not canonical."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64 in its usual form")
    return data


def from_json(data: bytes) -> Any:
    """Parse JSON. Raises ValueError, also for duplicate keys, which parsers treat differently."""
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_twins,
            parse_int=_short_number,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key appears twice")
    return fields


def _short_number(text: str) -> int:
    if len(text) > 20:
        raise ValueError("too large a number")
    return int(text)


def _no_constant(text: str) -> None:
    raise ValueError(text)


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)


def decimal(text: str) -> int:
    """A number without sign, space or leading zero. Raises ValueError."""
    if not _DECIMAL.match(text):
        raise ValueError("not a number")
    return int(text)


# --- Ed25519 (RFC 8032, section 5.1) ----------------------------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

Point = Tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z
_ZERO: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    """Section 5.1.4."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % _P
    f = (a[1] + a[0]) * (b[1] + b[0]) % _P
    g = 2 * a[3] * b[3] * _D % _P
    h = 2 * a[2] * b[2] % _P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % _P, k * m % _P, j * k % _P, i * m % _P


def _times(number: int, point: Point) -> Point:
    total = _ZERO
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


def _is_same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % _P == 0 and (a[1] * b[2] - b[1] * a[2]) % _P == 0


def _point(data: bytes) -> Point | None:
    """Decode a point (section 5.1.3); None if the bytes are not the canonical encoding of one."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (v * x * x - u) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def is_signed(key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether a signature is valid, by strict rules: canonical key and R, S below L, no key that fits every text."""
    if len(key) != 32 or len(signature) != 64:
        return False
    point, s = _point(key), int.from_bytes(signature[32:], "little")
    if point is None or s >= _L or _is_same(_times(8, point), _ZERO) or _point(signature[:32]) is None:
        return False
    if Ed25519PublicKey is not None:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True
    return _is_signed(point, signature, text, key)


def _is_signed(point: Point, signature: bytes, text: bytes, key: bytes) -> bool:
    """Section 5.1.7, step 3: [S]B = R + [k]A."""
    r = _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % _L
    assert r is not None
    assert _BASE is not None
    return _is_same(_times(s, _BASE), _add(r, _times(k, point)))


# --- Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) ----------------------------------------------------

_MAX_NOTE_BYTES = 100000
_MAX_SIGNATURES = 64
_AUDIT = "pledge-audit/v1"


class Key:
    """A public key in its text form, `<name>+<id>+<base64 of its type and the key>`. Raises ValueError."""

    def __init__(self, text: str) -> None:
        name, first, rest = text.partition("+")
        known_id, second, encoded = rest.partition("+")
        data = from_base64(encoded)
        self.name, self.key, self.text = name, data[1:], text
        self.id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        #: The id under which it signs the state of the audit log in a checkpoint.
        self.audit_id = hashlib.sha256(name.encode() + b"\n\xff" + _AUDIT.encode() + self.key).digest()[:4]
        #: Whether it is of a type that is known here: Ed25519, of a log or of a witness.
        self.is_known, self.is_of_witness = (
            data[:1] == kind and len(data) == 33 for kind in (b"\x01", b"\x04")
        )
        if not (name and first and second) or self.id.hex() != known_id:
            raise ValueError("not a key")


def read_keys(text: str) -> list[Key]:
    """The keys in a file, one per line; those of other types are skipped. Raises ValueError."""
    keys = [Key(line.strip()) for line in text.splitlines() if line.strip()]
    if not any(key.is_known for key in keys):
        raise ValueError("no key")
    return [key for key in keys if key.is_known]


class Unsigned(ValueError):
    """No known key has signed a note."""


class Note:
    """A signed note, parsed but not verified. Raises ValueError."""

    def __init__(self, data: bytes) -> None:
        text = data.decode("utf-8")
        body, divider, tail = text.rpartition("\n\n")
        if len(data) > _MAX_NOTE_BYTES or not divider or not tail.endswith("\n"):
            raise ValueError("not a signed note")
        if any(ord(character) < 32 and character != "\n" for character in text):
            raise ValueError("a control character in a note")
        self.text = body + "\n"
        lines = tail[:-1].split("\n")
        if len(lines) > _MAX_SIGNATURES:
            raise ValueError("too many signatures")
        self.signatures = [self._signature(line) for line in lines]

    @staticmethod
    def _signature(line: str) -> tuple[str, bytes, bytes]:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1]:
            raise ValueError("not a signature line")
        data = from_base64(parts[2])
        if len(data) < 5:
            raise ValueError("too short a signature")
        return parts[1], data[:4], data[4:]

    def signed_by(self, keys: list[Key], origin: str) -> list[Key]:
        """The known keys of this name that signed. A wrong signature of a known key makes the note invalid; unknown keys are
        ignored (signed-note, "Verifying"). Raises ValueError."""
        signers = []
        for name, key_id, signature in self.signatures:
            for key in keys:
                if (key.name, key.audit_id) == (name, key_id) and name == origin:
                    self._check_audit_line(key, signature)
                if (key.name, key.id) == (name, key_id) and name == origin:
                    if not is_signed(key.key, signature, self.text.encode()):
                        raise ValueError(f"a signature by the key {key.id.hex()} is wrong")
                    signers.append(key)
        if not signers:
            raise Unsigned(f"no known key of {plain(origin)} has signed it")
        return signers

    def _check_audit_line(self, key: Key, data: bytes) -> None:
        """Length and digest of the site's audit log, signed along with the note (docs/log.md). Raises ValueError."""
        length, digest = int.from_bytes(data[:8], "big"), base64.b64encode(data[8:40]).decode()
        text = f"{_AUDIT}\n{length}\n{digest}\n\n{self.text}"
        if not is_signed(key.key, data[40:], text.encode()):
            raise ValueError(f"what the key {key.id.hex()} says of the audit log is not signed by it")


class Checkpoint:
    """The content of a checkpoint: origin, size, root. Raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self.note = Note(data)
        lines = self.note.text.split("\n")
        if len(lines) != 4 or not lines[0] or " " in lines[0] or "+" in lines[0]:
            raise ValueError("not a checkpoint")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), from_base64(lines[2])
        if len(self.root) != 32:
            raise ValueError("not a checkpoint")
        #: What fails if today's log does not begin with it.
        self.fault = "consistency"


#: Seconds by which clocks may differ.
_CLOCKS = 60


class Policy:
    """Which witnesses have to have seen a state (C2SP tlog-policy). Raises ValueError, in words for who wrote the file."""

    def __init__(self, text: str) -> None:
        #: The key of each witness by its name here, and the addresses of those that have one.
        self.keys: dict[str, Key] = {}
        self.addresses: dict[str, str] = {}
        self._groups: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        self._quorums: list[str] = []
        lines = [line.strip() for line in text.splitlines()]
        self.lines = [line for line in lines if line and not line.startswith("#")]
        line = "quorum"
        try:
            for line in self.lines:
                self._read(*line.split())
            (self._quorum,) = self._quorums
        except (TypeError, ValueError, IndexError):
            raise ValueError(f"this line of the policy is missing or wrong: {plain(line)}") from None

    def _read(self, word: str, name: str, *rest: str) -> None:
        if word == "witness" and len(rest) in (1, 2):
            key = Key(rest[0])
            self._define(name, is_new=key.key not in {known.key for known in self.keys.values()})
            self.keys[name] = key
            if rest[1:]:
                self.addresses[name] = rest[1]
        elif word == "group":
            members = list(rest[1:])
            needed = {"any": 1, "all": len(members)}.get(rest[0]) or decimal(rest[0])
            grouped = [member for _, group in self._groups.values() for member in group] + members
            is_right = self._names.issuperset(members) and len(set(grouped)) == len(grouped)
            self._define(name, is_new=is_right and 0 < needed <= len(members))
            self._groups[name] = (needed, members)
        elif word == "quorum" and not rest and name in self._names:
            self._quorums.append(name)
        elif word != "log":
            raise ValueError

    @property
    def _names(self) -> set[str]:
        return {*self.keys, *self._groups}

    def _define(self, name: str, *, is_new: bool) -> None:
        if not is_new or name in self._names:
            raise ValueError

    def is_satisfied(self, names: Any, by: str = "") -> bool:
        """Whether these witnesses are enough."""
        by = by or self._quorum
        needed, members = self._groups.get(by, (1, []))
        return by in names or sum(self.is_satisfied(names, member) for member in members) >= needed

    def seen(self, note: Note, now: float) -> dict[str, int]:
        """When each witness has cosigned a note, in Unix seconds (C2SP tlog-cosignature). Unknown keys are ignored. Raises ValueError."""
        times = {}
        for name, key_id, data in note.signatures:
            for witness, key in self.keys.items():
                if key.is_of_witness and (key.name, key.id) == (name, key_id):
                    at = int.from_bytes(data[:8], "big")
                    text = f"cosignature/v1\ntime {at}\n{note.text}"
                    if not is_signed(key.key, data[8:], text.encode()):
                        raise ValueError(f"the cosignature of {plain(witness)} is wrong")
                    if at > now + _CLOCKS:
                        raise ValueError(f"the cosignature of {plain(witness)} is of the future")
                    times[witness] = at
        return times


def open_checkpoint(data: bytes, keys: list[Key], *, may_have_ended: bool = False) -> Checkpoint:
    """Parse a checkpoint and verify that a known key signed it; or, where it will be compared with today's log, any. Raises Failed."""
    try:
        checkpoint = Checkpoint(data)
        try:
            checkpoint.note.signed_by(keys, checkpoint.origin)
        except Unsigned:
            if not may_have_ended:
                raise
            checkpoint.fault = "checkpoint"
    except ValueError as error:
        raise Failed("checkpoint", str(error)) from None
    return checkpoint


# --- The tree (RFC 6962, section 2.1) ---------------------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Computes the root of the hashes added so far, keeping one hash per bit of the size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # of complete subtrees, the largest first

    def add(self, digest: bytes) -> None:
        size = self.size
        self.size += 1
        while size & 1:
            digest = node_hash(self._peaks.pop(), digest)
            size >>= 1
        self._peaks.append(digest)

    def root(self) -> bytes:
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        digest = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            digest = node_hash(peak, digest)
        return digest


def root_by_proof(digest: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that follows from a leaf and its audit path (section 2.1.1), from the sibling of the leaf up. Raises ValueError.

    At each level there is a last node; where ours is that and a left one, it goes up alone.
    """
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    last, steps = size - 1, list(proof)
    while last:
        if index & 1 or index < last:
            if not steps:
                raise ValueError("the proof is too short")
            step = steps.pop(0)
            digest = node_hash(step, digest) if index & 1 else node_hash(digest, step)
        index, last = index >> 1, last >> 1
    if steps:
        raise ValueError("the proof is too long")
    return digest


# --- The entries ------------------------------------------------------------------------------------------------------

#: The only form of an entry: keys in this order, no spaces.
_ENTRY = re.compile(
    rb'\{"v":1,"kind":"(?:(confirmed|reinstated)","change":1|(withdrawn|invalidated|removed)","change":-1),"of":"(person|organization)",'
    rb'"day":"(?P<day>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))","pledge":"([0-9a-f]{64})",'
    rb'(?(1)"commitment":"([0-9a-f]{64})"|"takes_back":(0|[1-9][0-9]{0,17}))\}\Z'
)

#: A batch of signatures on paper: their number, and the hash of the scan or the batch taken back. `record` is the hash of its line
#: in an earlier record (docs/paper.md).
_BATCH = re.compile(
    rb'\{"v":1,"kind":"(?:(confirmed)","change":|withdrawn","change":-)(1000000|[1-9][0-9]{0,5}),"of":"paper",'
    rb'"day":"(?P<day>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))",'
    rb'(?(1)"scan":"([0-9a-f]{64})"|"takes_back":(0|[1-9][0-9]{0,17}))(?:,"record":"[0-9a-f]{64}")?\}\Z'
)
#: What was said in somebody's name: the hash of its words. It changes no number.
_STATEMENT = re.compile(
    rb'\{"v":1,"kind":"(promise|answer|letter)","change":0,"of":"statement",'
    rb'"day":"(?P<day>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))","sha256":"([0-9a-f]{64})"\}\Z'
)

WORDS = {b"person": "people", b"organization": "organizations"}
REASONS = ("confirmed", "withdrawn", "invalidated", "reinstated")  #: and "removed" in a log that has it
_NOTHING, _PERSON, _ORGANIZATION, _PAPER = 0, 1, 2, 3
_COUNTED = {b"person": _PERSON, b"organization": _ORGANIZATION}
_BITS = 1 << 27


class Recount:
    """Adds up a log and checks each entry against those before it, keeping nine bytes per entry."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.moves = {word: dict.fromkeys(REASONS, 0) for word in WORDS.values()}
        self.pledges: dict[str, int] = {}
        #: Signatures of each counted batch on paper, by the index of its entry.
        self.batches: dict[int, int] = {}
        #: Kind and hash of each statement, by the index of its entry.
        self.statements: dict[int, tuple[str, str]] = {}
        #: Change of the number of people by day, with every day that an entry names.
        self.days: dict[bytes, int] = {}
        self.latest = b""
        #: The first entry dated more than a day before an earlier entry.
        self.first_backwards: int | None = None
        #: For each entry whether it counts now.
        self._standing = bytearray()
        #: For a +1 the beginning of its commitment; for a -1 that takes back the entry at `index`, -1 - index.
        self._marks = array("q")
        self._seen = bytearray(_BITS // 8)
        self._seen_twice: set[int] = set()

    def add(self, entry: bytes) -> None:
        """Raises Failed."""
        index = len(self._marks)
        match = _ENTRY.match(entry) or _BATCH.match(entry) or _STATEMENT.match(entry)
        if match is None:
            raise Failed(f"entry:{index}", "it is not a line of a form that entries have")
        day = match["day"]
        if day not in self.days:
            self._new_day(index, day)
        if match.re is _ENTRY:
            self._signatory(index, match)
        elif match.re is _BATCH:
            self._batch(index, match)
        else:
            self.statements[index] = (match.group(1).decode(), match.group(3).decode())
            self._marks.append(-1 - index)  # of itself, so of no commitment
            self._standing.append(_NOTHING)
        if day < self.latest and self.first_backwards is None and is_days_before(day, self.latest):
            self.first_backwards = index
        self.latest = max(day, self.latest)
        self.tree.add(leaf_hash(entry))

    def _signatory(self, index: int, match: Any) -> None:
        """Count an entry of a person or an organisation. Raises Failed."""
        plus, minus, of, day, pledge, commitment, taken = match.groups()
        if plus:
            self._plus(commitment, _COUNTED[of])
        else:
            self._minus(index, int(taken), _COUNTED[of])
        if of == b"person":
            self.days[day] += 1 if plus else -1
        moves, reason = self.moves[WORDS[of]], (plus or minus).decode()
        moves[reason] = moves.get(reason, 0) + 1
        text = pledge.decode()
        self.pledges[text] = self.pledges.get(text, 0) + 1
        if len(self.pledges) > 10000:
            raise Failed(f"entry:{index}", "no campaign has so many pledge texts")

    def _batch(self, index: int, match: Any) -> None:
        """Count an entry of a batch on paper, which counts once and is taken back whole. Raises Failed."""
        plus, number, _, scan, taken = match.groups()
        if plus:
            self._plus(scan, _PAPER)
            self.batches[index] = int(number)
        else:
            self._minus(index, int(taken), _PAPER)
            if self.batches.pop(int(taken)) != int(number):
                raise Failed(f"entry:{index}", f"it takes back another number than entry {int(taken)} counts")

    def _new_day(self, index: int, day: bytes) -> None:
        try:
            dt.date.fromisoformat(day.decode())
        except ValueError:
            raise Failed(f"entry:{index}", f"there is no day {day.decode()}") from None
        if len(self.days) > 100000:
            raise Failed(f"entry:{index}", "no campaign lasts so many days")
        self.days[day] = 0

    def _plus(self, commitment: bytes, counted: int) -> None:
        mark = int(commitment[:15], 16)
        place, bit = (mark % _BITS) >> 3, 1 << (mark & 7)
        if self._seen[place] & bit:
            self._seen_twice.add(mark)  # possibly; finish() compares the whole commitments
        self._seen[place] |= bit
        self._marks.append(mark)
        self._standing.append(counted)

    def _minus(self, index: int, taken: int, counted: int) -> None:
        if taken >= index or self._standing[taken] != counted:
            raise Failed(f"entry:{index}", f"it takes back entry {taken}, which does not count then")
        self._standing[taken] = _NOTHING
        self._marks.append(-1 - taken)
        self._standing.append(_NOTHING)

    def finish(self) -> None:
        """Check that no commitment counts twice at a time. Raises Failed."""
        standing: set[int] = set()
        for index, mark in enumerate(self._marks) if self._seen_twice else ():
            if mark < 0:
                standing.discard(self._marks[-1 - mark])
            elif mark in self._seen_twice:
                if mark in standing:
                    raise Failed(f"entry:{index}", "it counts what an earlier entry counts already")
                standing.add(mark)

    def taken_back_by(self, index: int) -> int | None:
        """The entry that takes back the +1 at this index; None while it counts."""
        return None if self._standing[index] != _NOTHING else self._marks.index(-1 - index)

    def standing_as(self, commitment: str) -> int | None:
        """The entry with this commitment that counts now: a later one if its signature was reinstated."""
        mark = int(commitment[:15], 16)
        for index in range(len(self._marks) - 1, -1, -1):
            if self._marks[index] == mark and self._standing[index] != _NOTHING:
                return index
        return None

    def count(self, word: str) -> int:
        moves = self.moves[word]
        return 2 * (moves["confirmed"] + moves["reinstated"]) - sum(moves.values())

    @property
    def paper(self) -> int:
        return sum(self.batches.values())

    @property
    def people(self) -> int:
        return self.count("people")

    @property
    def organizations(self) -> int:
        return self.count("organizations")


def is_days_before(day: bytes, other: bytes) -> bool:
    """Whether a day is more than one day before another. Around midnight two entries may be numbered in reverse."""
    first, second = (dt.date.fromisoformat(text.decode()) for text in (day, other))
    return (second - first).days > 1


def entries_in(data: bytes) -> Iterator[bytes]:
    """The complete entries, each after its length in two bytes (tlog-tiles, "Log Entries")."""
    place = 0
    while len(data) - place >= 2:
        end = place + 2 + (data[place] << 8 | data[place + 1])
        if end > len(data):
            return
        yield data[place + 2 : end]
        place = end


def split_entries(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Entries from their stored form. Raises Failed."""
    rest, index = b"", 0
    for chunk in chunks:
        data, end = rest + chunk, 0
        for entry in entries_in(data):
            yield entry
            end, index = end + 2 + len(entry), index + 1
        rest = data[end:]
    if rest:
        raise Failed("size", f"the entries break off after entry {index - 1}")


def recount(
    entries: Iterator[bytes],
    checkpoint: Checkpoint,
    older: Checkpoint | None = None,
    shown: SiteNumbers | None = None,
) -> Recount:
    """Add up a log and compare it with its checkpoint, with an older checkpoint, and with the numbers that the site shows, each at
    its size. Raises Failed."""
    recounted = Recount()

    def compare(size: int) -> None:
        if older is not None and size == older.size and recounted.tree.root() != older.root:
            raise Failed(older.fault, f"the first {size} entries are not those of the older checkpoint")
        if shown is not None and size == shown.size:
            shown.check(recounted)

    for size, entry in enumerate(entries):
        if size >= checkpoint.size:
            raise Failed("size", f"there are more entries than the {checkpoint.size} of the checkpoint")
        compare(size)
        recounted.add(entry)
    if recounted.tree.size != checkpoint.size:
        raise Failed(
            "size", f"there are {recounted.tree.size} entries, the checkpoint says {checkpoint.size}"
        )
    compare(checkpoint.size)
    if recounted.tree.root() != checkpoint.root:
        raise Failed("root", "the entries do not give the root that was signed")
    recounted.finish()
    return recounted


class SiteNumbers:
    """The numbers that a site shows, the size of its log then, and whether they were compared."""

    def __init__(self, data: bytes) -> None:
        try:
            fields = from_json(data)
            self.counts = {word: fields[word] for word in WORDS.values()}
            self.counts["on paper"] = fields.get("paper", 0)
            #: None while a log is being made for an existing count.
            self.size = fields["checkpoint"]
            is_right = all(map(is_number, self.counts.values())) and (
                self.size is None or is_number(self.size)
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            is_right = False
        if not is_right:
            raise Failed("count", "what the site shows as its count is no such thing")
        self.is_compared = False

    def check(self, recounted: Recount) -> None:
        """Raises Failed."""
        counts = {word: recounted.count(word) for word in WORDS.values()}
        counts["on paper"] = recounted.paper
        if counts != self.counts:
            words = f"its first {self.size} entries add up to {in_words(counts)}"
            raise Failed("count", f"the site shows {in_words(self.counts)}, {words}")
        self.is_compared = True


# --- Sources of a published log --------------------------------------------------------------------------------------

_FULL = 256
_MAX_BUNDLE_BYTES = _FULL * (2 + 65535)
_AT_ONCE = 8


def tile_path(level: str, number: int, width: int) -> str:
    """tlog-tiles, "Merkle Tree": `tile/0/x001/x234/067.p/12`."""
    parts = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03}")
    end = "" if width == _FULL else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{end}"


def tiles_of(size: int) -> Iterator[tuple[int, int]]:
    """Number and width of the tiles over so many hashes."""
    for begin in range(0, size, _FULL):
        yield begin // _FULL, min(_FULL, size - begin)


class Folder:
    """A copy of the published files, or the `log` folder of a pack."""

    def __init__(self, path: Path) -> None:
        self.path = path if (path / "checkpoint").exists() or not (path / "log").is_dir() else path / "log"
        self.name = plain(str(path))
        self.is_copy = True

    def beside(self, _path: str) -> None:
        """None: a copy shows no numbers and no words."""

    def file(self, name: str, longest: int) -> bytes | None:
        """The content of a file, or None if it is missing. Raises Trouble if it is too long."""
        try:
            return read_file(self.path / name, longest)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def bundles(self, size: int) -> Iterator[bytes]:
        alone = self.path / "entries"
        if alone.is_file() and not (self.path / "tile").exists():
            return split_entries(stream_of(alone))
        return chain.from_iterable(bundle(self, number, width) for number, width in tiles_of(size))


class Site:
    """A published log, `https://<host>/log/<slug>`."""

    def __init__(self, address: str) -> None:
        self.address = re.sub(r"(/checkpoint|/+)\Z", "", address)
        self.name = plain(address)
        self.is_copy = False

    def file(self, name: str, longest: int) -> bytes | None:
        return fetch(f"{self.address}/{name}", longest)

    def beside(self, path: str) -> bytes | None:
        """What the site has at another address, in which `*` is the campaign; None where it does not run our software."""
        site, divider, slug = self.address.rpartition("/log/")
        return fetch(site + path.replace("*", slug), _LARGEST) if divider else None

    def check_name(self, origin: str) -> None:
        """Check that a log has the name of this address; or, as after a move or a loss, that both have a key here. Raises Failed."""
        here = self.address.partition("://")[2]
        is_renamed = here.rpartition("/log/")[2] == origin.rpartition("/log/")[2]
        if here != origin and not (
            is_renamed and {here, origin} <= {key.name for key in published_keys(self).keys}
        ):
            raise Failed("origin", f"it is the log {plain(origin)}, not that of this address")

    def bundles(self, size: int) -> Iterator[bytes]:
        return chain.from_iterable(at_once(lambda tile: bundle(self, *tile), tiles_of(size)))


def at_once(work: Callable[[Any], Any], jobs: Iterator[Any]) -> Iterator[Any]:
    """What `work` gives for each of many jobs, in their order, a few done at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(jobs, 4 * _AT_ONCE)):
            yield from pool.map(work, some)


def published_tile(source: Any, level: str, number: int, width: int) -> tuple[bytes, bool]:
    """A tile, and whether it was cut from a wider one: a partial tile may be removed once the full one exists (tlog-tiles,
    "Partial Tiles"). Raises Failed."""
    name = tile_path(level, number, width)
    longest = _MAX_BUNDLE_BYTES if level == "entries" else _FULL * 32
    data, is_wider = source.file(name, longest), False
    if data is None and width < _FULL:
        data, is_wider = source.file(tile_path(level, number, _FULL), longest), True
    if data is None:
        raise Failed("file:" + name, "the log does not have what its checkpoint promises")
    return data, is_wider


def bundle(source: Any, number: int, width: int) -> list[bytes]:
    """The entries under one tile. Raises Failed."""
    data, is_wider = published_tile(source, "entries", number, width)
    entries = list(islice(entries_in(data), width))
    is_more = 2 * width + sum(map(len, entries)) < len(data)
    if len(entries) < width or (is_more and not is_wider):
        name = "file:" + tile_path("entries", number, width)
        raise Failed(name, f"it holds more or less than the {width} entries that it is to hold")
    return entries


class Tiles:
    """Compares published hashes with those computed from the entries."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self._rows: list[list[bytes]] = [[]]
        self._numbers = [0]

    def add(self, digest: bytes) -> None:
        """Add the hash of the next entry. Raises Failed."""
        level = 0
        while True:
            self._rows[level].append(digest)
            if len(self._rows[level]) < _FULL:
                return
            digest = self._compare(level)
            level += 1
            if level == len(self._rows):
                self._rows.append([])
                self._numbers.append(0)

    def end(self) -> None:
        """Compare the partial tiles at the end. Raises Failed."""
        for level, row in enumerate(self._rows):
            if row:
                self._compare(level)

    def _compare(self, level: int) -> bytes:
        row, number = self._rows[level], self._numbers[level]
        data, is_wider = published_tile(self.source, str(level), number, len(row))
        expected = b"".join(row)
        if data != expected and not (is_wider and data.startswith(expected)):
            place = next(
                (i for i, digest in enumerate(row) if data[i * 32 : i * 32 + 32] != digest), len(row)
            )
            words = f"its hash {place} is not what the entries give"
            raise Failed("file:" + tile_path(str(level), number, len(row)), words)
        self._rows[level], self._numbers[level] = [], number + 1
        tree = Tree()
        for digest in row:
            tree.add(digest)
        return tree.root()


# --- The network --------------------------------------------------------------------------------------------------------

_TRIES = 3


def fetch(address: str, longest: int) -> bytes | None:
    """The content of a URL, or None if there is nothing. Raises Trouble."""
    request = urllib.request.Request(
        address, headers={"User-Agent": "pledge-verify/" + VERSION, "Accept-Encoding": "gzip"}
    )
    for attempt in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                data = answer.read(longest + 1)
                is_packed = answer.headers.get("Content-Encoding", "").lower() == "gzip"
            if is_packed and len(data) <= longest:
                data = zlib.decompressobj(31).decompress(data, longest + 1)
            if len(data) > longest:
                raise Trouble(f"{plain(address)} answers more than such a file can hold")
            return bytes(data)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return None
            words = f"answers {error.code}"
            if error.code < 500 and error.code != 429:
                break
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            words = f"cannot be read: {plain(str(error))}"
        if attempt < _TRIES:
            time.sleep(attempt)
    raise Trouble(f"{plain(address)} {words}")


def is_address(text: str) -> bool:
    return re.match(r"https?://[^/?#\s]+(/[^?#\s]*)?\Z", text) is not None


# --- A pack, zipped or not ------------------------------------------------------------------------------------------------

_MEMBERS = (
    "totals.xlsx totals.csv totals.json organizations.csv demands.csv answers.csv integrity.json pledge-texts.json "
    "log/checkpoint log/key log/entries verify.py manifest.json manifest.sig"
).split()
#: In packs that have something to tell in them.
_OPTIONAL = {"demands.csv", "answers.csv"}
_LETTER = re.compile(r"letter-[a-z]{2}\.pdf\Z")
#: Files that operating systems and office programs leave in folders.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}
_LITTER_STARTS = ("~$", "._", ".~lock.")
_SMALL = 1 << 20
#: The longest document that is read as a whole.
_LARGEST = 1 << 26
_PART = 1 << 16


def members_among(names: Any) -> list[str]:
    """The expected members of a pack that has these: one letter per language."""
    tables = [name for name in _MEMBERS if name not in _OPTIONAL or name in names]
    return ["README.txt", *filter(_LETTER.match, names), *tables]


def stream_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(_PART), b"")


def is_litter(name: str) -> bool:
    return name in _LITTER or name.startswith(_LITTER_STARTS)


class Unpacked:
    """A pack in a folder. Raises Failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        present: set[str] = set()
        #: Files beside the members that do not matter.
        self.litter: list[str] = []
        for folder, folders, files in os.walk(str(path)):
            inside = Path(folder).relative_to(path)
            names = {name: (inside / name).as_posix() for name in files + folders}
            self.litter += [where for name, where in names.items() if is_litter(name)]
            present |= {where for name, where in names.items() if not is_litter(name)}
            folders[:] = [name for name in folders if not is_litter(name)]
            if len(present) > 1000:
                break
        self.members = members_among(present)
        check_members(present - {"log"}, set(self.members))
        for name in self.members:
            if (path / name).is_symlink() or not (path / name).is_file():
                raise Failed("archive", f"{name} is not a file")

    def chunks(self, name: str) -> Iterator[bytes]:
        return stream_of(self.path / name)


def check_members(present: set[str], wanted: set[str]) -> None:
    missing, foreign = (plain(", ".join(sorted(names))) for names in (wanted - present, present - wanted))
    if missing:
        raise Failed("archive", f"missing: {missing}", f"빠진 파일이 있습니다: {missing}")
    if foreign:
        korean = (
            f"전달 자료집에 속하지 않는 파일이 있습니다. 다른 곳으로 옮기고 다시 검증해 주세요: {foreign}"
        )
        raise Failed("archive", f"not part of a pack: {foreign}", korean)


#: Exceptions from opening or reading a damaged or unsupported zip.
_ZIP_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError),
    *(NotImplementedError, RuntimeError, ValueError, OSError),
)
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class Zip:
    """A zipped pack. The signed hashes prove its content, so the details of the zip do not matter. Raises Failed."""

    def __init__(self, stream: BinaryIO) -> None:
        self.litter: list[str] = []
        try:
            self._archive = zipfile.ZipFile(stream)
        except _ZIP_FAULTS as error:
            raise Failed("archive", f"it is not a zip, or it is damaged: {plain(str(error))}") from None
        members = self._archive.infolist()
        names = {member.filename for member in members}
        self.members = members_among(names)
        check_members(names, set(self.members))
        if len(members) != len(names):
            raise Failed("archive", "a member is in it twice")
        if any(member.compress_type not in _METHODS for member in members):
            raise Failed("archive", "a member is packed in another way than packs are")

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a member in chunks. Raises Failed."""
        try:
            with self._archive.open(name) as member:
                yield from iter(lambda: member.read(_PART), b"")
        except _ZIP_FAULTS as error:
            raise Failed("archive", f"{name} is damaged: {plain(str(error))}") from None


def whole(pack: Any, name: str, longest: int) -> bytes:
    """The whole content of a member. Raises Failed if it is too long."""
    parts, size = [], 0
    for part in pack.chunks(name):
        size += len(part)
        if size > longest:
            raise Failed("file:" + name, "it is longer than such a file can be")
        parts.append(part)
    return b"".join(parts)


# --- Checking a pack ----------------------------------------------------------------------------------------------------

FORMAT = "pledge-delivery/v1"


class Manifest:
    """The signed manifest of a pack. Raises Failed."""

    def __init__(self, data: bytes) -> None:
        try:
            fields = from_json(data)
            state = fields["checkpoint"]
            self.campaign, self.origin, self.files = fields["campaign"], fields["origin"], fields["files"]
            self.size, self.root = state["size"], from_base64(state["root"])
            self.counts = {word: state[word] for word in WORDS.values()}
            is_right = (
                fields["format"] == FORMAT
                and isinstance(fields["tool"], str)
                and isinstance(self.campaign, str)
                and self.origin.rpartition("/log/")[1:] == ("/log/", self.campaign)
                and all(map(is_number, [self.size, *self.counts.values()]))
                and list(self.files) == members_among(self.files)[:-2]
                and all(self._is_described(entry) for entry in self.files.values())
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            is_right = False
        if not is_right or len(self.root) != 32:
            raise Failed("manifest", f"manifest.json does not have the form {FORMAT}")

    @staticmethod
    def _is_described(entry: Any) -> bool:
        return (
            set(entry) - {"rows"} == {"size", "sha256"}
            and is_number(entry["size"])
            and is_number(entry.get("rows", 0))
            and re.match(r"[0-9a-f]{64}\Z", entry["sha256"]) is not None
        )


def read_manifest(pack: Any, keys: list[Key]) -> Manifest:
    """The manifest of a pack, after verifying its signature. Raises Failed."""
    data = whole(pack, "manifest.json", _SMALL)
    try:
        note = Note(whole(pack, "manifest.sig", _MAX_NOTE_BYTES))
        origin = note.text.split("\n")[1]
        note.signed_by(keys, origin)
    except (ValueError, IndexError) as error:
        raise Failed("signature", str(error)) from None
    if note.text != f"{FORMAT}\n{origin}\n{hashlib.sha256(data).hexdigest()}\n":
        raise Failed("signature", "manifest.json is not the one that was signed")
    manifest = Manifest(data)
    if manifest.origin != origin:
        raise Failed("manifest", "manifest.json and manifest.sig name two logs")
    return manifest


def check_files(pack: Any, manifest: Manifest) -> None:
    """Compare each file with its signed hash. Raises Failed for the first that differs."""
    check_members(set(pack.members), {*manifest.files, "manifest.json", "manifest.sig"})
    for name, described in manifest.files.items():
        digest, size = hashlib.sha256(), 0
        for part in pack.chunks(name):
            size += len(part)
            if size > described["size"]:
                break
            digest.update(part)
        if size != described["size"] or digest.hexdigest() != described["sha256"]:
            raise Failed("file:" + name, "it is not the file that the manifest describes")
        if name.endswith(".csv") and "rows" in described:
            rows = len(table(pack, name)) - 1
            if rows != described["rows"]:
                raise Failed("file:" + name, f"it has {rows} rows, the manifest says {described['rows']}")


def check_counts(pack: Any, manifest: Manifest, recounted: Recount) -> dict[str, Any]:
    """That everything in the pack that names the count names the recounted one; totals.json. Raises Failed."""
    counts = {word: recounted.count(word) for word in WORDS.values()}
    if manifest.counts != counts:
        raise Failed(
            "count",
            f"the entries add up to {in_words(counts)}, manifest.json says {in_words(manifest.counts)}",
        )
    state = {"size": manifest.size, "root": base64.b64encode(manifest.root).decode()}
    totals, integrity = (document(pack, name) for name in ("totals.json", "integrity.json"))
    if {word: totals.get(word) for word in counts} != counts or totals.get("checkpoint") != state:
        raise Failed(
            "count", f"totals.json says something else than the entries, which add up to {in_words(counts)}"
        )
    if integrity.get("log") != recounted.moves:
        raise Failed("count", "integrity.json says something else than the entries")
    check_paper("integrity.json", integrity.get("paper"), recounted)
    check_paper("totals.json", totals.get("paper"), recounted)
    return totals


def check_paper(name: str, listed: Any, recounted: Recount) -> None:
    """Check that a file gives the log's signatures on paper and batches; the sheets are not in the log. Raises Failed."""
    expected = {"signatures": recounted.paper, "batches": len(recounted.batches)}
    if listed is not None or recounted.batches:
        is_right = isinstance(listed, dict) and is_number(listed.get("sheets"))
        if not is_right or {name: listed[name] for name in listed if name != "sheets"} != expected:
            raise Failed("count", f"{name} says something else of paper than the entries")


# --- The tables of a pack -------------------------------------------------------------------------------------------------

BREAKDOWNS = ("country", "region", "day")
_OTHER = "other"


def check_tables(pack: Any, manifest: Manifest, recounted: Recount) -> None:
    """Check each table against the entries or, where these do not tell, against totals.json. Raises Failed."""
    totals = check_counts(pack, manifest, recounted)
    check_breakdowns(totals, manifest.campaign, recounted)
    check_moment(totals["as_of"], recounted.latest)
    # Packs of before integrity.json named the moment have none there.
    if document(pack, "integrity.json").get("as_of", totals["as_of"]) != totals["as_of"]:
        raise Failed("count", "integrity.json is as of another moment than totals.json")
    langs = list(totals["campaign"]["title"])
    check_organizations(pack, totals, langs)
    check_totals_csv(pack, totals, langs)
    numbers = [recounted.people, recounted.organizations, *([recounted.paper] if totals.get("paper") else [])]
    check_readme(pack, numbers * len(langs))
    check_letters(pack, totals)


def check_breakdowns(totals: dict[str, Any], campaign: str, recounted: Recount) -> None:
    """Raises Failed."""
    try:
        is_right = totals["campaign"]["slug"] == campaign and isinstance(totals["as_of"], str)
        title = totals["campaign"]["title"]
        # It lists the languages; every label is in exactly these.
        is_right = is_right and len(title) > 0
        is_right = is_right and all(re.fullmatch("[a-z]{2}", lang) for lang in title)
        texts = list(title.values())
        for name in BREAKDOWNS:
            cells = totals["by_" + name]
            texts += [text for cell in cells for text in (cell["key"], *cell["label"].values())]
            is_right = is_right and all(cell["label"].keys() == title.keys() for cell in cells)
            is_right = is_right and all(type(cell["people"]) is int for cell in cells)
            is_right = is_right and len({cell["key"] for cell in cells}) == len(cells)
        unnamed = totals.get("unnamed_organizations", 0)
        is_right = is_right and is_number(unnamed) and all(isinstance(text, str) for text in texts)
    except (KeyError, TypeError, AttributeError):
        is_right = False
    if not is_right:
        raise Failed("count", "totals.json is not a document of totals")
    for name in BREAKDOWNS:
        people = sum(cell["people"] for cell in totals["by_" + name])
        if people != recounted.people:
            raise Failed(
                "count", f"the lines by {name} in totals.json add up to {people}, not to {recounted.people}"
            )
    for cell in totals["by_day"]:
        given = recounted.days.get(cell["key"].encode("utf-8", "replace"))
        if cell["key"] != _OTHER and cell["people"] != given:
            day = plain(cell["key"])
            raise Failed(
                "count", f"totals.json says {cell['people']} for the day {day}, the entries give {given}"
            )


def check_moment(as_of: str, latest: bytes) -> None:
    """Check that the moment is not before the day of the last entry (in Korea): entries tell only days. Raises Failed."""
    try:
        moment = dt.datetime.strptime(as_of, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        raise Failed("count", "totals.json names no moment that it is as of") from None
    # The clocks of two machines may differ by some minutes.
    day = moment.astimezone(dt.timezone(dt.timedelta(hours=9, minutes=5))).date().isoformat()
    if day.encode() < latest:
        raise Failed("count", f"totals.json is as of {as_of}, but an entry is of {latest.decode()}")


def table(pack: Any, name: str) -> list[list[str]]:
    """The rows of a CSV file, header first. Raises Failed."""
    try:
        text = whole(pack, name, _LARGEST).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (ValueError, csv.Error):
        raise Failed("file:" + name, "it is not a table") from None


def is_cell(cell: str, text: str) -> bool:
    """Whether a CSV cell has this text, with an apostrophe before it if a spreadsheet could run it."""
    return cell in (text, "'" + text)


def check_organizations(pack: Any, totals: dict[str, Any], langs: list[str]) -> None:
    """Check that organizations.csv has as many rows as the log counts. Raises Failed."""
    head, *rows = table(pack, "organizations.csv") or [[]]
    if head[: len(langs)] != ["name_" + lang for lang in langs] or any(len(row) != len(head) for row in rows):
        raise Failed("count", "organizations.csv is not a list of organisations")
    counted = totals["organizations"]
    unnamed = totals.get("unnamed_organizations", max(counted - len(rows), 0))
    if len(rows) + unnamed != counted:
        words = f"organizations.csv has {len(rows)}, and {unnamed} are said not to be named; the log counts {counted}"
        raise Failed("count", words)


def check_totals_csv(pack: Any, totals: dict[str, Any], langs: list[str]) -> None:
    """Raises Failed."""
    words = dict.fromkeys(langs)
    lines: list[tuple[str, str, dict[str, Any], object]] = [
        ("campaign", totals["campaign"]["slug"], totals["campaign"]["title"], ""),
        ("as_of", totals["as_of"], words, ""),
        ("checkpoint", "size", words, totals["checkpoint"]["size"]),
        *(("total", word, words, totals[word]) for word in WORDS.values()),
        *([("total", "paper", words, totals["paper"]["signatures"])] if totals.get("paper") else []),
    ]
    for name in BREAKDOWNS:
        lines += [(name, cell["key"], cell["label"], cell["people"]) for cell in totals["by_" + name]]
    expected = [
        [section, key, *(label[lang] for lang in langs), value] for section, key, label, value in lines
    ]
    head, *rows = table(pack, "totals.csv") or [[]]
    is_right = head == ["section", "key", *("label_" + lang for lang in langs), "people"]
    is_right = is_right and len(rows) == len(expected)
    for row, texts in zip(rows, expected):
        # The labels of the first lines may change, but may not contain a number.
        is_right = is_right and len(row) == len(texts)
        is_right = is_right and all(
            is_cell(cell, str(text)) if text is not None else not any(map(str.isdigit, cell))
            for cell, text in zip(row, texts)
        )
        if not is_right:
            raise Failed("count", f"totals.csv says something else than totals.json: {plain(','.join(row))}")
    if not is_right:
        raise Failed("count", "totals.csv does not have the lines of totals.json")


def check_readme(pack: Any, numbers: list[int]) -> None:
    """Check that it gives people, organisations and paper once per language, in lines of words and a number. Raises Failed."""
    text = whole(pack, "README.txt", _LARGEST).decode("utf-8", "replace")
    expected = [f"{number:,}" for number in numbers]
    listed = re.findall(r"(?m)^ +\S.*? {2,}([0-9][0-9,]*)", text)
    if listed != expected:
        raise Failed(
            "count",
            f"README.txt says {plain(', '.join(listed))} where the entries give {', '.join(expected)}",
        )


_FIELDS = re.compile(rb"/Keywords *\((people=[^()]*)\)")


def check_letters(pack: Any, totals: dict[str, Any]) -> None:
    """Check that the numbers and the moment in each PDF's keywords are the pack's; earlier packs have none. Raises Failed."""
    paper = totals["paper"]["signatures"] if totals.get("paper") else 0
    numbers = {word: totals[word] for word in WORDS.values()}
    fields = {**numbers, "paper": paper, "size": totals["checkpoint"]["size"], "as_of": totals["as_of"]}
    expected = ", ".join(f"{name}={value}" for name, value in fields.items())
    letters = {
        name: _FIELDS.search(whole(pack, name, _LARGEST)) for name in filter(_LETTER.match, pack.members)
    }
    for name, match in letters.items():
        given = match[1].decode("utf-8", "replace") if match else "none"
        if any(letters.values()) and given != expected:
            raise Failed("count", f"the fields of {name} are {plain(given)}, those of the pack {expected}")


def check_pledges(name: str, read: Callable[[], Any], recounted: Recount) -> int:
    """Check that the pledge text of each entry is among texts with their hashes, word for word. Returns how many entries are of the
    first of them. Raises Failed."""
    try:
        listed = [(text["sha256"], fingerprint(text["text"])) for text in read()]
        is_right = all(known == digest for known, digest in listed)
    except (ValueError, TypeError, KeyError, AttributeError):
        is_right = False
    if not is_right:
        raise Failed(name, "its texts do not have the hashes that it names")
    for pledge, entries in recounted.pledges.items():
        if (pledge, pledge) not in listed:
            raise Failed(name, f"it lacks the text that {entries} entries name, with the hash {pledge}")
    return recounted.pledges.get(listed[0][0], 0) if listed else 0


def fingerprint(wording: dict[str, str]) -> str:
    """The hash of a pledge text or statement: for each language by code, the code and the text, each followed by a zero byte."""
    if not wording or not all(isinstance(text, str) for text in wording.values()):
        raise ValueError("a pledge text is a text in each of its languages")
    joined = "".join(f"{lang}\0{wording[lang]}\0" for lang in sorted(wording))
    return hashlib.sha256(joined.encode()).hexdigest()


def in_words(counts: dict[str, int]) -> str:
    return " and ".join(f"{number} {word}" for word, number in counts.items())


def document(pack: Any, name: str) -> dict[str, Any]:
    try:
        content = from_json(whole(pack, name, _LARGEST))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Failed("count", f"{name} is not a document that can be read")
    return content


# --- The words that a site publishes ------------------------------------------------------------------------------------

#: Seconds after which caches have a list that the log was ahead of.
_LAG = 6


def check_words(source: Any, recounted: Recount, tries: int = _TRIES) -> int | None:
    """Compare the words that a site publishes with the hashes in its log. Returns how many entries are of the newest pledge text;
    None where the site lists no words. Raises Failed."""
    facts, stated = (source.beside("/api/v1/campaigns/*" + name) for name in ("", "/statements"))
    if facts is None or stated is None:
        return None
    try:
        check_statements(stated, recounted)
        return check_pledges("pledge", lambda: published_texts(source, facts), recounted)
    except Failed:
        if tries == 1:
            raise
    time.sleep(_LAG)
    return check_words(source, recounted, tries - 1)


def published_texts(source: Any, facts: bytes) -> Iterator[dict[str, Any]]:
    """The pledge texts of a site, newest first, as pledge-texts.json has them: each language from its own address."""
    for text in from_json(facts)["pledges"]:
        paths = {lang: f"/{lang}/c/*/pledge/{text['version']}.md" for lang in text["texts"]}
        wording = {lang: str(source.beside(path) or b"", "utf-8") for lang, path in paths.items()}
        yield {"sha256": text["sha256"], "text": wording}


def check_statements(data: bytes, recounted: Recount) -> None:
    """Check that the words of each statement are published; those of a letter only its recipient has. Raises Failed."""
    missing = set(recounted.statements)
    try:
        for statement in from_json(data)["statements"]:
            index, kind = int(statement["entry"]), statement["kind"]
            digest = statement["sha256"] if kind == "letter" else fingerprint(statement["words"])
            if index < recounted.tree.size and recounted.statements.get(index) != (kind, digest):
                raise Failed(f"statement:{index}", "the site publishes other words than this entry says")
            missing.discard(index)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Failed("statement", "what the site lists as statements is no such list") from None
    for index in sorted(missing):
        raise Failed(f"statement:{index}", "the site does not publish the words that this entry is about")


# --- Commands -----------------------------------------------------------------------------------------------------------


class Trust:
    """The trusted keys and, without --key, whether the log's own website supplied them."""

    def __init__(self, keys: list[Key], believed: str = "", *, is_of_site: bool = False) -> None:
        self.keys, self.believed, self.is_of_site = keys, believed, is_of_site

    def print_keys(self, origin: str) -> None:
        """Print on whose signature the result depends."""
        for key in self.keys:
            if key.name == origin:
                report(f"key            {plain(key.text, 400)}")
        if not self.believed:
            return
        address = f"https://{plain(address_of(origin))}/key"
        report(
            "",
            f"NOTE: no --key was given, so {self.believed} was believed. This proves that all of it belongs together and not",
            "yet who made it. Compare the key above with one that you noted earlier"
            f"{'' if self.is_of_site else f', or with the one at {address}'}, and hand it in as --key.",
            "참고: --key를 주지 않아 위의 키를 그대로 믿었습니다. 내용이 서로 맞는다는 뜻이며, 누가 만들었는지는 아직 검증되지",
            f"않았습니다. 위 키를 전에 적어 둔 키{'' if self.is_of_site else f'나 {address} 의 키'}와 비교해 주세요.",
        )


def keys_of(text: str, name: str) -> list[Key]:
    try:
        return read_keys(text)
    except ValueError:
        raise Trouble(f"{plain(name)} is not a public key of a log") from None


def given_keys(word: str) -> Trust:
    """The keys given with --key. Raises Trouble."""
    if is_address(word):
        data = fetch(word, _MAX_NOTE_BYTES)
        if data is None:
            raise Trouble(f"there is no key at {plain(word)}")
    elif Path(word).is_file():
        data = read_file(Path(word), _MAX_NOTE_BYTES)
    else:
        data = word.encode("utf-8", "replace")
    return Trust(keys_of(data.decode("utf-8", "replace"), word))


def published_keys(source: Any) -> Trust:
    """The keys published beside a log. Raises Trouble."""
    data = source.file("key", _MAX_NOTE_BYTES)
    if data is None:
        raise Trouble(f"there is no key in {source.name}; hand one in as --key")
    words = "the key that came with the files" if source.is_copy else "the key of the same website"
    return Trust(keys_of(data.decode("utf-8", "replace"), source.name), words, is_of_site=not source.is_copy)


def trust_in(key: str | None, log: Any) -> Trust:
    """The keys handed in, or those published beside a log, which may be named by its origin. Raises Trouble."""
    return given_keys(key) if key else published_keys(named_log(log) if isinstance(log, str) else log)


def source_of(word: str) -> Any:
    """Raises Trouble."""
    if is_address(word):
        return Site(word)
    if not Path(word).is_dir():
        raise Trouble(f"{plain(word)} is neither a folder nor an address like https://example.org/log/name")
    return Folder(Path(word))


def policy_of(file: str | None, source: Any) -> Policy | None:
    """The policy handed in with --policy, or the one beside a log. Raises Trouble."""
    if file is None:
        data = None if source is None else source.file("witnesses", _MAX_NOTE_BYTES)
    else:
        data = read_file(Path(file), _MAX_NOTE_BYTES)
    try:
        return None if data is None else Policy(data.decode())
    except ValueError as error:
        raise Trouble(f"the policy of witnesses cannot be read: {error}") from None


def seen_by(state: Checkpoint | None, policy: Policy | None, file: str | None) -> str:
    """Which witnesses have cosigned a state, in words. Raises Failed if one of them did not, or too few for the policy of --policy."""
    try:
        times = policy.seen(state.note, time.time()) if policy and state else {}
    except ValueError as error:
        raise Failed("witnesses", str(error)) from None
    names = plain(" and ".join(times)) or "nobody but the organiser"
    if file is not None and policy is not None and not policy.is_satisfied(times):
        raise Failed("witnesses", f"it was seen by {names}, which is not enough for {plain(file)}")
    if times and state:
        at = dt.datetime.fromtimestamp(max(times.values()), dt.timezone.utc)
        names += f", {at:%Y-%m-%d %H:%M} UTC, when it had {state.size} entries"
        names += "" if file else " (witnesses that the site itself names)"
    return f"seen by {names}"


def tell_count(recounted: Recount, checkpoint: Checkpoint) -> None:
    report(
        f"people {recounted.people}",
        f"organizations {recounted.organizations}",
        *([f"paper {recounted.paper} (batches: {len(recounted.batches)})"] if recounted.batches else []),
        *([f"statements {len(recounted.statements)}"] if recounted.statements else []),
        f"checkpoint {checkpoint.size} {base64.b64encode(checkpoint.root).decode()}",
        f"origin {plain(checkpoint.origin)}",
        "",
    )


def tell_moves(recounted: Recount) -> None:
    for word, moves in recounted.moves.items():
        report(f"{word:14} " + ", ".join(f"{number} {reason}" for reason, number in moves.items()))


def count(arguments: argparse.Namespace) -> int:
    source = source_of(arguments.source)
    trust = trust_in(arguments.key, source)
    # Fetched first, so that the log has what they count.
    data = source.beside("/api/v1/campaigns/*/count")
    on_site = None if data is None else SiteNumbers(data)
    policy, data = policy_of(arguments.policy, source), source.file("witnessed", _MAX_NOTE_BYTES)
    witnessed = None if data is None else open_checkpoint(data, trust.keys, may_have_ended=True)
    if witnessed is not None:
        witnessed.fault = "witnesses"
    recounted, checkpoint = counted(source, trust, witnessed, tiles=arguments.tiles, shown=on_site)
    of_newest, seen = check_words(source, recounted), seen_by(witnessed, policy, arguments.policy)
    tell_count(recounted, checkpoint)
    tell_moves(recounted)
    tell_backwards(recounted)
    report(seen)
    trust.print_keys(checkpoint.origin)
    report(
        "",
        f"RIGHT: each of the {checkpoint.size} entries keeps to the rules, they give the root that was signed,",
        "and they add up to the numbers above.",
        f"맞습니다: 항목 {checkpoint.size}개를 모두 다시 세었고, 전자서명된 체크포인트와 일치합니다.",
    )
    if on_site is not None and on_site.is_compared:
        report(
            f"The number that programs read is the same: {in_words(on_site.counts)}, at {on_site.size} entries.",
            "What pages show was not compared.",
            f"프로그램이 읽는 수도 같습니다(항목 {on_site.size}개 기준). 화면에 표시된 수는 비교하지 않았습니다.",
        )
    if of_newest is not None:
        report(
            f"Its words are those that were signed and stated; {of_newest} entries are of its newest pledge text.",
            f"공개된 서약문과 공표한 글도 기록과 같습니다. 가장 새로운 서약문의 항목은 {of_newest}개입니다.",
        )
    if on_site is not None and on_site.is_compared and of_newest is not None:
        return 0
    report(
        "NOT CHECKED: the number that a site shows to everybody, or its words; there are none beside these files, or of another state.",
        "검증하지 않음: 사이트에 표시된 수나 글. 이 파일들과 함께 볼 수 있는 것이 없거나 다른 시점의 것입니다.",
    )
    # A copy shows neither. A site that gives nothing to compare may show anything.
    return 0 if source.is_copy else 2


def counted(
    source: Any,
    trust: Trust,
    older: Checkpoint | None = None,
    *,
    tiles: bool = False,
    shown: SiteNumbers | None = None,
) -> tuple[Recount, Checkpoint]:
    at_least = [known.size for known in (older, shown) if known is not None and known.size is not None]
    checkpoint = newest_checkpoint(source, trust, max(at_least, default=0))
    if older is not None:
        check_older(older, checkpoint)
    entries = source.bundles(checkpoint.size)
    hashes = Tiles(source) if tiles or (source.is_copy and (source.path / "tile" / "0").is_dir()) else None
    if hashes is not None:
        entries = held_against(entries, hashes)
    return recount(entries, checkpoint, older, shown), checkpoint


def newest_checkpoint(source: Any, trust: Trust, at_least: int) -> Checkpoint:
    """The published checkpoint, fetched again if a cache has one that is older than what was handed out."""
    for attempt in range(_TRIES):
        data = source.file("checkpoint", _MAX_NOTE_BYTES)
        if data is None:
            raise Trouble(f"there is no log in {source.name}")
        checkpoint = open_checkpoint(data, trust.keys)
        if checkpoint.size >= at_least or source.is_copy:
            break
        time.sleep(attempt + 1)
    if not source.is_copy:
        source.check_name(checkpoint.origin)
    return checkpoint


def held_against(entries: Iterator[bytes], hashes: Tiles) -> Iterator[bytes]:
    for entry in entries:
        yield entry
        hashes.add(leaf_hash(entry))
    hashes.end()


def check_older(older: Checkpoint, checkpoint: Checkpoint) -> None:
    # A site that moves to another host goes on with the same log (docs/log.md, "A new address").
    if older.origin.partition("/")[2] != checkpoint.origin.partition("/")[2]:
        words = f"they are checkpoints of two logs, {plain(older.origin)} and {plain(checkpoint.origin)}"
        raise Failed(older.fault, words)
    if older.size > checkpoint.size:
        raise Failed(older.fault, f"the log had {older.size} entries and has {checkpoint.size} now")


def consistency(arguments: argparse.Namespace) -> None:
    data = read_file(Path(arguments.old), _MAX_NOTE_BYTES)
    if data.startswith(_RECEIPT_HEAD):
        data = data.partition(b"\n\n")[2]
    source = source_of(arguments.source)
    trust = trust_in(arguments.key, source)
    older = open_checkpoint(data, trust.keys, may_have_ended=True)
    recounted, checkpoint = counted(source, trust, older)
    tell_count(recounted, checkpoint)
    trust.print_keys(checkpoint.origin)
    report(
        "",
        f"RIGHT: the {older.size} entries of the older checkpoint are the beginning of today's {checkpoint.size}.",
        f"맞습니다: 이전 체크포인트의 항목 {older.size}개가 지금 기록의 앞부분 그대로입니다.",
    )


def pack(arguments: argparse.Namespace) -> None:
    path = Path(arguments.path)
    if path.is_dir():
        check_pack(Unpacked(path), arguments.key, arguments.log)
        return
    with path.open("rb") as stream:
        check_pack(Zip(stream), arguments.key, arguments.log)


def check_pack(pack: Any, key: str | None, log: str | None) -> None:
    trust = given_keys(key) if key else keys_inside(pack)
    manifest = read_manifest(pack, trust.keys)
    check_files(pack, manifest)
    checkpoint = open_checkpoint(whole(pack, "log/checkpoint", _MAX_NOTE_BYTES), trust.keys)
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (
        manifest.origin,
        manifest.size,
        manifest.root,
    ):
        raise Failed("checkpoint", "log/checkpoint is not the one that the manifest names")
    added_up = recount(split_entries(pack.chunks("log/entries")), checkpoint)
    check_tables(pack, manifest, added_up)
    texts = "pledge-texts.json"
    check_pledges("file:" + texts, lambda: from_json(whole(pack, texts, _LARGEST)), added_up)
    source = None if log is None else source_of(log)
    # The pack's own key may have ended since.
    today = None if source is None else counted(source, trust_in(key, source), checkpoint)
    tell_count(added_up, checkpoint)
    tell_moves(added_up)
    tell_backwards(added_up)
    if today is not None:
        now = f"people {today[0].people} organizations {today[0].organizations}"
        report(f"today {now} checkpoint {today[1].size} {base64.b64encode(today[1].root).decode()}")
    for name in pack.litter:
        report(
            f"not part of the pack, and not checked: {plain(name)}",
            f"자료집에 속하지 않아 검증하지 않음: {plain(name)}",
        )
    trust.print_keys(checkpoint.origin)
    report(
        "",
        f"RIGHT: the pack is as it was signed, and its {checkpoint.size} entries add up to the numbers above.",
        f"맞습니다: 전달 자료집은 전자서명된 그대로이며, 항목 {checkpoint.size}개를 다시 센 수가 위와 같습니다.",
        *NOT_PROVEN,
    )
    if today is None:
        report(
            f"NOT CHECKED: today's log. With a connection: verify.py pack FILE --log https://{plain(checkpoint.origin)}",
            f"검증하지 않음: 지금의 공개 기록. --log https://{plain(checkpoint.origin)} 을 붙이면 오늘의 수와 비교합니다.",
        )
    else:
        report(
            "This state is the beginning of today's log; what that counts today stands above (today).",
            "이 기록은 지금 공개된 기록의 앞부분 그대로이며, 오늘 집계된 수는 위의 today 줄에 있습니다.",
        )


#: What the log cannot prove.
NOT_PROVEN = (
    "",
    "PROVEN by the log: people, organisations, their entries by kind, people by day, the texts that were signed. The same",
    "numbers are in totals.json, totals.csv and README.txt, and the lines of each breakdown add up to them.",
    "Of paper: how many signatures two people counted on each scan (integrity.json), and not who signed the sheets.",
    "NOT PROVEN by any log: that each entry is a different, real person. An entry is one confirmed mailbox.",
    "NOT PROVEN, only reported by whoever signed the pack: how people are spread over countries and regions, the",
    "names of organisations, what became of all sign-ups and demands, answers, the exact moment (only that it is not",
    "before the last entry's day), all else in letters and totals.xlsx (these are the files that were signed; compared",
    "were only the numbers that the fields of each letter's file name), and the words and charts around the numbers.",
    "기록으로 증명됨: 사람 수, 단체 수, 종류별 항목 수, 날짜별 사람 수, 서명한 서약문. totals.json, totals.csv,",
    "README.txt에 같은 수가 적혀 있고, 국가별·지역별·날짜별 수를 더하면 전체 수가 됩니다.",
    "종이 서명: 스캔 파일마다 두 사람이 센 수(integrity.json)까지이며, 누가 서명했는지는 증명하지 못합니다.",
    "어떤 기록으로도 증명되지 않음: 항목 하나하나가 서로 다른 실제 사람인지. 한 항목은 확인을 마친 메일함 하나입니다.",
    "증명되지 않음(자료집을 만든 쪽이 알린 내용): 국가별·지역별 분포, 단체 이름, 요청 사항의 경과와 답변,",
    "접수된 서명의 처리 결과, 정확한 기준 시각(마지막 항목의 날짜보다 앞서지 않는다는 것만 검증), 전달 서한과",
    "totals.xlsx의 그 밖의 내용(전자서명된 파일인지와, 서한 파일의 속성에 적힌 수만 검증), 수를 설명하는 문구와 그림.",
)


def tell_backwards(recounted: Recount) -> None:
    """Days are told by who numbers the entries; they are not counted with."""
    if recounted.first_backwards is not None:
        report(
            f"NOTE: entry {recounted.first_backwards} names a day well before that of an entry before it. Days are told by the site.",
            f"참고: {recounted.first_backwards}번 항목의 날짜가 앞선 항목보다 이틀 이상 이릅니다. 날짜는 사이트가 적은 것입니다.",
        )


def keys_inside(pack: Any) -> Trust:
    try:
        keys = read_keys(whole(pack, "log/key", _MAX_NOTE_BYTES).decode("utf-8"))
    except ValueError:
        raise Failed("signature", "log/key holds no public key") from None
    return Trust(keys, "the key inside the pack")


_RECEIPT_HEAD = b"c2sp.org/tlog-proof@v1\n"


class Receipt:
    """A receipt, parsed but not verified (C2SP tlog-proof). Raises Failed."""

    def __init__(self, data: bytes) -> None:
        head, _, self.note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
            self.salt, self.leaf = self._extra(from_base64(rest_of_line(lines[1], "extra ")))
            self.index = decimal(rest_of_line(lines[2], "index "))
            self.proof = [from_base64(line) for line in lines[3:]]
            self.checkpoint = Checkpoint(self.note)
            is_right = data.startswith(_RECEIPT_HEAD) and {len(step) for step in self.proof} <= {32}
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            is_right = False
        if not is_right or len(self.proof) > 63:
            raise Failed("receipt", "it does not have the form of a receipt")

    @staticmethod
    def _extra(data: bytes) -> tuple[str, bytes]:
        """Salt and leaf. Raises what a wrong form makes."""
        extra = from_json(data)
        salt, leaf = extra["salt"], extra["leaf"]
        canonical = json.dumps({"v": 1, "salt": salt, "leaf": leaf}, separators=(",", ":"))
        if canonical.encode() != data or len(from_base64(salt)) != 16:
            raise ValueError("not what a receipt says")
        return salt, leaf.encode()


def rest_of_line(line: str, word: str) -> str:
    if not line.startswith(word):
        raise ValueError(word)
    return line[len(word) :]


def receipt(arguments: argparse.Namespace) -> None:
    opened = Receipt(read_file(Path(arguments.file), _SMALL))
    source = None if arguments.log is None else source_of(arguments.log)
    trust = trust_in(arguments.key, source or opened.checkpoint.origin)
    checkpoint = open_checkpoint(opened.note, trust.keys, may_have_ended=source is not None)
    match = _ENTRY.match(opened.leaf)
    if match is None or match.group(6) is None:
        raise Failed("leaf", "the entry in it does not count anybody")
    try:
        root = root_by_proof(leaf_hash(opened.leaf), opened.index, checkpoint.size, opened.proof)
    except ValueError as error:
        raise Failed("proof", str(error)) from None
    if root != checkpoint.root:
        raise Failed("proof", "it leads to another root than the one that was signed")
    if arguments.address is not None and match.group(6).decode() not in commitments(
        opened.salt, arguments.address
    ):
        raise Failed("address", "the entry was not made for this address; type it as the mail went to it")
    today, standing = None, opened.index
    if source is not None:
        recounted, today = counted(source, trust, checkpoint)
        standing = standing_today(opened.index, match.group(6).decode(), recounted)
    policy = policy_of(arguments.policy, source)
    seen = [] if policy is None else [seen_by(checkpoint, policy, arguments.policy)]
    report(
        f"entry {opened.index} {opened.leaf.decode()}",
        f"checkpoint {checkpoint.size} {base64.b64encode(checkpoint.root).decode()}",
        f"origin {plain(checkpoint.origin)}",
        *seen,
        "",
    )
    if today is None:
        trust.print_keys(checkpoint.origin)
        tell_signed(opened.index, checkpoint, is_seen=policy is not None)
    else:
        report(f"today {today.size} {base64.b64encode(today.root).decode()}")
        trust.print_keys(checkpoint.origin)
        tell_public(opened.index, standing, today)
    if arguments.address is None:
        report(
            "Whose it is was not checked; --address MAIL does that.",
            "누구의 서명인지는 검증하지 않았습니다. --address 이메일주소 로 검증할 수 있습니다.",
        )


def standing_today(index: int, commitment: str, today: Recount) -> int:
    """The entry that counts the signature of a receipt now. Raises Failed."""
    taken = today.taken_back_by(index)
    standing = index if taken is None else today.standing_as(commitment)
    if standing is None:
        raise Failed(
            "taken-back",
            f"entry {index} is in the public log, but entry {taken} takes it back: it counts no more",
        )
    return standing


def tell_signed(index: int, checkpoint: Checkpoint, *, is_seen: bool) -> None:
    """Print what a receipt proves by itself, or with witnesses: then its state belongs to the one log that they have seen."""
    if is_seen:
        report(
            "",
            f"RIGHT: your witnesses have seen the log of {checkpoint.size} entries that this receipt's entry {index} is one of.",
            "NOT CHECKED: whether the signature was withdrawn since.",
            f"맞습니다: 지정한 증인이 확인한 항목 {checkpoint.size}개의 기록에 이 영수증의 {index}번 항목이 있습니다.",
            "검증하지 않음: 그 뒤에 서명이 철회되었는지.",
        )
        return
    report(
        "",
        f"SIGNED BY THIS KEY: a state of the log of {checkpoint.size} entries, and this",
        f"receipt's entry {index} is one of them.",
        "NOT CHECKED: whether that state belongs to the public log, and whether the signature was withdrawn since.",
        f"With a connection: verify.py receipt FILE --log https://{plain(checkpoint.origin)}",
        f"이 키로 전자서명되었습니다: 항목 {checkpoint.size}개인 기록에 전자서명한 것이며, 이 영수증의 {index}번 항목은 그 가운데 하나입니다.",
        "검증하지 않음: 그 기록이 지금 공개된 기록과 이어지는지, 그 뒤에 서명이 철회되었는지는 아직 모릅니다.",
        f"인터넷에 연결되어 있으면 --log https://{plain(checkpoint.origin)} 을 붙여 검증할 수 있습니다.",
    )


def tell_public(index: int, standing: int, today: Checkpoint) -> None:
    report(
        "",
        f"RIGHT: this signature is entry {index} of the public log, which has {today.size} entries today, and it counts.",
        f"맞습니다: 이 서명은 공개 기록의 {index}번 항목이고, 지금도 집계되어 있습니다(오늘 항목 수 {today.size}개).",
    )
    if standing != index:
        report(
            f"It was taken out of the count in between and counts again as entry {standing}.",
            f"한때 집계에서 제외되었다가 {standing}번 항목으로 다시 집계되었습니다.",
        )


def commitments(salt: str, address: str) -> list[str]:
    """The commitments possible for an address: as typed, and with its domain as used in mails."""
    address = unicodedata.normalize("NFC", address.strip())
    local, sign, domain = address.rpartition("@")
    variants = [address, local + sign + domain.lower()]
    with contextlib.suppress(UnicodeError):
        variants.append(local + sign + domain.encode("idna").decode().lower())
    return [
        hashlib.sha256((f"pledge-commitment/v1\n{salt}\n{variant}").encode("utf-8", "replace")).hexdigest()
        for variant in variants
    ]


def address_of(origin: str) -> str:
    """Where a log is: after a loss its name has a number more (`example.org/2/log/name`)."""
    return re.sub(r"/[0-9]+(?=/log/)", "", origin)


def named_log(origin: str) -> Site:
    """The log that a receipt names, which may be asked for its key. Raises Trouble."""
    origin = address_of(origin)
    if not re.match(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?/log/[a-z0-9-]+\Z", origin):
        raise Trouble("a receipt brings no key; hand in the log's key as --key")
    scheme = "http" if re.match(r"(localhost|127\.0\.0\.1)[:/]", origin) else "https"
    return Site(f"{scheme}://{origin}")


def mirror(arguments: argparse.Namespace) -> None:
    if not is_address(arguments.source):
        raise Trouble(f"{plain(arguments.source)} is not an address like https://example.org/log/name")
    site, folder = Site(arguments.source), Path(arguments.folder)
    # What witnesses have seen comes first, so that it is not newer than the checkpoint.
    seen = {name: site.file(name, _MAX_NOTE_BYTES) for name in ("witnesses", "witnessed")}
    data, key = (site.file(name, _MAX_NOTE_BYTES) for name in ("checkpoint", "key"))
    if data is None or key is None:
        raise Trouble(f"there is no log at {plain(arguments.source)}")
    try:
        size = Checkpoint(data).size
    except ValueError:
        raise Failed("checkpoint", "what is published there is not a checkpoint") from None
    for _ in at_once(lambda tile: keep_tile(site, folder, *tile), all_tiles(size)):
        pass
    keep(folder / "key", key)
    for name, content in seen.items():
        if content is not None:
            keep(folder / name, content)
    # The older state stays, as evidence in case the log was rewritten.
    present = folder / "checkpoint"
    if present.exists() and present.read_bytes() != data:
        older = Checkpoint(present.read_bytes())
        present.rename(folder / f"checkpoint-{older.size}-{older.root.hex()[:8]}")
    # Write the checkpoint last, so that an interrupted copy has an older one or none.
    keep(present, data)
    report(
        f"{size} entries are in {plain(str(folder))}",
        f"Nothing was checked yet: verify.py count {plain(str(folder))}",
        "아직 검증하지는 않았습니다. 위 명령으로 다시 세어 보세요.",
    )


def all_tiles(size: int) -> Iterator[tuple[str, int, int]]:
    for number, width in tiles_of(size):
        yield "entries", number, width
    level = 0
    while size:
        for number, width in tiles_of(size):
            yield str(level), number, width
        size, level = size // _FULL, level + 1


def keep_tile(site: Site, folder: Path, level: str, number: int, width: int) -> None:
    path = folder / tile_path(level, number, width)
    if not path.exists():
        data, is_wider = published_tile(site, level, number, width)
        keep(folder / tile_path(level, number, _FULL) if is_wider else path, data)


def keep(path: Path, data: bytes) -> None:
    """Write the whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def read_file(path: Path, longest: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(longest + 1)
    if len(data) > longest:
        raise Trouble(f"{plain(str(path))} is longer than such a file can be")
    return data


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    commands.required = True

    def add(
        name: str, run: Callable[[argparse.Namespace], int | None], words: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        if name != "mirror":
            command.add_argument("--key", help="the log's public key, a file with it, or its address")
        if name in ("receipt", "count"):
            command.add_argument(
                "--policy", metavar="FILE", help="which witnesses must have seen it / 증인 정책 파일"
            )
        if name in ("receipt", "pack"):
            log_help = "compare it with the log published there / 지금의 공개 기록과 비교"
            command.add_argument("--log", metavar="URL", help=log_help)
        return command

    command = add("receipt", receipt, "check a receipt / 집계 영수증 검증")
    command.add_argument("file", metavar="FILE")
    command.add_argument("--address", metavar="MAIL", help="the mail address that it should be about")
    command = add("pack", pack, "check a delivery pack / 전달 자료집 검증")
    command.add_argument("path", metavar="FILE-or-FOLDER")
    command = add("count", count, "recount the published log / 공개 기록 다시 세기")
    command.add_argument("source", metavar="URL-or-FOLDER")
    command.add_argument(
        "--tiles", action="store_true", help="check the published hashes too (a copy: always)"
    )
    command = add(
        "consistency", consistency, "an earlier checkpoint is a beginning of the log / 이전 기록과 비교"
    )
    command.add_argument("old", metavar="OLD", help="a checkpoint, or a receipt, that you kept")
    command.add_argument("source", metavar="URL-or-FOLDER")
    command = add("mirror", mirror, "download the published log / 공개 기록 내려받기")
    command.add_argument("source", metavar="URL")
    command.add_argument("folder", metavar="FOLDER")
    return parser


def main(words: list[str] | None = None) -> int:
    """Run the command in `words`; returns 0 right, 1 a check failed, 2 nothing, or not what a site shows, could be checked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console without Korean
            stream.reconfigure(errors="replace")
    words = sys.argv[1:] if words is None else words
    here = Path(__file__).resolve().parent
    if not words and (here / "manifest.json").exists():
        words = ["pack", str(here)]
    if not words:
        parser().print_help(sys.stderr)
        return 2
    arguments = parser().parse_args(words)
    try:
        status = arguments.run(arguments)
    except Failed as failed:
        report(f"FAILED {plain(failed.name)}: {failed.words}", f"틀렸습니다: {failed.korean}")
        return 1
    except (Trouble, OSError, ValueError, MemoryError, KeyboardInterrupt) as error:
        sys.stderr.write(f"Nothing was checked: {reason_of(error)}\n검증하지 못했습니다.\n")
        return 2
    return status or 0


def reason_of(error: BaseException) -> str:
    """Why nothing could be checked. A ValueError comes from a name that no file can have."""
    if isinstance(error, OSError):
        return plain(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
    names = {MemoryError: "not enough memory", KeyboardInterrupt: "broken off"}
    return names.get(type(error)) or plain(str(error), 1000)


if __name__ == "__main__":
    sys.exit(main())
