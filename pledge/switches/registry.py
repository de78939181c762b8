"""The switches, each declared with its kind, name and durations.

A kind says what a switch may be turned to and how that is stored. A screen shows every switch by its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core import languages
from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts


class Switch(Model):
    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[str] = mapped_column(Text)  #: JSON
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: of a switch that ends by itself


MAX_BANNER = 300


class BadTurn(Enum):
    """Why a switch cannot be turned so, in words for who tries."""

    NO_REASON = Phrase("switch", "Give a reason; it is kept in the audit log.")
    LONG_REASON = Phrase("switch", "This is too long.")
    HALF_BANNER = Phrase("switch", "Write the banner in every language, or in none.")
    LONG_BANNER = Phrase("switch", "A banner can have up to 300 characters.")
    FACTOR = Phrase("switch", "Choose a factor from the list.")
    HOURS = Phrase("switch", "Choose a time from the list.")


class CannotTurn(ValueError):
    def __init__(self, fault: BadTurn) -> None:
        super().__init__(fault.name)
        self.fault = fault


@dataclass(frozen=True)
class SwitchKind:
    """What a switch can be turned to."""

    usual: ClassVar[Any]  #: its value while nobody has turned it

    name: str
    field: str  #: of Switches
    title: Phrase
    explained: Phrase
    button: Phrase
    #: For how many hours it may hold before it ends by itself, the usual time first.
    hours: tuple[int, ...] = (24, 1, 4, 72)
    #: Of a switch that pauses: the button that ends the pause, and what the inbox says meanwhile.
    resume: Phrase | None = None
    paused: Phrase | None = None

    def read(self, stored: Any) -> Any:
        """The value that was stored as JSON."""
        return stored

    def clean(self, given: Any) -> Any:
        """The value that it will be turned to. Raises CannotTurn."""
        return given

    def duration(self, hours: int | None) -> timedelta:
        """How long it holds: the usual time where none is given. Raises CannotTurn."""
        if hours is not None and hours not in self.hours:
            raise CannotTurn(BadTurn.HOURS)
        return timedelta(hours=self.hours[0] if hours is None else hours)


@dataclass(frozen=True)
class Pause(SwitchKind):
    """True while it is paused."""

    usual: ClassVar = False


@dataclass(frozen=True)
class Notice(SwitchKind):
    """A plain text in every language of the site, or none."""

    usual: ClassVar = Texts()

    def read(self, stored: Any) -> Texts:
        return languages.texts(stored)

    def clean(self, given: Mapping[str, str]) -> Texts:
        shown = languages.texts({lang: text.strip() for lang, text in given.items()})
        if shown and not shown.is_complete:
            raise CannotTurn(BadTurn.HALF_BANNER)
        if any(len(text) > MAX_BANNER for text in shown.values()):
            raise CannotTurn(BadTurn.LONG_BANNER)
        return shown


@dataclass(frozen=True)
class Factor(SwitchKind):
    """By how much something is multiplied; 1 is as set up."""

    usual: ClassVar = 1
    factors: tuple[int, ...] = (1,)

    def clean(self, given: int) -> int:
        if given not in self.factors:
            raise CannotTurn(BadTurn.FACTOR)
        return given


@dataclass(frozen=True)
class Switches:
    """The state of all switches."""

    signing_paused: bool = False  #: no new signatures and endorsements are taken; confirming goes on
    mail_paused: bool = False  #: mails wait in the outbox
    banner: Texts = field(default_factory=Texts)  #: shown on every public page
    limit_factor: int = 1  #: how many times as many sign-ups a network or mail domain may send
    #: Invented people and organisations are in this database (queries.py). Nobody can turn it.
    sample_data: bool = False

    #: By the name of the switch: when it was last turned, and when it ends by itself.
    turned_at: Mapping[str, datetime] = field(default_factory=dict, compare=False)
    ends_at: Mapping[str, datetime] = field(default_factory=dict, compare=False)

    def value(self, name: str) -> Any:
        """The value of the switch of this name."""
        return getattr(self, SWITCHES[name].field)

    @property
    def turned(self) -> list[str]:
        """The names of the switches that differ from the default."""
        return [name for name, kind in SWITCHES.items() if self.value(name) != kind.usual]

    @property
    def paused(self) -> list[str]:
        """The names of the pauses in effect."""
        return [name for name in self.turned if isinstance(SWITCHES[name], Pause)]


#: By name, in the order in which they are shown.
SWITCHES: dict[str, SwitchKind] = {
    kind.name: kind
    for kind in (
        Pause(
            "signing",
            "signing_paused",
            title=Phrase("switch", "Signing"),
            explained=Phrase(
                "switch",
                "While it is paused no new signature and no new endorsement is taken; the pages say so. Links in e-mails that were sent before still work.",
            ),
            button=Phrase("switch", "Pause signing"),
            resume=Phrase("switch", "Take signatures again"),
            paused=Phrase("switch", "signing is paused"),
        ),
        Pause(
            "mail",
            "mail_paused",
            title=Phrase("switch", "E-mail"),
            explained=Phrase(
                "switch",
                "While sending is paused, e-mails wait in the outbox and none is lost. People who sign get theirs later.",
            ),
            button=Phrase("switch", "Pause e-mail"),
            resume=Phrase("switch", "Send e-mail again"),
            paused=Phrase("switch", "e-mail is paused"),
        ),
        Notice(
            "banner",
            "banner",
            title=Phrase("switch", "Banner"),
            explained=Phrase(
                "switch",
                "A line at the top of every public page. Leave it empty in every language to remove it.",
            ),
            button=Phrase("switch", "Save"),
            hours=(168, 24, 720),
        ),
        Factor(
            "limits",
            "limit_factor",
            title=Phrase("switch", "Limit of sign-ups"),
            explained=Phrase(
                "switch",
                "How often one network or one e-mail domain may send the form. Raise it when a hall of people or a whole company signs at once.",
            ),
            button=Phrase("switch", "Save"),
            factors=(1, 2, 5, 10, 50),
        ),
    )
}
