"""The texts of a delivery, and its cover letter: the default one, its fields, and what it may say of the numbers.

What differs between languages is in [cover] and [numbers] of typst/<language>.toml.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import languages
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.deliveries.document import SUBMITTED_AS, Document, Reply
from pledge.deliveries.models import MAX_LETTER, MAX_OCCASION, MAX_RECIPIENT
from pledge.deliveries.tables import integrity_json, totals_json
from pledge.mail.addresses import BadAddress, parse
from pledge.statistics.breakdowns import NO_REGION, OTHER

TYPST = Path(__file__).parent / "typst"

MAX_NUMBER = 60
MAX_PERSON = 120
MAX_PHONE = 60
MAX_ADDRESS = 300

#: A letter may name smaller numbers without a source.
SMALLEST_NUMBER = 10
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"


@dataclass(frozen=True)
class LetterTexts:
    """What a delivery says besides its numbers, as it is kept."""

    recipient: Texts = field(default_factory=Texts)
    occasion: Texts = field(default_factory=Texts)
    letter: Texts = field(default_factory=Texts)
    reply: Reply = field(default_factory=Reply)
    others: dict[str, str] = field(default_factory=dict)


@cache
def fixed(lang: str) -> dict[str, Any]:
    """The texts of the letter that are the same in each, in one language."""
    return tomllib.loads((TYPST / f"{lang}.toml").read_text("utf-8"))


def default_letter(title: Texts, *, with_organizations: bool) -> Texts:
    """A letter with fields for the numbers; paragraphs, an empty line between two."""
    kind = "with_organizations" if with_organizations else "people_only"
    covers = {lang: fixed(lang)["cover"] for lang in languages.codes()}
    return Texts(
        {
            lang: cover["letter"]
            .strip()
            .format(title=title.in_language(lang), date="{date}", joined=cover[kind])
            for lang, cover in covers.items()
        }
    )


def clean(wording: LetterTexts) -> LetterTexts:
    """The texts as they will be stored, the letter with its fields. Raises BadFields with all faults."""
    checker = Checker()
    letter = checker.texts("letter", wording.letter, MAX_LETTER, required=True)
    cleaned = LetterTexts(
        recipient=checker.lines("recipient", wording.recipient, MAX_RECIPIENT, required=True),
        occasion=checker.lines("occasion", wording.occasion, MAX_OCCASION, required=True),
        letter=Texts({lang: text.strip() for lang, text in letter.items()}),
        reply=_clean_reply(checker, wording.reply),
        others={
            number: checker.line(f"what_{number}", what, MAX_PERSON, required=True)
            for number, what in wording.others.items()
        },
    )
    checker.finish()
    return cleaned


def filled(document: Document) -> Document:
    """The document with {people}, {organizations}, {paper} and {date} filled in in its letter.

    Raises BadFields where the letter names another day of counting, or a text has a number from ten on that the pack does not
    print at this moment and that is not in `others`; `values` then has these under `numbers`, by their value in digits.
    """
    checker, letter = Checker(), Texts()
    written: dict[str, str] = {}
    counts = {"paper": document.paper.signatures if document.paper else 0, **document.checkpoint.counts}
    for lang, text in document.letter.items():
        cover, day = fixed(lang)["cover"], format_date(document.as_of, lang)
        letter[lang] = text.replace("{date}", day)
        for name in ("people", "organizations", "paper"):
            number = _counted(cover[name], counts[name], lang)
            letter[lang] = letter[lang].replace(f"{{{name}}}", number)
        days = re.finditer(cover["counted_on"], letter[lang])
        wrong = [match[0] for match in days if match[1] != day] + re.findall(r"\{\w*\}", letter[lang])
        if wrong:
            checker.add(f"letter_{lang}", FieldFault.UNLIKE_PACK, found=wrong[0])
    reply, known = document.reply, {*_printed(document), *document.others}
    texts = {"recipient": document.recipient, "occasion": document.occasion, "letter": letter}
    texts |= {"department": reply.department, "person": reply.person}
    for name, content in languages.as_fields(texts).items():
        lang = name[-2:]
        own = [*document.title.values(), format_date(document.as_of, lang)]
        numbers = _numbers(str(content), lang, own)
        written |= numbers
        unknown = {number: words for number, words in numbers.items() if number not in known}
        if unknown:
            names = ", ".join(unknown.values())
            checker.add(name, FieldFault.UNLIKE_PACK, found=names, numbers=unknown)
    checker.finish()
    others = {number: what for number, what in document.others.items() if number in written}
    return replace(document, letter=letter, others=others)


def _printed(document: Document) -> set[str]:
    """The numbers that the pack prints as of its checkpoint, but for the goal and the size of the log, which count nobody."""
    tables = (totals_json(document) + integrity_json(document)).decode()
    printed = re.findall(r'(?<!"size"): (\d+)', tables)
    printed += [f"{total}" for total in accumulate(cell.people for cell in document.by_day)]
    for cells in (document.by_country, document.by_region, document.by_day):
        printed += [f"{sum(cell.key not in (OTHER, NO_REGION) for cell in cells)}"]
        printed += [f"{round(100 * cell.people / (document.people or 1), 1):g}" for cell in cells]
    return set(printed)


def _numbers(text: str, lang: str, own: Iterable[str]) -> dict[str, str]:
    """The numbers from ten on in a text, as they are written, by their value in digits (`12345`, `35.5`).

    Dates, years and times are none, nor are the words of `own`.
    """
    rules = fixed(lang)["numbers"]
    pattern = rules["number"]
    for name, part in (
        ("unit", rules["unit"]),
        ("one", f"(?:{'|'.join(rules['ones'])})"),
        ("digits", _DIGITS),
    ):
        pattern = pattern.replace(f"<{name}>", part)
    text = unicodedata.normalize("NFKC", f" {text}")
    for words in own:
        text = text.replace(unicodedata.normalize("NFKC", words), "|")
    text = re.sub(rules["no_number"], "|", text, flags=re.VERBOSE)
    values = {_value(match[0].lower(), rules): match[0] for match in re.finditer(pattern, text, re.VERBOSE)}
    return {f"{value.normalize():f}": words for value, words in values.items() if value >= SMALLEST_NUMBER}


def _value(words: str, rules: dict[str, Any]) -> Decimal:
    """A unit multiplies the smaller numbers before it: 이천오백만 is (2 × 1,000 + 5 × 100) × 10,000."""
    ones, units, parts = rules["ones"], rules["units"], [Decimal(0)]
    for word in re.findall("|".join([_DIGITS, *sorted([*ones, *units], key=len, reverse=True)]), words):
        if word in units:
            smaller = sum(part for part in parts if part < units[word])
            parts = [part for part in parts if part >= units[word]] + [(smaller or 1) * units[word]]
        else:
            parts.append(Decimal(ones.get(word) or word.replace(",", "")))
    return sum(parts, Decimal(0))


def _clean_reply(check: Checker, reply: Reply) -> Reply:
    """The reply as it will be stored; faults are noted for `number`, `person_ko` … `address_en`."""
    email = reply.email.strip()
    try:
        email = parse(email).mailed if email else ""
    except BadAddress:
        check.add("email", FieldFault.EMAIL)
    cleaned = Reply(
        number=check.line("number", reply.number, MAX_NUMBER),
        department=check.lines("department", reply.department, MAX_PERSON),
        submitted_as=reply.submitted_as,
        person=check.lines("person", reply.person, MAX_PERSON),
        phone=check.line("phone", reply.phone, MAX_PHONE),
        email=email,
        address=check.lines("address", reply.address, MAX_ADDRESS),
    )
    if reply.submitted_as not in ("", *SUBMITTED_AS):
        check.add("submitted_as", FieldFault.CHOICE)
    every = Texts(dict.fromkeys(languages.codes(), "x"))
    for name in ("department", "person", "address"):
        check.all_or_none(name, getattr(cleaned, name), every)
    return cleaned


def _counted(forms: dict[str, str], number: int, lang: str) -> str:
    """In the plural form that CLDR has for a number in the language; `other` is used for those that are not given."""
    form = languages.locale(lang).plural_form(number)
    return forms.get(form, forms["other"]).format(number=f"{number:,}")
