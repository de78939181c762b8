"""What plain text from any form may consist of: letters of every script, and nothing that hides or reorders them."""

import re
import unicodedata
from itertools import groupby

#: Characters that change the reading order (Unicode Bidi_Control, UAX #9): a name must read as it is written.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Cc control, Cf format, Cs surrogate, Co private use, Cn unassigned, Zl/Zp line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Joiners that scripts such as Persian and Hindi need inside words; every other format character is refused.
JOINERS = frozenset("\u200c\u200d")
#: What is not seen (Unicode Default_Ignorable_Code_Point, and the empty Braille pattern) or is a letter in disguise.
_DISGUISES = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]"  # fillers
    "|[\U0001d400-\U0001d7ff]"  # mathematical letters and digits
    # joiners but in the scripts that need them, Arabic to Mongolian, and between signs
    "|(?<![\u0600-\u10ff\u1200-\u1cff\u2190-\u2bff\ufb50-\ufdff\ufe0f\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001faff])"
    "[\u200c\u200d]"
    # variation selectors but behind Mongolian letters, Chinese characters and signs
    "|(?<![\u1800-\u18af])[\u180b-\u180d\u180f]"
    "|(?<![\u2190-\u2bff\u3297\u3299\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U000323af])"
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef](?!\u20e3)"
)
#: Combining marks on one letter; names of every script have fewer.
_MAX_MARKS = 4
_MARKS = frozenset({"Mn", "Me", "Cf"})
#: A cell that begins like this can run as a formula in some spreadsheet (OWASP ASVS 5.0, 1.2.10); full-width forms too.
FORMULA_STARTS = frozenset("=+-@|%＝＋－＠｜％")


def one_line(text: str) -> str:
    """NFC, trimmed, single spaces."""
    return " ".join(part for part in unicodedata.normalize("NFC", text).strip().split(" ") if part)


def has_letters(text: str) -> bool:
    """A letter or a digit of any script is in it; punctuation and marks alone say nothing."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def six_digits(text: str) -> str | None:
    """The code that was typed, in ASCII: phones and copies of mails bring full-width digits, spaces and hyphens along."""
    code = _in_ascii(text)
    return code if re.fullmatch(r"[0-9]{6}", code) else None


def two_digits(text: str) -> str | None:
    """The number that was typed, likewise."""
    number = _in_ascii(text)
    return number if re.fullmatch(r"[0-9]{2}", number) else None


def is_readable(text: str) -> bool:
    """Every character of it is seen as it is, and none reorders or covers the others."""
    if _DISGUISES.search(text) or not all(_is_seen(character) for character in text):
        return False
    runs = groupby(text, key=lambda character: unicodedata.category(character) in _MARKS)
    return all(len(list(run)) <= _MAX_MARKS for is_marks, run in runs if is_marks)


def is_readable_text(text: str) -> bool:
    """As is_readable, for lines that staff paste: tabs and invisible characters that reorder nothing are allowed."""
    return all(character in "\n\t" or _is_seen(character, hidden=_HIDDEN - {"Cf"}) for character in text)


def is_formula(text: str) -> bool:
    """A spreadsheet would take it for a formula: it skips spaces and what does not show before it looks."""
    return next((c for c in text if unicodedata.category(c)[0] not in "ZC"), "") in FORMULA_STARTS


def _in_ascii(text: str) -> str:
    """Digits as ASCII has them, without spaces and hyphens; all else as it is."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text if not c.isspace() and c != "-")


def _is_seen(character: str, hidden: frozenset[str] = _HIDDEN) -> bool:
    if character.isascii():
        return character.isprintable()
    if character in JOINERS:
        return True
    return character not in _BIDI and unicodedata.category(character) not in hidden
