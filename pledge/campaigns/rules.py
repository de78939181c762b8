"""The rules for the texts and addresses of a campaign. Services raise the faults, the forms of the staff area word them."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pledge.core import languages
from pledge.core.encryption import vault
from pledge.core.i18n import Phrase, format_datetime
from pledge.core.languages import Texts
from pledge.core.text.lines import LineFault, holds_resident_number, is_readable_text

MAX_SLUG = 60
MAX_LINE = 200
MAX_TAGLINE = 300
MAX_SUMMARY = 1000
MAX_TEXT = 20_000
MAX_LINK = 300
MAX_GOAL = 1_000_000_000

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class FieldFault(Enum):
    """What is wrong with a field, in words for who filled it in."""

    MISSING = Phrase("field", "This field is required.")
    TOO_LONG = Phrase("field", "This is too long.")
    CHARACTERS = Phrase("field", "It contains a character that cannot be shown.")
    #: nobody may store one (PIPA 24-2)
    RESIDENT_NUMBER = LineFault.RESIDENT_NUMBER.value
    SLUG = Phrase(
        "field",
        "Use 3 to 60 lower-case letters from a to z, digits and single hyphens, and begin with a letter.",
    )
    TAKEN = Phrase("field", "Another campaign has this address.")
    LINK = Phrase("field", "Enter a web address, for example https://example.org/page.")
    NO_HTTPS = Phrase("field", "Enter an address that begins with https://.")
    NOT_ONLINE = Phrase("field", "Tick that people can take part online, or leave this empty.")
    CHOICE = Phrase("field", "Choose one from the list.")
    EMAIL = Phrase("field", "Enter an e-mail address in the form name@example.com.")
    ONE_LANGUAGE = Phrase("field", "Another language has this, so it is required here too.")
    UNCHANGED = Phrase("field", "Tick this if the other languages need no change, or continue editing.")
    GOAL = Phrase("field", "Enter a whole number from 1 to 1,000,000,000.")
    GROUP_GOAL = Phrase("field", "Enter a whole number from 10 to 1,000,000, or leave it empty.")
    STEPS = Phrase("field", "Enter at most 30 whole numbers that rise and stay below the goal, one per line.")
    STEP_SENTENCES = Phrase(
        "field",
        "Each line is a step from above or the goal, a colon and a sentence of at most 200 characters, as in “10,000: We ask the Ministry in public”.",
    )
    MOMENT = Phrase("field", "Enter a day and a time between 2000 and 2100.")
    ORDER = Phrase("field", "It ends before it begins.")
    PAST = Phrase("field", "This time is in the past. Choose a later one, or close the campaign.")
    FUTURE = Phrase("field", "This day is in the future.")
    NOT_YET = Phrase("field", "This is in the future.")
    #: a delivery that was handed over before it was frozen, or answered before it was handed over
    TOO_EARLY = Phrase("field", "Enter a time after the step before it (%(moment)s).")
    BEFORE_HANDING_OVER = Phrase("field", "This is before it was handed over.")
    BEFORE_ASKING = Phrase("field", "This is before the day of asking.")
    AFTER_ANSWER = Phrase("field", "This is later than the answer.")
    NUMBER = Phrase("field", "Enter a whole number from 1 on, in digits.")
    RUNNING = Phrase(
        "field",
        "Signing has begun, and this would stop it. To stop signing, pause it with the switches or close the campaign.",
    )
    VIDEO = Phrase("field", "Enter the address of one video on YouTube or Vimeo.")
    TWO_VIDEOS = Phrase(
        "field", "A campaign has one video: leave the address empty, or remove the video file."
    )
    REASON = Phrase("field", "Give a reason; it is kept in the audit log.")
    CAPTIONS = Phrase(
        "field",
        "This is not WebVTT. The first line is WEBVTT, and each caption has a line like 00:01.000 --> 00:04.000 above it.",
    )
    LETTER = Phrase(
        "field",
        "No PDF can be made of this text. Use fewer lists and quotations inside each other, and shorter links.",
    )
    SECRETARIAT = Phrase(
        "field", "A public campaign needs a secretariat. Add or choose another one before this one goes."
    )
    DEMAND_STAYS = Phrase("field", "What a public campaign asks stays as it is. Add another demand instead.")
    #: a letter with another day of counting or another number than its pack
    UNLIKE_PACK = Phrase(
        "field",
        "The pack does not say “%(found)s”. Write {people}, {organizations}, {paper} and {date}, which are filled in. What another number is can be said below the letters.",
    )
    SCAN_TWICE = Phrase("field", "Another batch of this campaign has this scan already.")
    SCAN_NOT_OPENED = Phrase("field", "Download the scan first and count the signatures on it.")


class BadFields(ValueError):
    """What was entered cannot be kept; `faults` names each field with what is wrong.

    `values`: by field, what the words of its fault name.
    """

    def __init__(
        self, faults: Mapping[str, FieldFault], values: Mapping[str, Mapping[str, object]] | None = None
    ) -> None:
        super().__init__(", ".join(f"{field}: {fault.name.lower()}" for field, fault in faults.items()))
        self.faults = dict(faults)
        self._values = values or {}

    @property
    def unknown_numbers(self) -> list[str]:
        """Those in a letter that its pack does not have."""
        numbers = [values.get("numbers", {}) for values in self._values.values()]
        return [number for group in numbers if isinstance(group, dict) for number in group]

    def words(self, field: str) -> str:
        """What is wrong with a field, in the language of the request."""
        text, values = str(self.faults[field].value), self._values.get(field, {})
        shown = {key: format_datetime(it) if isinstance(it, datetime) else it for key, it in values.items()}
        return text % shown if shown else text


class Checker:
    """Cleans fields one by one, collects what is wrong with them, and raises BadFields at the end."""

    def __init__(self) -> None:
        self.faults: dict[str, FieldFault] = {}
        self._values: dict[str, Mapping[str, object]] = {}

    def line(self, field: str, text: str, max_length: int = MAX_LINE, *, required: bool = False) -> str:
        """One line: NFC, single spaces, trimmed."""
        return self._text(field, " ".join(text.split()), max_length, required)

    def text(self, field: str, text: str, max_length: int = MAX_TEXT, *, required: bool = False) -> str:
        """Several lines, with \\n between them, whatever the browser sent."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
        return self._text(field, lines + "\n" if lines else "", max_length, required)

    def link(self, field: str, text: str) -> str:
        """A web address, http or https, or ""."""
        try:
            return clean_link(text)
        except ValueError:
            self.faults[field] = FieldFault.LINK
            return text

    def lines(
        self, field: str, given: Mapping[str, str], max_length: int = MAX_LINE, *, required: bool = False
    ) -> Texts:
        """One line in each language of the site; `required`: in all of them."""
        return self._in_each(partial(self.line, max_length=max_length, required=required), field, given)

    def texts(
        self, field: str, given: Mapping[str, str], max_length: int = MAX_TEXT, *, required: bool = False
    ) -> Texts:
        """The same for several lines."""
        return self._in_each(partial(self.text, max_length=max_length, required=required), field, given)

    def any_language(self, field: str, given: Texts) -> None:
        """Require the text in at least one language."""
        if not given:
            self.add(f"{field}_{languages.default()}", FieldFault.MISSING)

    def all_or_none(self, field: str, given: Texts, other: Texts) -> None:
        """Require the text in the same languages as `other`, or in none."""
        if given:
            for lang in other:
                if not given[lang]:
                    self.add(f"{field}_{lang}", FieldFault.ONE_LANGUAGE)

    def add(self, field: str, fault: FieldFault, **values: object) -> None:
        """Note a fault of a field, with the values that its words name; only its first one is reported."""
        if field not in self.faults:
            self.faults[field], self._values[field] = fault, values

    def finish(self) -> None:
        if self.faults:
            raise BadFields(self.faults, self._values)

    def _in_each(self, clean: Callable[[str, str], str], field: str, given: Mapping[str, str]) -> Texts:
        return languages.texts(
            {lang: clean(f"{field}_{lang}", given.get(lang, "")) for lang in languages.codes()}
        )

    def _text(self, field: str, text: str, max_length: int, required: bool) -> str:
        text = unicodedata.normalize("NFC", text)
        if required and not text:
            self.add(field, FieldFault.MISSING)
        elif len(text) > max_length:
            self.add(field, FieldFault.TOO_LONG)
        elif not is_readable_text(text):
            self.add(field, FieldFault.CHARACTERS)
        elif holds_resident_number(text):
            self.add(field, FieldFault.RESIDENT_NUMBER)
        return text


def clean_slug(text: str, field: str = "slug") -> str:
    """The part of an address that names a campaign: small letters, digits, single hyphens. Raises BadFields."""
    slug = text.strip().lower()
    if not slug:
        raise BadFields({field: FieldFault.MISSING})
    if len(slug) > MAX_SLUG:
        raise BadFields({field: FieldFault.TOO_LONG})
    if not _SLUG.fullmatch(slug) or len(slug) < 3:
        raise BadFields({field: FieldFault.SLUG})
    return slug


def clean_link(text: str) -> str:
    """A web address as it will be kept; "" stays "". A bare host gets https. Raises ValueError.

    No name and password, no port other than the usual, no host without a dot: nothing that hides where it leads.
    """
    link = text.strip()
    if not link:
        return ""
    if "://" not in link:
        link = f"https://{link}"
    if len(link) > MAX_LINK or not all(c.isprintable() and c not in ' <>"\\^`{|}' for c in link):
        raise ValueError("not a web address")
    parts = urlsplit(link)
    host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.port is not None:
        raise ValueError("not a web address")
    if not _HOST.fullmatch(host):
        raise ValueError("not a web address")
    return parts._replace(netloc=host).geturl()


def shown_link(stored: str) -> str:
    """A stored web address as a page may link it; a second fence: whatever is no web address is not linked at all."""
    return stored if stored.startswith(("https://", "http://")) else ""


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, Any]:
    """The fields that differ, as details of an entry of the audit log: what each said before and says after."""
    old, new = languages.as_fields(before), languages.as_fields(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {
        key: {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in fields.items()
            if name in names
        }
        for key, fields in (("before", old), ("after", new))
    }


def stamp(content: Mapping[str, object]) -> str:
    """A keyed hash of what an editor saw: when the stored content has another one, somebody else has saved meanwhile.

    Keyed, as the second person who counts a batch on paper gets the stamp of it and must not find the number by trying all.
    """
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return vault().keyed_hash(f"stamp {canonical}").hex()[:24]
