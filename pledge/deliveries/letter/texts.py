"""The texts of a delivery, and its cover letter: the default one, its fields, and what it may say of the numbers.

What differs between languages is in [cover] of typst/<language>.toml.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.deliveries.document import SUBMITTED_AS, Reply
from pledge.deliveries.models import MAX_LETTER, MAX_OCCASION, MAX_RECIPIENT
from pledge.mail.addresses import BadAddress, parse
from pledge.statistics.totals import CountedCheckpoint

TYPST = Path(__file__).parent / "typst"

MAX_NUMBER = 60
MAX_PERSON = 120
MAX_PHONE = 60
MAX_ADDRESS = 300


@dataclass(frozen=True)
class LetterTexts:
    """What a delivery says besides its numbers, as it is kept."""

    recipient: Texts = field(default_factory=Texts)
    occasion: Texts = field(default_factory=Texts)
    letter: Texts = field(default_factory=Texts)
    reply: Reply = field(default_factory=Reply)


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
    )
    checker.finish()
    return cleaned


def filled(letter: Texts, checkpoint: CountedCheckpoint, paper: int, goal: int) -> Texts:
    """The letter with {people}, {organizations}, {paper} and {date} filled in.

    Raises BadFields where it names a number or a day of counting that its pack does not have.
    """
    numbers = {"people": checkpoint.people, "organizations": checkpoint.organizations, "paper": paper}
    known = {*numbers.values(), goal}
    texts, faults = {}, {}
    for lang, text in letter.items():
        cover, day = fixed(lang)["cover"], format_date(from_iso_utc(checkpoint.signed_at), lang)
        letter_text = text.replace("{date}", day)
        for name, number in numbers.items():
            letter_text = letter_text.replace(f"{{{name}}}", _counted(cover[name], number, lang))
        texts[lang] = letter_text
        wrong = [
            *(
                match[0]
                for match in re.finditer(cover["counted"], letter_text)
                if int(match[1].replace(",", "")) not in known
            ),
            *(match[0] for match in re.finditer(cover["counted_on"], letter_text) if match[1] != day),
            *re.findall(r"\{\w*\}", letter_text),
        ]
        if wrong:
            faults[f"letter_{lang}"] = {"found": wrong[0]}
    if faults:
        raise BadFields(dict.fromkeys(faults, FieldFault.UNLIKE_PACK), faults)
    return Texts(texts)


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
