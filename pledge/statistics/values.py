"""The values of a delivery and of statistics: a text in languages, a cell, a pledge, an organisation."""

from dataclasses import dataclass

from pledge.core.languages import Texts


@dataclass(frozen=True)
class Cell:
    """One line of a breakdown, with small cells merged already. `key`: a code, a day, `other` or `none`."""

    key: str
    label: Texts
    people: int


@dataclass(frozen=True)
class Pledge:
    """A version of the text that people signed; `sha256` in hex is what the log's entries name."""

    version: int
    sha256: str
    text: Texts


@dataclass(frozen=True)
class Organization:
    """An organisation that was on the wall at the checkpoint. Its name may be in one language only."""

    name: Texts
    type: str  #: as core.organization_types.OrganizationType
    country: str
    region: str | None
    website: str
    level: str  #: as endorsements.models.VerificationLevel
    target_year: int | None
    statement: Texts
    published_on: str  #: day in Korea, `2026-11-24`


@dataclass(frozen=True)
class SignUps:
    """What became of all sign-ups, as statistics/integrity.py tells it, at the moment of freezing."""

    as_of: str
    submitted: int | None
    confirmed: int
    not_counted: dict[str, int | None]
