"""The pack: a zip of the content of a delivery, its log, and what is needed to check both (docs/pack.md).

It is a function of the document and of the log up to the checkpoint: the same delivery gives the same bytes whenever and
wherever it is made (docs/adr/0049). Nothing here reads the clock.
"""

import json
import tomllib
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from config import ROOT
from pledge.campaigns.queries import pledge_hashes
from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.core.db import fetch
from pledge.core.i18n import Phrase, format_datetime
from pledge.core.text.tables import BOM
from pledge.deliveries.document import FORMAT, Document, from_json
from pledge.deliveries.letter.pdf import letter_pdf
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.deliveries.tables import TABLES, integrity_json, totals_json
from pledge.jobs.services import MadeFile, Progress
from pledge.ledger import log, log_queries, notes
from pledge.ledger.leaves import Leaf
from pledge.ledger.log_queries import framed
from pledge.ledger.notes import Signer
from tools.verify import Failed, Recount

ENTRIES = "log/entries"
_README = Phrase("pack", "What is inside and how to check it, in Korean and English")
_LETTER = Phrase("pack", "The cover letter with totals, charts and the method, to print")
_MEMBERS = {
    "totals.xlsx": Phrase("pack", "All totals for a spreadsheet"),
    "totals.csv": Phrase("pack", "The same as a plain table"),
    "totals.json": Phrase("pack", "The same for programs"),
    "organizations.csv": Phrase("pack", "The published organisations"),
    "integrity.json": Phrase("pack", "The outcome of all sign-ups"),
    "pledge-texts.json": Phrase("pack", "Every version of the pledge that was signed"),
    "log/checkpoint": Phrase("pack", "The signed state of the public log"),
    "log/key": Phrase("pack", "The public keys of the log"),
    ENTRIES: Phrase("pack", "Every entry of the log, without names, for counting again"),
    "verify.py": Phrase("pack", "A copy of the program that checks this pack"),
    "manifest.json": Phrase("pack", "Size and SHA-256 of each file"),
    "manifest.sig": Phrase("pack", "Our signature over the manifest"),
}


def members(document: Document) -> dict[str, Phrase]:
    """In their order in the zip, each with what staff read of it."""
    letters = {_letter_name(lang): _LETTER for lang in document.languages}
    return {"README.txt": _README, **letters, **_MEMBERS}


def _letter_name(lang: str) -> str:
    return f"letter-{lang}.pdf"


#: A fixed time: the earliest moment that a zip can represent.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
#: Entries are written to the zip in parts of about so many bytes; progress is reported with each.
_PART = 1 << 18
#: More bytes than an entry has; beyond two gigabytes the zip needs its extended fields.
_MAX_ENTRY = 512

#: The texts of README.txt, <language>.txt, and what stands between two languages.
_READMES = Path(__file__).parent / "readmes"
_RULE = f"\n\n{'-' * 80}\n\n\n"


class PackInconsistent(RuntimeError):
    """The entries are no valid log, or do not give the root or the counts of the document: the pack would not verify."""


class NoKnownKey(RuntimeError):
    """None of the present keys was a key of this log when the delivery was frozen: freeze it again."""


class NotToBePacked(LookupError):
    """There is no such delivery, or it was discarded."""


def pack(delivery_id: int, file: BinaryIO, progress: Progress) -> MadeFile:
    """The maker of packs, for worker/registry.py. Raises NotToBePacked and what write_pack() raises."""
    query = select(Delivery.campaign_id, Delivery.document).where(
        Delivery.id == delivery_id, Delivery.state != DeliveryState.DISCARDED
    )
    row = fetch(query).first()
    if row is None:
        raise NotToBePacked
    write_pack(from_json(row.document), row.campaign_id, file, progress)
    return MadeFile()


def write_pack(document: Document, campaign_id: int, file: BinaryIO, progress: Progress) -> None:
    """Write the pack of a delivery, with constant memory. A step of the progress is a member, or an entry of the log.

    Raises PackInconsistent, NoKnownKey, ledger.log.NoLogKey: a pack that would not verify is never finished.
    """
    signers = _signers(document)
    names = list(members(document))
    steps = _Steps(progress, len(names) + document.checkpoint.size)
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(file, "w") as archive:
        for name in names[:-2]:
            if name == ENTRIES:
                files[name] = _write_entries(archive, document, campaign_id, steps)
            else:
                content, rows = TABLES[name](document) if name in TABLES else (_content(name, document), None)
                archive.writestr(_info(name), content)
                files[name] = {"size": len(content), "sha256": sha256(content).hexdigest()}
                files[name] |= {} if rows is None else {"rows": rows}
            steps.done(1)
        manifest = _manifest(document, files)
        seal = f"{FORMAT}\n{document.origin}\n{sha256(manifest).hexdigest()}\n"
        archive.writestr(_info("manifest.json"), manifest)
        archive.writestr(_info("manifest.sig"), notes.sign(seal, signers).encode())
    steps.done(2)


@cache
def tool() -> str:
    """The program that makes packs here, as the manifest names it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return f"pledge {project['version']}"


def readme(document: Document) -> bytes:
    """README.txt, for an official who wants to know what they received, and to check it.

    UTF-8 with BOM and CRLF, which any text editor on an office's computer shows correctly.
    """
    words = _RULE.join(_readme_in(lang, document) for lang in document.languages)
    return BOM + words.replace("\n", "\r\n").encode()


def _readme_in(lang: str, document: Document) -> str:
    state = document.checkpoint
    newest = document.newest or state
    lines = (_READMES / f"{lang}.txt").read_text("utf-8").splitlines(keepends=True)
    if document.paper is None:
        lines = [line for line in lines if "{paper}" not in line]
    return "".join(lines).format(
        lang=lang,
        letters=", ".join(map(_letter_name, document.languages)),
        paper=f"{document.paper.signatures:,}" if document.paper else "",
        languages=", ".join(languages.name(one, lang) for one in document.languages),
        title=document.title.in_language(lang),
        as_of=format_datetime(from_iso_utc(state.signed_at), lang),
        people=f"{state.people:,}",
        organizations=f"{state.organizations:,}",
        smallest=document.smallest_shown,
        address=document.address,
        slug=document.slug,
        key_address=f"{document.address}/log/{document.slug}/key",
        log_address=f"{document.address}/log/{document.slug}",
        frozen=format_datetime(from_iso_utc(document.frozen_at), lang),
        newest_size=f"{newest.size:,}",
        newest_people=f"{newest.people:,}",
        newest_organizations=f"{newest.organizations:,}",
        origin=document.origin,
        size=f"{state.size:,}",
        root=state.root,
    )


class _Steps:
    """Counts the steps that are done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        progress(0, total)

    def done(self, more: int) -> None:
        self._done += more
        self._progress(self._done, self._total)


def _signers(document: Document) -> list[Signer]:
    """The keys of this process under the name that the log had at the checkpoint. Raises NoKnownKey, NoLogKey."""
    found = [Signer(document.origin, one.private) for one in log.signers_for(document.slug)]
    if not {one.verifier for one in found} & set(document.verifiers):
        raise NoKnownKey
    return found


_WRITERS: dict[str, Callable[[Document], bytes]] = {
    "README.txt": readme,
    "totals.json": totals_json,
    "integrity.json": integrity_json,
    "pledge-texts.json": lambda document: _json([asdict(one) for one in document.pledges]),
    "log/checkpoint": lambda document: document.checkpoint.note.encode(),
    "log/key": lambda document: "".join(f"{one}\n" for one in document.verifiers).encode(),
    "verify.py": lambda _: (ROOT / "tools" / "verify.py").read_bytes(),
}


def _content(name: str, document: Document) -> bytes:
    letters = {_letter_name(lang): lang for lang in document.languages}
    return letter_pdf(document, letters[name]) if name in letters else _WRITERS[name](document)


def _write_entries(
    archive: zipfile.ZipFile, document: Document, campaign_id: int, steps: _Steps
) -> dict[str, Any]:
    """Write all entries, counting them again as a recipient would; returns their part of the manifest."""
    size = document.checkpoint.size
    recount, digest, written = Recount(), sha256(), 0
    is_large = size * _MAX_ENTRY > zipfile.ZIP64_LIMIT
    with archive.open(_info(ENTRIES), "w", force_zip64=is_large) as member:
        for part, entries in _parts(log_queries.leaves(campaign_id, size, pledge_hashes), recount):
            member.write(part)
            digest.update(part)
            written += len(part)
            steps.done(entries)
    _compare(document, recount)
    return {"size": written, "sha256": digest.hexdigest()}


def _parts(leaves: Iterator[Leaf], recount: Recount) -> Iterator[tuple[bytes, int]]:
    """The entries as bytes of the file, some thousand at once, with their number. Raises PackInconsistent."""
    part, before = bytearray(), 0
    for leaf in leaves:
        line = leaf.line
        try:
            recount.add(line)
        except Failed as failed:
            raise PackInconsistent(f"{failed.name}: {failed.words}") from None
        part += framed(line)
        if len(part) >= _PART:
            yield bytes(part), recount.tree.size - before
            part, before = bytearray(), recount.tree.size
    if part:
        yield bytes(part), recount.tree.size - before


def _compare(document: Document, recount: Recount) -> None:
    """Check that the entries are those of the checkpoint and add up to the document. Raises PackInconsistent."""
    state = document.checkpoint
    try:
        recount.finish()
    except Failed as failed:
        raise PackInconsistent(f"{failed.name}: {failed.words}") from None
    if (recount.tree.size, recount.tree.root()) != (state.size, b64decode(state.root)):
        raise PackInconsistent("root")
    moves = {"people": asdict(document.people_moves), "organizations": asdict(document.organization_moves)}
    if recount.moves != moves:
        raise PackInconsistent("moves")
    paper = document.paper.signatures if document.paper else 0
    counts = recount.people, recount.organizations, recount.paper
    if counts != (state.people, state.organizations, paper):
        raise PackInconsistent("count")


def _manifest(document: Document, files: dict[str, dict[str, Any]]) -> bytes:
    state = document.checkpoint
    return _json(
        {
            "format": FORMAT,
            "campaign": document.slug,
            "origin": document.origin,
            "checkpoint": {
                "size": state.size,
                "root": state.root,
                "people": state.people,
                "organizations": state.organizations,
            },
            "files": files,
            "tool": tool(),
        }
    )


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
    info.compress_type = zipfile.ZIP_DEFLATED  # at zlib's own level, 6
    return info


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
