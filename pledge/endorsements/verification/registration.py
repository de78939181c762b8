"""The Korean business registration number (사업자등록번호): ten digits, the last of which is a check digit."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−.]+")
_SHAPE = re.compile(r"[0-9]{10}")
#: National Tax Service: each digit times its weight, and the tens of the last product added once more.
_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_FIRST_OFFICE = 101  #: tax offices are numbered from here


class BadRegistrationNumber(ValueError):
    """Not ten digits, or the check digit says that one of them is wrong."""


def optional_registration_number(text: str) -> str | None:
    """The ten digits, or None for a field that was left blank. Raises BadRegistrationNumber."""
    return clean_registration_number(text) if text.strip() else None


def clean_registration_number(text: str) -> str:
    """The ten digits. Hyphens, spaces and full-width digits are accepted. Raises BadRegistrationNumber."""
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not _SHAPE.fullmatch(digits) or int(digits[:3]) < _FIRST_OFFICE or check_digit(digits) != digits[9]:
        raise BadRegistrationNumber
    return digits


def check_digit(digits: str) -> str:
    """The tenth digit for the first nine."""
    products = [int(digit) * weight for digit, weight in zip(digits[:9], _WEIGHTS, strict=True)]
    return str(-(sum(products) + products[8] // 10) % 10)
