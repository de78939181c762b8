"""The content of a delivery, fixed when it is frozen: with the log, all that the pack is made from.

It is stored as JSON with sorted keys, so that the same delivery always makes the same pack, to the byte.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.ledger.counting import Moves
from pledge.statistics.totals import CountedCheckpoint, Pledge, Totals

#: In the manifest and in the document; a changed format gets another name.
FORMAT = "pledge-delivery/v1"


#: As what a letter is handed in, which decides how the recipient has to deal with it (건의, 청원, 참고).
SUBMITTED_AS = {
    "proposal": Phrase("delivery", "A proposal"),
    "petition": Phrase("delivery", "A petition (Petition Act)"),
    "information": Phrase("delivery", "For information"),
}


@dataclass(frozen=True)
class Reply:
    """What else a letter has at its head and foot, and where its answer goes. Each may be empty."""

    number: str = ""
    department: Texts = field(default_factory=Texts)  #: the recipient's that is in charge (참조)
    submitted_as: str = ""  #: one of SUBMITTED_AS
    person: Texts = field(default_factory=Texts)
    phone: str = ""
    email: str = ""
    address: Texts = field(default_factory=Texts)

    @property
    def submitted_as_label(self) -> Phrase:
        return SUBMITTED_AS[self.submitted_as]


@dataclass(frozen=True)
class NamedPartner:
    name: Texts
    type: str = ""  #: as core.organization_types.OrganizationType; documents of before it was kept have none


@dataclass(frozen=True)
class SignUps:
    """What became of all sign-ups, as statistics/integrity.py counts them, at the moment of freezing."""

    as_of: str
    submitted: int | None
    confirmed: int
    not_counted: dict[str, int | None]


@dataclass(frozen=True)
class DemandState:
    """The state that a demand has from a Korean day on."""

    number: int  #: of the demand
    demand: Texts
    state: str  #: a key of demands.models.STATE_LABELS
    day: date
    until: date | None = None  #: the day by which it is promised
    words: Texts = field(default_factory=Texts)
    source: str = ""


@dataclass(frozen=True)
class GivenAnswer:
    """A published version of the answer to an earlier delivery; its days are Korean."""

    delivery: int
    recipient: Texts
    answer_due: date | None
    version: int
    answered_on: date
    published_on: date
    answer: Texts
    document_sha256: str  #: "" without a document


@dataclass(frozen=True, kw_only=True)
class Document(Totals):
    """The totals at a checkpoint, and all that is said with them."""

    checkpoint: CountedCheckpoint = field()
    people_moves: Moves = field()
    organization_moves: Moves = field()
    origin: str  #: of the log
    address: str  #: of the campaign's site, for "how to check": `https://example.org`
    recipient: Texts
    occasion: Texts
    letter: Texts  #: paragraphs, an empty line between two
    frozen_at: str
    pledges: list[Pledge]
    secretariat: list[Texts]
    partners: list[NamedPartner]
    #: None where the numbers are of an earlier checkpoint: what was not counted then is not known any more.
    sign_ups: SignUps | None
    verifiers: list[str] = field(default_factory=list)  #: the log's public keys in text form
    #: The newest checkpoint at the moment of freezing; None in documents of before it was kept.
    newest: CountedCheckpoint | None = None
    #: What the numbers in the letter are that are none of this campaign, as the writer said, by their value in digits.
    others: dict[str, str] = field(default_factory=dict)
    reply: Reply = Reply()  #: documents that were frozen before letters had it are without
    # Documents of before they were kept have neither.
    demands: list[DemandState] = field(default_factory=list)
    answers: list[GivenAnswer] = field(default_factory=list)
    format: str = FORMAT

    def to_json(self) -> str:
        raw = asdict(self)
        for name in self.checkpoint.counts:  # these follow from it
            del raw[name]
        raw["organizations"] = raw.pop("named_organizations")
        return json.dumps(raw, default=date.isoformat, ensure_ascii=False, sort_keys=True, indent=1)


_DOCUMENT = TypeAdapter(Document)


def from_json(text: str) -> Document:
    """The document of a delivery as it was frozen. Raises KeyError or ValueError for anything else."""
    raw: dict[str, Any] = json.loads(text)
    raw["named_organizations"] = raw.pop("organizations")
    raw["partners"] = [partner if "name" in partner else {"name": partner} for partner in raw["partners"]]
    return _DOCUMENT.validate_python({**raw, **CountedCheckpoint(**raw["checkpoint"]).counts})
