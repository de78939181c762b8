"""The pack: a zip of the content of a delivery, its log, and what is needed to check both (docs/pack.md).

It is a function of the document and of the log up to the checkpoint: the same delivery gives the same bytes whenever and
wherever it is made (docs/adr/0049). Nothing here reads the clock.
"""

import json
import tomllib
import zipfile
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

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
from pledge.deliveries.tables import LISTS, ROWS, absent, integrity_json, totals_csv, totals_json, totals_xlsx
from pledge.jobs.services import MadeFile, Progress
from pledge.ledger import log, log_queries, notes
from pledge.ledger.log_queries import framed
from pledge.ledger.notes import Signer
from pledge.verifier import PROGRAM
from pledge.verifier.verify import Failed, Recount

ENTRIES = "log/entries"
#: A fixed time: the earliest moment that a zip can represent.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
#: Progress is reported after so many entries.
_STEP = 1000
#: More bytes than an entry has; beyond two gigabytes the zip needs its extended fields.
_MAX_ENTRY = 512

#: The texts of README.txt, <language>.txt, and what stands between two languages.
READMES = Path(__file__).parent / "readmes"
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
    wanted = members(document)
    done, total = 0, len(wanted) + document.checkpoint.size
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(file, "w") as archive:
        for name, member in wanted.items():
            progress(done, total)
            if member.write is not None:
                content = member.write(document)
                archive.writestr(zip_info(name), content)
                files[name] = {"size": len(content), "sha256": sha256(content).hexdigest()}
            elif name == ENTRIES:
                files[name] = _write_entries(archive, document, campaign_id, progress, done=done, total=total)
                done += document.checkpoint.size
            if name in ROWS:
                files[name]["rows"] = ROWS[name](document)
            done += 1
        manifest = _manifest(document, files)
        seal = f"{FORMAT}\n{document.origin}\n{sha256(manifest).hexdigest()}\n"
        archive.writestr(zip_info("manifest.json"), manifest)
        archive.writestr(zip_info("manifest.sig"), notes.sign(seal, signers).encode())
    progress(total, total)


@cache
def tool() -> str:
    """The program that makes packs here, as the manifest names it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return f"pledge {project['version']}"


def readme(document: Document, folder: Path = READMES, **more: str) -> bytes:
    """README.txt, for an official who wants to know what they received, and to check it; or another one, from another folder.

    UTF-8 with BOM and CRLF, which any text editor on an office's computer shows correctly.
    """
    words = _RULE.join(_readme_in(lang, document, folder, **more) for lang in document.languages)
    return BOM + words.replace("\n", "\r\n").encode()


def _readme_in(lang: str, document: Document, folder: Path, **more: str) -> str:
    state = document.checkpoint
    newest = document.newest or state
    lines = (folder / f"{lang}.txt").read_text("utf-8").splitlines(keepends=True)
    left_out = [*absent(document), *([] if document.paper else ["{paper}"])]
    lines = [line for line in lines if not any(name in line for name in left_out)]
    return "".join(lines).format(
        lang=lang,
        letters=", ".join(map(_letter_name, document.languages)),
        paper=f"{document.paper.signatures:,}" if document.paper else "",
        languages=", ".join(languages.name(code, lang) for code in document.languages),
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
        secretariat=", ".join(name.in_language(lang) for name in document.secretariat)
        or document.title.in_language(lang),
        **more,
    )


def _signers(document: Document) -> list[Signer]:
    """The keys of this process under the name that the log had at the checkpoint. Raises NoKnownKey, NoLogKey."""
    signers = [Signer(document.origin, key.private) for key in log.signers_for(document.slug)]
    if not {signer.verifier for signer in signers} & set(document.verifiers):
        raise NoKnownKey
    return signers


class Member(NamedTuple):
    """A file of a pack."""

    words: Phrase  #: as staff read of it
    write: Callable[[Document], bytes] | None = None  #: None where it is made from more than the document


_LETTER = Phrase("pack", "The cover letter with totals, charts and the method, to print")
MEMBERS = {
    "totals.xlsx": Member(Phrase("pack", "All totals for a spreadsheet"), totals_xlsx),
    "totals.csv": Member(Phrase("pack", "The same as a plain table"), totals_csv),
    "totals.json": Member(Phrase("pack", "The same for programs"), totals_json),
    "organizations.csv": Member(
        Phrase("pack", "The published organisations"), LISTS["organizations.csv"].csv
    ),
    "demands.csv": Member(Phrase("pack", "What became of each demand"), LISTS["demands.csv"].csv),
    "answers.csv": Member(Phrase("pack", "The answers to earlier deliveries"), LISTS["answers.csv"].csv),
    "integrity.json": Member(Phrase("pack", "The outcome of all sign-ups"), integrity_json),
    "pledge-texts.json": Member(
        Phrase("pack", "Every version of the pledge that was signed"),
        lambda document: _json([asdict(version) for version in document.pledges]),
    ),
    "log/checkpoint": Member(
        Phrase("pack", "The signed state of the public log"),
        lambda document: document.checkpoint.note.encode(),
    ),
    "log/key": Member(
        Phrase("pack", "The public keys of the log"),
        lambda document: "".join(f"{key}\n" for key in document.verifiers).encode(),
    ),
    ENTRIES: Member(Phrase("pack", "Every entry of the log, without names, for counting again")),
    "verify.py": Member(
        Phrase("pack", "A copy of the program that checks this pack"),
        lambda _: PROGRAM.read_bytes(),
    ),
    "manifest.json": Member(Phrase("pack", "Size and SHA-256 of each file")),
    "manifest.sig": Member(Phrase("pack", "Our signature over the manifest")),
}


def members(document: Document) -> dict[str, Member]:
    """In their order in the zip."""
    letters = {
        _letter_name(lang): Member(_LETTER, partial(letter_pdf, lang=lang)) for lang in document.languages
    }
    about = Phrase("pack", "What is inside and how to check it, in Korean and English")
    present = {name: member for name, member in MEMBERS.items() if name not in absent(document)}
    return {"README.txt": Member(about, readme), **letters, **present}


def _letter_name(lang: str) -> str:
    return f"letter-{lang}.pdf"


def _write_entries(
    archive: zipfile.ZipFile,
    document: Document,
    campaign_id: int,
    progress: Progress,
    *,
    done: int,
    total: int,
) -> dict[str, Any]:
    """Write all entries, counting them again as a recipient would; returns their part of the manifest. `done`: steps before them.

    Raises PackInconsistent.
    """
    size = document.checkpoint.size
    recount, digest, written = Recount(), sha256(), 0
    is_large = size * _MAX_ENTRY > zipfile.ZIP64_LIMIT
    with archive.open(zip_info(ENTRIES), "w", force_zip64=is_large) as member:
        try:
            for entries, line in enumerate(log_queries.leaves(campaign_id, size, pledge_hashes), start=1):
                recount.add(line)
                part = framed(line)
                member.write(part)
                digest.update(part)
                written += len(part)
                if entries % _STEP == 0:
                    progress(done + entries, total)
            recount.finish()
        except Failed as failed:
            raise PackInconsistent(f"{failed.name}: {failed.words}") from None
    _compare(document, recount)
    return {"size": written, "sha256": digest.hexdigest()}


def _compare(document: Document, recount: Recount) -> None:
    """Check that the entries are those of the checkpoint and add up to the document. Raises PackInconsistent."""
    state = document.checkpoint
    if (recount.tree.size, recount.tree.root()) != (state.size, b64decode(state.root)):
        raise PackInconsistent("root")
    people, organizations = document.people_moves.by_reason, document.organization_moves.by_reason
    if recount.moves != {"people": people, "organizations": organizations}:
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


def zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
    info.compress_type = zipfile.ZIP_DEFLATED  # at zlib's own level, 6
    return info


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
