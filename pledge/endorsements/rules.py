"""The rules for what an organisation says about itself, used by the form and again by the service."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from enum import Enum

from pledge.core import countries, languages
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.organization_types import OrganizationType
from pledge.core.text.lines import BadLine, LineFault, content_fault, is_readable
from pledge.core.text.lines import clean_line as clean_any_line
from pledge.endorsements.models import MAX_NAME, MAX_STATEMENT
from pledge.endorsements.promises import SCOPES
from pledge.endorsements.verification.domains import BadWebsite, clean_website

MAX_PERSON = 80  #: a person's name, and their title
REVIEW_DAYS = 3  #: working days in which the secretariat usually reviews an endorsement
#: Years that a target may name, past ones too: a city may have reached its target already.
YEARS = range(2000, 2101)
FIRST_BASE_YEAR = 1990  #: as in the Kyoto Protocol

_NEWLINES = re.compile(r"\r\n?")

# The Korean business registration number (사업자등록번호): ten digits, the last of which is a check digit.
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−.]+")
_REGISTRATION_NUMBER = re.compile(r"[0-9]{10}")
#: National Tax Service: each digit times its weight, and the tens of the last product added once more.
_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_FIRST_OFFICE = 101  #: tax offices are numbered from here


class ContentFault(Enum):
    """The faults besides those of a line (pledge/core/text/lines.py), in words for who filled it in."""

    UNKNOWN = Phrase("content", "Choose one from the list.")
    WEBSITE = Phrase("content", "Enter the address of a public website, like https://www.example.org.")
    YEAR = Phrase("content", "Enter a year from 2000 to 2100.")
    PERCENT = Phrase("content", "Enter a percentage from 1 to 100.")
    HALF = Phrase("content", "Enter percentage, interim year and base year, or leave all three empty.")
    ORDER = Phrase("content", "The interim year must be before the target year.")
    BASE = Phrase("content", "Enter a base year from 1990 on that is before the interim year.")
    REGISTRATION = Phrase(
        "content",
        "This is not a business registration number. Please check its ten digits, or leave it empty.",
    )


class BadContent(ValueError):
    """Something that an endorsement may not contain: which field, and why."""

    def __init__(self, field: str, fault: ContentFault | LineFault) -> None:
        super().__init__(f"{field}: {fault.name}")
        self.field = field
        self.fault = fault


@dataclass(frozen=True)
class Content:
    """What an organisation shows: all of a version that is public, with the name of its logo."""

    name: Texts
    type: str
    country: str
    region: str | None
    website: str  #: also a page on a social network; "" for none
    target_year: int | None = None
    interim_year: int | None = None
    interim_percent: int | None = None
    base_year: int | None = None
    scope: str | None = None
    plan_url: str = ""
    report_url: str = ""  #: of the last one
    statement: Texts = field(default_factory=Texts)
    logo: str = ""  #: the name of a stored picture


def clean(content: Content) -> Content:
    """The content as it will be stored. Raises BadContent for the first fault."""
    years = (content.target_year, content.interim_year, content.interim_percent, content.base_year)
    for name, fault in target_faults(*years).items():
        raise BadContent(name, fault)
    names = languages.texts({lang: clean_name(name) for lang, name in content.name.items()})
    if not names:
        raise BadContent("name", LineFault.EMPTY)
    region = content.region if content.country == countries.HOME else None
    return replace(
        content,
        name=names,
        type=check_type(content.type),
        country=_checked("country", content.country, content.country in countries.COUNTRIES),
        region=_checked("region", region, region in countries.REGIONS) if region else None,
        website=check_website(content.website),
        scope=check_scope(content.scope or "") or None,
        plan_url=check_website(content.plan_url, "plan_url"),
        report_url=check_website(content.report_url, "report_url"),
        statement=languages.texts({lang: clean_statement(text) for lang, text in content.statement.items()}),
    )


def clean_line(
    field: str, text: str, max_length: int, *, required: bool = True, is_person: bool = False
) -> str:
    """One line, by the rule for all lines (pledge/core/text/lines.py). Raises BadContent."""
    try:
        return clean_any_line(text, max_length, required=required, is_person=is_person)
    except BadLine as error:
        raise BadContent(field, error.fault) from None


def clean_person(name: str, title: str) -> tuple[str, str]:
    """Name and title of who speaks for an organisation; the title may be "". Raises BadContent."""
    return clean_line("contact_name", name, MAX_PERSON, is_person=True), clean_title(title)


def clean_title(text: str) -> str:
    """One that the person need not have. Raises BadContent."""
    return clean_line("contact_title", text, MAX_PERSON, required=False)


def spokesperson(name: str, title: str, *, show: bool) -> str:
    """Name and title as the wall shows them; "" without that person's consent."""
    if not show:
        return ""
    return f"{name}, {title}" if title else name


def clean_name(text: str) -> str:
    """The name in one language; "" where it has none. Raises BadContent."""
    return clean_line("name", text, MAX_NAME, required=False)


def clean_statement(text: str) -> str:
    """Plain text of several lines, up to 600 characters; "" is fine. Raises BadContent."""
    lines = [line.rstrip() for line in _NEWLINES.sub("\n", unicodedata.normalize("NFC", text)).split("\n")]
    statement = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if len(statement) > MAX_STATEMENT:
        raise BadContent("statement", LineFault.TOO_LONG)
    if not is_readable(statement.replace("\n", "").replace("\t", "")):
        raise BadContent("statement", LineFault.CHARACTERS)
    if fault := content_fault(statement):
        raise BadContent("statement", fault)
    return statement


def target_faults(
    target_year: int | None, interim_year: int | None, interim_percent: int | None, base_year: int | None
) -> dict[str, ContentFault]:
    """The faults of the years and the percentage, by field; empty when all is well."""
    years = {"target_year": target_year, "interim_year": interim_year}
    faults = {
        field: ContentFault.YEAR for field, year in years.items() if year is not None and year not in YEARS
    }
    if interim_percent is not None and not 1 <= interim_percent <= 100:
        faults["interim_percent"] = ContentFault.PERCENT
    interim = {"interim_year": interim_year, "interim_percent": interim_percent, "base_year": base_year}
    missing = [field for field, value in interim.items() if value is None]
    if missing and len(missing) < len(interim):
        faults |= dict.fromkeys(missing, ContentFault.HALF)
    if interim_year is None or faults:
        return faults
    if target_year is not None and interim_year >= target_year:
        faults["interim_year"] = ContentFault.ORDER
    if base_year not in range(FIRST_BASE_YEAR, interim_year):
        faults["base_year"] = ContentFault.BASE
    return faults


def check_type(text: str) -> str:
    return _checked("type", text, text in set(OrganizationType))


def check_scope(text: str) -> str:
    """ "" where none is chosen. Raises BadContent."""
    return _checked("scope", text, text in {"", *SCOPES})


def check_website(text: str, field: str = "website") -> str:
    """A web address as it will be stored; "" where there is none. Raises BadContent."""
    try:
        return clean_website(text) if text.strip() else ""
    except BadWebsite:
        raise BadContent(field, ContentFault.WEBSITE) from None


def _checked(field: str, text: str, fine: bool) -> str:
    if not fine:
        raise BadContent(field, ContentFault.UNKNOWN)
    return text


def clean_registration_number(text: str) -> str | None:
    """The ten digits, or None for a blank field. Hyphens, spaces and full-width digits are accepted. Raises BadContent."""
    if not text.strip():
        return None
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if (
        not _REGISTRATION_NUMBER.fullmatch(digits)
        or int(digits[:3]) < _FIRST_OFFICE
        or check_digit(digits) != digits[9]
    ):
        raise BadContent("registration_number", ContentFault.REGISTRATION)
    return digits


def check_digit(digits: str) -> str:
    """The tenth digit for the first nine."""
    products = [int(digit) * weight for digit, weight in zip(digits[:9], _WEIGHTS, strict=True)]
    return str(-(sum(products) + products[8] // 10) % 10)
