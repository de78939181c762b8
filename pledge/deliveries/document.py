"""The content of a delivery, fixed when it is frozen: with the log, all that the pack is made from.

It is stored as JSON with sorted keys, so that the same delivery always makes the same pack, to the byte.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from pledge.core.languages import Texts
from pledge.ledger.counting import Moves
from pledge.statistics.values import Cell, Organization, Pledge, SignUps

#: In the manifest and in the document; a changed format gets another name.
FORMAT = "pledge-delivery/v1"


@dataclass(frozen=True)
class Reply:
    """The number of the letter, and where its answer goes. Each may be empty."""

    number: str = ""
    person: Texts = field(default_factory=Texts)
    phone: str = ""
    email: str = ""
    address: Texts = field(default_factory=Texts)


@dataclass(frozen=True)
class FrozenPaper:
    """Signatures on paper: in none of the other numbers."""

    signatures: int
    sheets: int
    batches: int


@dataclass(frozen=True)
class FrozenCheckpoint:
    """The checkpoint at which everything is counted."""

    size: int
    root: str  #: base64
    people: int
    organizations: int
    signed_at: str  #: `2026-11-24T05:00:00Z`
    note: str  #: the signed note, verbatim


@dataclass(frozen=True)
class Document:
    slug: str
    languages: list[str]  #: those of the site, in its order: each table has a column for each
    title: Texts
    goal: int
    origin: str  #: of the log
    address: str  #: of the campaign's site, for "how to check": `https://example.org`
    checkpoint: FrozenCheckpoint
    recipient: Texts
    occasion: Texts
    letter: Texts  #: paragraphs, an empty line between two
    frozen_at: str
    by_country: list[Cell]
    by_region: list[Cell]
    by_day: list[Cell]
    smallest_shown: int
    pledges: list[Pledge]
    organizations: list[Organization]
    #: Organisations that the log counts, but whose content was erased since.
    unnamed_organizations: int
    secretariat: list[Texts]
    partners: list[Texts]
    people_moves: Moves
    organization_moves: Moves
    sign_ups: SignUps
    verifiers: list[str] = field(default_factory=list)  #: the log's public keys in text form
    #: The newest checkpoint at the moment of freezing; None in documents of before it was kept.
    newest: FrozenCheckpoint | None = None
    paper: FrozenPaper | None = None  #: None where nothing was signed on paper
    reply: Reply = Reply()  #: documents that were frozen before letters had it are without
    format: str = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1)


def from_json(text: str) -> Document:
    """The document of a delivery as it was frozen. Raises KeyError or TypeError for anything else."""
    raw: dict[str, Any] = json.loads(text)
    for name in ("title", "recipient", "occasion", "letter"):
        raw[name] = Texts(raw[name])
    for name in ("secretariat", "partners"):
        raw[name] = [Texts(one) for one in raw[name]]
    for name in ("by_country", "by_region", "by_day"):
        raw[name] = [Cell(cell["key"], Texts(cell["label"]), cell["people"]) for cell in raw[name]]
    raw["pledges"] = [Pledge(one["version"], one["sha256"], Texts(one["text"])) for one in raw["pledges"]]
    raw["organizations"] = [
        Organization(**{**one, "name": Texts(one["name"]), "statement": Texts(one["statement"])})
        for one in raw["organizations"]
    ]
    raw["checkpoint"] = FrozenCheckpoint(**raw["checkpoint"])
    raw["newest"] = FrozenCheckpoint(**raw["newest"]) if raw.get("newest") else None
    raw["paper"] = FrozenPaper(**raw["paper"]) if raw.get("paper") else None
    raw["people_moves"], raw["organization_moves"] = (
        Moves(**raw[name]) for name in ("people_moves", "organization_moves")
    )
    raw["sign_ups"] = SignUps(**raw["sign_ups"])
    reply = raw.pop("reply", {})
    texts = {name: Texts(reply[name]) for name in ("person", "address") if name in reply}
    return Document(**raw, reply=Reply(**{**reply, **texts}))
