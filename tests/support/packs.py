"""Logs, receipts and packs for the tests of whoever checks them: out of a list of events with a key of their own, or out
of the test's database. Everything can be made wrong on purpose.

    log = made_up("+++-1+o")             # three people, the entry 1 taken back, one more person, an organisation
    pack(log)                            # the bytes of a right pack
    pack(log, changed={"totals.csv": b"…"})          # a member that the manifest does not know like that
    pack(log, rewritten={"integrity.json": b"…"})    # a member that the (signed) manifest does know
    receipt(log, 0)                      # of entry 0; log.subjects[0] is its address
    mirror(log, folder)                  # the published files, as under /log/<slug>/
    site(log, folder)                    # the same, and what the site publishes beside them
"""

import io
import json
import re
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import PledgeText
from pledge.campaigns.queries import pledge_hashes
from pledge.core.clock import iso_utc
from pledge.core.db import db
from pledge.core.languages import Texts, fingerprint
from pledge.deliveries import tables
from pledge.deliveries.document import DemandState, Document, GivenAnswer, Moves, SignUps, from_json
from pledge.deliveries.pack.packing import members
from pledge.ledger import leaves, log_queries, merkle, notes
from pledge.ledger.models import LedgerEntry
from pledge.ledger.notes import Signer
from pledge.statistics.cells import Cell
from pledge.statistics.totals import CountedCheckpoint, PaperTotals, Pledge
from pledge.verifier import PROGRAM
from tests.support.documents import organization, tiny_document

ORIGIN = "pledge.example/log/blue-skies"
WORDS = {"ko": "서약합니다.", "en": "We pledge."}
PLEDGE = sha256(f"en\0{WORDS['en']}\0ko\0{WORDS['ko']}\0".encode()).hexdigest()
HOUR = "2026-11-24T05"

_OFFICE = Texts(ko="환경부 장관", en="The Minister of Environment")
DEMAND = DemandState(1, Texts(ko="계획을 공개해 주십시오.", en="Publish a plan."), "asked", date(2026, 10, 1))
ANSWER = GivenAnswer(
    3,
    _OFFICE,
    None,
    1,
    date(2026, 11, 2),
    date(2026, 11, 3),
    Texts(ko="검토하겠습니다.", en="We will see."),
    "",
)

#: Withdrawn, invalidated and reinstated people and organisations, batches on paper, a statement, and a size that is no power of two.
EVENTS = "+++-1+oo!5^5-6^1+++!4^4o-13+p128p40-19p7s"

MEMBERS = (
    *(
        "README.txt",
        "letter-ko.pdf",
        "letter-en.pdf",
        "totals.xlsx",
        "totals.csv",
        "totals.json",
        "organizations.csv",
        "demands.csv",
        "answers.csv",
    ),
    *("integrity.json", "pledge-texts.json", "log/checkpoint", "log/key", "log/entries", "verify.py"),
    *("manifest.json", "manifest.sig"),
)
_TABLES = ("totals.csv", "organizations.csv", "demands.csv", "answers.csv")


@dataclass
class Log:
    """A log and what its +1 entries commit to."""

    lines: list[bytes]
    signers: list[Signer]
    origin: str = ORIGIN
    salts: dict[int, str] = field(default_factory=dict)
    subjects: dict[int, str] = field(default_factory=dict)
    #: What was signed, by the hash that the entries name.
    pledges: dict[str, dict[str, str]] = field(default_factory=lambda: {PLEDGE: WORDS})
    #: A note made elsewhere, for the whole log.
    published: str = ""

    @property
    def slug(self) -> str:
        return self.origin.rpartition("/")[2]

    @property
    def keys(self) -> str:
        """As at /log/<slug>/key."""
        return "".join(f"{signer.verifier}\n" for signer in self.signers)

    @cached_property
    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(line) for line in self.lines]

    def subtree(self, level: int, index: int) -> bytes:
        return merkle.complete(self.hashes[index << level : (index + 1) << level])

    def until(self, size: int | None) -> "Log":
        """Its first entries, so many, as it was then."""
        return replace(self, lines=self.lines[:size], published="")

    def root(self) -> bytes:
        return merkle.root(len(self.lines), self.subtree)

    def note(self) -> str:
        """Its checkpoint."""
        text = notes.checkpoint_text(self.origin, len(self.lines), self.root())
        return self.published or notes.sign(text, self.signers)

    def moves(self) -> dict[str, dict[str, int]]:
        """How many entries of each kind and reason, as integrity.json tells it."""
        moves = Counter((leaf["of"], leaf["kind"]) for leaf in map(json.loads, self.lines))
        reasons = ("confirmed", "withdrawn", "invalidated", "reinstated")
        return {
            word: {reason: moves[kind, reason] for reason in reasons}
            | ({"removed": moves[kind, "removed"]} if moves[kind, "removed"] else {})
            for word, kind in (("people", "person"), ("organizations", "organization"))
        }

    def counts(self) -> dict[str, int]:
        return {
            word: 2 * (moves["confirmed"] + moves["reinstated"]) - sum(moves.values())
            for word, moves in self.moves().items()
        }

    def paper(self) -> dict[int, int]:
        """The signatures of each batch on paper that counts, by the index of its entry."""
        batches: dict[int, int] = {}
        for index, line in enumerate(self.lines):
            if b'"of":"paper"' in line:
                leaf = json.loads(line)
                if "scan" in leaf:
                    batches[index] = leaf["change"]
                else:
                    batches.pop(leaf["takes_back"], None)
        return batches


def signer(secret: str = "a secret of the tests", origin: str = ORIGIN) -> Signer:
    return notes.signer(origin, secret)


def entry(reason: str, delta: int, kind: str = "person", **facts: Any) -> LedgerEntry:
    """An entry as far as the log tells of it, about the pledge text of these tests unless another is given."""
    return LedgerEntry(**{"pledge_text_id": 1, **facts}, reason=reason, delta=delta, kind=kind, hour=HOUR)


def answer(index: int) -> dict[str, str]:
    """The words of a made-up statement."""
    return {"ko": f"답변 {index}", "en": f"Answer {index}"}


def line_of(row: LedgerEntry) -> bytes:
    return leaves.leaf(row, {1: PLEDGE})


def made_up(events: str, *, signers: list[Signer] | None = None, origin: str = ORIGIN) -> Log:
    """A log of events: `+` a person confirms, `o` an organisation, `p128` are a batch on paper, `s` is a statement, `-3` or `!3` the entry 3 is
    withdrawn or invalidated, `~3` removed, `^3` what the entry 3 counted is reinstated. Salts and addresses are the same each time."""
    log = Log([], signers or [signer(origin=origin)], origin)
    entries: list[LedgerEntry] = []
    for sign, number, batch in re.findall(r"([+os])|([-!~^]\d+)|p(\d+)", events):
        index = len(entries)
        if sign == "s":
            words = fingerprint(answer(index))
            entries.append(entry("answer", 0, "statement", commitment=words, pledge_text_id=None))
        elif batch:
            scan = sha256(b"scan %d" % index).digest()
            entries.append(entry("confirmed", int(batch), "paper", commitment=scan, pledge_text_id=None))
        elif sign or number[0] == "^":
            kind = "organization" if sign == "o" else "person" if sign else entries[int(number[1:])].kind
            before = int(number[1:]) if number else index
            subject = log.subjects.get(
                before,
                leaves.organization_subject(index)
                if kind == "organization"
                else f"person{index}@example.org",
            )
            salt = log.salts.get(before, b64encode(sha256(b"%d" % index).digest()[:16]).decode())
            log.subjects[index], log.salts[index] = subject, salt
            reason = "confirmed" if sign else "reinstated"
            entries.append(entry(reason, 1, kind, commitment=leaves.commitment(salt, subject)))
        else:
            reason = {"-": "withdrawn", "!": "invalidated", "~": "removed"}[number[0]]
            taken = int(number[1:])
            earlier = entries[taken]
            # Taking back an entry that is itself a withdrawal is wrong whatever the change.
            change = -1 if earlier.delta < 0 else -earlier.delta
            entries.append(
                entry(reason, change, earlier.kind, takes_back=taken, pledge_text_id=earlier.pledge_text_id)
            )
    log.lines = [line_of(row) for row in entries]
    return log


def from_database(campaign_id: int, slug: str) -> Log:
    """The published log of a campaign in the test's database (after the fold)."""
    from pledge.ledger.log import origin_of, signers_for

    newest = log_queries.newest(campaign_id)
    assert newest is not None, "fold first"
    lines = list(log_queries.leaves(campaign_id, newest.size, pledge_hashes))
    texts = db.session.scalars(select(PledgeText).where(PledgeText.campaign_id == campaign_id))
    pledges = {row.sha256.hex(): dict(row.wording) for row in texts}
    return Log(lines, signers_for(slug), origin_of(slug), pledges=pledges, published=newest.note)


def receipt(log: Log, index: int, *, salt: str | None = None) -> bytes:
    """The tlog-proof of one entry at the checkpoint of a log."""
    extra = {
        "v": 1,
        "salt": log.salts.get(index, "") if salt is None else salt,
        "leaf": log.lines[index].decode(),
    }
    proof = merkle.inclusion_proof(index, len(log.lines), log.subtree)
    head = [
        "c2sp.org/tlog-proof@v1",
        f"extra {b64encode(json.dumps(extra, separators=(',', ':')).encode()).decode()}",
        f"index {index}",
        *(b64encode(step).decode() for step in proof),
    ]
    return ("\n".join(head) + "\n\n" + log.note()).encode()


def entries(log: Log) -> bytes:
    return b"".join(map(log_queries.framed, log.lines))


def mirror(log: Log, folder: Path) -> Path:
    """The files of /log/<slug>/ for the whole log."""
    files = {"checkpoint": log.note().encode(), "key": log.keys.encode()}
    level, hashes = 0, log.hashes
    while hashes:
        for tile in range(0, len(hashes), 256):
            cut = hashes[tile : tile + 256]
            files[tile_path(str(level), tile // 256, len(cut))] = b"".join(cut)
            if level == 0:
                lines = log.lines[tile : tile + 256]
                files[tile_path("entries", tile // 256, len(cut))] = b"".join(map(log_queries.framed, lines))
        full = len(hashes) // 256
        hashes = [merkle.complete(hashes[place * 256 : (place + 1) * 256]) for place in range(full)]
        level += 1
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def site(log: Log, folder: Path, size: int | None = None, **counts: object) -> Path:
    """The files of a site with this log: the log itself, the count at a size, the pledge texts, the statements. `counts`: what
    the count says instead. Returns the folder of the campaign's documents."""
    mirror(log, folder / "log" / log.slug)
    documents = folder / "api/v1/campaigns" / log.slug
    documents.mkdir(parents=True, exist_ok=True)
    earlier = log.until(size)
    shown = {**earlier.counts(), "paper": sum(earlier.paper().values()), "as_of": "2026-11-24T06:00:00Z"}
    shown["checkpoint"] = len(log.lines) if size is None else size
    (documents / "count").write_bytes(_json({**shown, **counts}))
    pledges = []
    for version, (digest, words) in enumerate(log.pledges.items(), 1):
        addresses = {lang: f"{lang}/c/{log.slug}/pledge/{version}.md" for lang in words}
        for lang, path in addresses.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(words[lang], "utf-8")
        pledges.insert(0, {"version": version, "sha256": digest, "texts": addresses})
    (documents / "index.html").write_bytes(_json({"pledges": pledges}))
    entries = {index: json.loads(line) for index, line in enumerate(log.lines) if b'"statement"' in line}
    statements = [
        {
            "entry": index,
            "kind": leaf["kind"],
            "words": None if leaf["kind"] == "letter" else answer(index),
            "sha256": leaf["sha256"],
        }
        for index, leaf in entries.items()
    ]
    (documents / "statements").write_bytes(_json({"statements": statements}))
    return documents


def tile_path(level: str, number: int, width: int = 256) -> str:
    """tlog-tiles, "Merkle Tree": `tile/0/x001/x234/067.p/12`."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == 256 else f".p/{width}")


def document(log: Log) -> Document:
    """What a delivery of such a log would hold."""
    counts, moves = log.counts(), log.moves()
    days: Counter[str] = Counter()
    for line in log.lines:
        with suppress(ValueError, TypeError, KeyError):  # a test's line that is no entry
            leaf = json.loads(line)
            date.fromisoformat(leaf["day"])
            days[leaf["day"]] += leaf["change"] * (leaf["of"] == "person")
    people, paper = counts["people"], log.paper()
    latest = max(days, default="2026-11-24")
    all_of_them = [Cell("KR", Texts(ko="대한민국", en="Republic of Korea"), people)] if people else []
    root = b64encode(log.root()).decode()
    return tiny_document(
        slug=log.slug,
        origin=log.origin,
        checkpoint=CountedCheckpoint(
            len(log.lines), root, people, counts["organizations"], f"{latest}T06:00:00Z", log.note()
        ),
        by_country=all_of_them,
        by_region=[Cell("none", Texts(ko="지역 미기재", en="No region given"), people)] if people else [],
        by_day=[Cell(day, Texts(ko=day, en=day), rise) for day, rise in sorted(days.items()) if rise],
        pledges=[
            Pledge(n, digest, Texts(**words)) for n, (digest, words) in enumerate(log.pledges.items(), 1)
        ],
        named_organizations=[organization(f"단체 {n}", f"Body {n}") for n in range(counts["organizations"])],
        people_moves=Moves(**moves["people"]),
        organization_moves=Moves(**moves["organizations"]),
        sign_ups=SignUps(f"{latest}T06:00:00Z", None, people, {}),
        verifiers=[signer.verifier for signer in log.signers],
        paper=PaperTotals(sum(paper.values()), 9, len(paper)) if paper else None,
        demands=[DEMAND],
        answers=[ANSWER],
    )


def contents(log: Log) -> dict[str, bytes]:
    """Every member of a pack but the manifest and its signature."""
    made = document(log)
    files = {
        **tables_of(made),
        "integrity.json": tables.integrity_json(made),
        **dict.fromkeys(("letter-ko.pdf", "letter-en.pdf"), b"%PDF-1.7\n"),
        "pledge-texts.json": _json([asdict(pledge) for pledge in made.pledges]),
        "log/checkpoint": made.checkpoint.note.encode(),
        "log/key": log.keys.encode(),
        "log/entries": entries(log),
        "verify.py": PROGRAM.read_bytes(),
    }
    return {name: files[name] for name in MEMBERS if name in files}


def tables_of(made: Document) -> dict[str, bytes]:
    """The members that tell the numbers of a document."""
    return _tables(made.to_json())


def tables_in_utc(log: Log) -> dict[str, bytes]:
    """The members that name the moment, as packs had them that told it in UTC; their integrity.json told none."""
    files = contents(log)
    moment = json.loads(files["totals.json"])["as_of"]
    in_utc = iso_utc(datetime.fromisoformat(moment))
    integrity = json.loads(files["integrity.json"])
    del integrity["as_of"]
    return {
        "totals.json": files["totals.json"].replace(moment.encode(), in_utc.encode()),
        "totals.csv": files["totals.csv"].replace(moment.encode(), in_utc.encode()),
        "integrity.json": _json(integrity),
    }


@cache
def _tables(text: str) -> dict[str, bytes]:
    made = from_json(text)
    names = ("README.txt", "totals.xlsx", "totals.json", "integrity.json", *_TABLES)
    wanted = members(made)
    return {name: wanted[name].write(made) for name in names}


def pack(
    log: Log,
    *,
    rewritten: Mapping[str, bytes] | None = None,
    changed: Mapping[str, bytes] | None = None,
    left_out: tuple[str, ...] = (),
    added: Mapping[str, bytes] | None = None,
    manifest: Callable[[dict[str, Any]], object] | None = None,
    signers: list[Signer] | None = None,
) -> bytes:
    """A pack, as a zip; `rewritten`: members as the manifest shall know them; `changed`, `left_out`, `added`: what happens
    to members afterwards; `manifest`: changes the manifest before it is signed; `signers`: who signs it instead."""
    files = {**contents(log), **(rewritten or {})}
    described: dict[str, Any] = {
        "format": "pledge-delivery/v1",
        "campaign": log.slug,
        "origin": log.origin,
        "checkpoint": {"size": len(log.lines), "root": b64encode(log.root()).decode(), **log.counts()},
        "files": {name: _described(name, content) for name, content in files.items()},
        "tool": "pledge 0.1.0",
    }
    if manifest is not None:
        manifest(described)
    files["manifest.json"] = _json(described)
    text = f"pledge-delivery/v1\n{log.origin}\n{sha256(files['manifest.json']).hexdigest()}\n"
    files["manifest.sig"] = notes.sign(text, signers or log.signers).encode()
    files.update(changed or {})
    return zipped({**{name: files[name] for name in MEMBERS if name not in left_out}, **(added or {})})


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content, compresslevel=6)
    return stream.getvalue()


def flipped(content: bytes, place: int = 0, change: int = 1) -> bytes:
    return content[:place] + bytes([content[place] ^ change]) + content[place + 1 :]


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def large() -> tuple[Log, bytes]:
    """A log of months, and a right pack of it: merged lines, names with signs that a spreadsheet or XML would take for
    something else."""
    log = made_up("+" * 60 + "o" * 12 + "-3")
    days = [f"2026-{9 + place // 30:02}-{place % 30 + 1:02}" for place in range(60)]
    log.lines = [
        line.replace(b"2026-11-24", (days[place] if place < 60 else "2026-11-20").encode())
        for place, line in enumerate(log.lines)
    ]
    made = document(log)
    others = Cell("other", Texts(ko="기타", en="Other"), sum(day.people for day in made.by_day[:5]))
    odd = ['=1+1 & "Söhne" <Ltd>', "줄\n바꿈, 쉼표", "_x0041_ 'quoted'"]
    listed = [organization(name, name) for name in odd] + made.named_organizations[4:]
    made = replace(
        made, by_day=[*made.by_day[5:], others], named_organizations=listed, unnamed_organizations=1
    )

    def drop_rows(manifest):
        manifest["files"]["organizations.csv"].pop("rows")

    return log, pack(log, rewritten=tables_of(made), manifest=drop_rows)


def _described(name: str, content: bytes) -> dict[str, Any]:
    rows = {"rows": content.count(b"\n") - 1} if name in _TABLES else {}
    return {"size": len(content), "sha256": sha256(content).hexdigest(), **rows}


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
