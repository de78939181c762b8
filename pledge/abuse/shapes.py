"""The shape of a name or an address: how it is built, without saying what it is. `minsu.kim93` is `aaaaa.aaa99`, `김민수` is `가가가`."""

import unicodedata

#: What is shown as it is: it says how something is built.
_KEPT = frozenset(" ._-+'@")
_OTHER = "·"


def shape(text: str) -> str:
    """Each letter as `a`, each digit as `9`, each syllable of Hangul as `가`, each ideograph as `漢`, anything else as a dot."""
    return "".join(map(_one, unicodedata.normalize("NFC", text)))


def address_shape(address: str, domain: str = "●") -> str:
    """The shape of the part before the @, at `domain`."""
    return f"{shape(address.rpartition('@')[0])}@{domain}"


def _one(character: str) -> str:
    if character in _KEPT:
        return character
    if character.isdigit():
        return "9"
    if "가" <= character <= "힣":
        return "가"
    if "\u4e00" <= character <= "\u9fff":
        return "漢"
    return "a" if character.isalpha() else _OTHER
