"""What plain text may contain, and the one rule for lines that people write: names, titles, lines of a statement.

What it refuses would harm whoever reads it later: text that hides or reorders itself, formulas (OWASP ASVS 5.0, 1.2.10),
web and e-mail addresses (a name is no place for advertising), and Korean resident registration numbers, which nobody may
store (PIPA 24-2).
"""

import re
import unicodedata
from enum import Enum
from itertools import groupby

from pledge.core.i18n import Phrase

#: Characters that change the reading order (Unicode Bidi_Control, UAX #9): a name must read as it is written.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Cc control, Cf format, Cs surrogate, Co private use, Cn unassigned, Zl/Zp line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Joiners, which scripts such as Persian and Hindi need inside words. Every other format character is refused.
JOINERS = frozenset("\u200c\u200d")
#: Invisible characters (Unicode Default_Ignorable_Code_Point, the empty Braille pattern) and letters in disguise.
_DISGUISES = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]"  # fillers
    "|[\U0001d400-\U0001d7ff]"  # mathematical letters and digits
    "|[\u0488\u0489\u1abe\u20dd-\u20e0\u20e2\u20e4\ua670-\ua672]"  # marks that enclose, but that of a key
    # ancient scripts that UAX 31 excludes from names: one sign may be as wide as a line
    "|[\U00010000-\U000100ff\U00010380-\U000103df\U00012000-\U0001467f]"
    # joiners, except in the scripts that need them (Arabic to Mongolian) and between symbols
    "|(?<![\u0600-\u10ff\u1200-\u1cff\u2190-\u2bff\ufb50-\ufdff\ufe0f\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001faff])"
    "[\u200c\u200d]"
    # variation selectors, except after Mongolian letters, Chinese characters and symbols
    "|(?<![\u1800-\u18af])[\u180b-\u180d\u180f]"
    "|(?<![\u2190-\u2bff\u3297\u3299\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U000323af])"
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef](?!\u20e3)"
)
#: Combining marks on one letter; names of every script have fewer.
_MAX_MARKS = 4
#: Digits in the name of a person, as in `김철수 5678`.
_MAX_DIGITS = 4
_MARKS = frozenset({"Mn", "Me", "Cf"})
#: A cell that begins like this can run as a formula in some spreadsheet (OWASP ASVS 5.0, 1.2.10); full-width forms too.
FORMULA_STARTS = frozenset("=+-@|%＝＋－＠｜％")


def one_line(text: str) -> str:
    """The text in NFC, trimmed and with single spaces."""
    return " ".join(part for part in unicodedata.normalize("NFC", text).strip().split(" ") if part)


def has_letters(text: str) -> bool:
    """Whether it contains a letter or digit of any script, not only punctuation and marks."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def typed_digits(text: str, length: int) -> str:
    """The digits that were typed, in ASCII; "" unless there are exactly this many.

    Phones and pasted mails add full-width digits, spaces and hyphens.
    """
    digits = "".join(str(int(c)) if c.isdecimal() else c for c in text if not c.isspace() and c != "-")
    return digits if re.fullmatch(f"[0-9]{{{length}}}", digits) else ""


def is_readable(text: str) -> bool:
    """Whether each character is visible as it is, and none reorders or covers the others."""
    if _DISGUISES.search(text) or not all(_is_seen(character) for character in text):
        return False
    runs = groupby(
        unicodedata.normalize("NFD", text), key=lambda character: unicodedata.category(character) in _MARKS
    )
    return all(len(list(run)) <= _MAX_MARKS for is_marks, run in runs if is_marks)


def is_readable_text(text: str) -> bool:
    """Like is_readable, for text that staff paste: tabs and invisible characters that reorder nothing are allowed."""
    return all(character in "\n\t" or _is_seen(character, hidden=_HIDDEN - {"Cf"}) for character in text)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run it as a formula: spreadsheets skip leading spaces and invisible characters."""
    return next((c for c in text if unicodedata.category(c)[0] not in "ZC"), "") in FORMULA_STARTS


def _is_seen(character: str, hidden: frozenset[str] = _HIDDEN) -> bool:
    if character.isascii():
        return character.isprintable()
    if character in JOINERS:
        return True
    return character not in _BIDI and unicodedata.category(character) not in hidden


class LineFault(Enum):
    """What is wrong with a line, in words for its writer."""

    EMPTY = Phrase("line", "Please write this in letters.")
    TOO_LONG = Phrase("line", "This is too long.")
    CHARACTERS = Phrase("line", "It contains a character that cannot be used here.")
    FORMULA = Phrase("line", "This cannot begin with =, +, -, @, | or %.")
    LINK = Phrase(
        "line", "Please leave out the web address. If it is not one, put a space after the full stop."
    )
    DIGITS = Phrase("line", "Please write the name in letters, with four digits at most.")
    ADDRESS = Phrase("line", "Please leave out the e-mail address or the @ sign.")
    RESIDENT_NUMBER = Phrase(
        "line",
        "This looks like a resident registration number. Please take it out: it must not be stored or shown.",
    )


class BadLine(ValueError):
    """The line is not accepted; `fault` says why."""

    def __init__(self, fault: LineFault) -> None:
        super().__init__(fault.name)
        self.fault = fault


#: Birth date, then a digit 1–8 and six more.
_RESIDENT_NUMBER = re.compile(
    r"(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[\s\-‐-―−.]{0,3}[1-8]\d{6}(?!\d)", re.ASCII
)

_SCHEME = re.compile(r"//|\bwww\.", re.IGNORECASE)
_IP_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", re.ASCII)
#: Labels and a top-level domain. Letters of other scripts may follow a Latin one: Korean particles join the word before.
_HOST = re.compile(
    r"(?<!\w)(?P<labels>(?:\w[\w-]*\.)+)(?P<ending>xn--[a-z0-9-]+|[a-z]{2,}(?![a-z0-9_])|[^\W\d_a-z]{2,}(?!\w))",
    re.IGNORECASE,
)
#: The only top-level domains in Hangul (IANA, 2026-11-24); sentences without a space have many other endings.
_HANGUL_ENDINGS = frozenset({"한국", "닷컴", "닷넷", "삼성"})
#: So common that they make a host even where another ending would be an abbreviation.
_COMMON_ENDINGS = frozenset(
    "com net org info biz kr io xyz vip casino bet win top shop link site online".split()
)
#: People write no space before a full stop; spammers hide hosts that way.
_SPACED_DOT = re.compile(rf"\s+\.\s*(?=(?:{'|'.join(sorted(_COMMON_ENDINGS))})\b)", re.IGNORECASE)
#: Abbreviations before a name with a dot. `Dr.Kim` and `Co.Ltd` are names, though .kim and .ltd are endings.
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms mx prof st ste rev fr sr jr hon gen col maj capt lt sgt gov sen rep pres mme mlle ing dipl ph "
    "co corp inc ltd bros dept univ inst assn no mt ft vs".split()
)


def clean_line(text: str, max_length: int, *, required: bool = True, is_person: bool = False) -> str:
    """The line in NFC, trimmed and with single spaces. The name of a person may not be a number. Raises BadLine."""
    line = one_line(text)
    if not line and not required:
        return ""
    if not has_letters(line):
        raise BadLine(LineFault.EMPTY)
    if len(line) > max_length:
        raise BadLine(LineFault.TOO_LONG)
    if not is_readable(line) or "<" in line or ">" in line:
        raise BadLine(LineFault.CHARACTERS)
    if is_formula(line):
        raise BadLine(LineFault.FORMULA)
    if fault := content_fault(line):
        raise BadLine(fault)
    if is_person and _is_number(line):
        raise BadLine(LineFault.DIGITS)
    return line


def content_fault(text: str) -> LineFault | None:
    """What may not appear anywhere in a text, such as an address; None if nothing is wrong."""
    plain = _plain(text)
    if holds_resident_number(plain):
        return LineFault.RESIDENT_NUMBER
    if "@" in plain:
        return LineFault.ADDRESS
    if _SCHEME.search(plain) or _IP_ADDRESS.search(plain) or any(map(_is_host, _HOST.finditer(plain))):
        return LineFault.LINK
    return None


def holds_resident_number(text: str) -> bool:
    return _RESIDENT_NUMBER.search(_plain(text)) is not None


def _is_number(line: str) -> bool:
    """Whether it has no letter or too many digits for a name, like a telephone number or a date of birth."""
    categories = [unicodedata.category(character) for character in unicodedata.normalize("NFKC", line)]
    return categories.count("Nd") > _MAX_DIGITS or not any(category[0] == "L" for category in categories)


def _plain(text: str) -> str:
    """The text as a browser reads a host (UTS #46): full-width letters normalised, `。` as a dot, no joiners."""
    plain = unicodedata.normalize("NFKC", "".join(c for c in text if c not in JOINERS)).replace("。", ".")
    return _SPACED_DOT.sub(".", plain)


def _is_host(match: re.Match[str]) -> bool:
    """Whether words joined by a dot are a host name, not initials, an abbreviation or two sentences."""
    labels, ending = match["labels"].rstrip(".").split("."), match["ending"]
    if ending.casefold() in _COMMON_ENDINGS:
        return True
    if "가" <= ending[0] <= "힣":
        return ending in _HANGUL_ENDINGS
    if all(label.isdecimal() for label in labels):  # 1.May
        return False
    if ending[0].isupper() and all(
        len(label) == 1 or label.casefold() in _ABBREVIATIONS for label in labels
    ):  # J.K.Rowling, Ph.D.Kim
        return False
    # 합니다.We
    return not (ending[0].isupper() and labels[-1].endswith(("다", "요")))
