"""Keys by which duplicate organisations are found: different spellings of one name have one key.

Spacing, case, width, punctuation and legal forms say nothing about who somebody is: `㈜포스코`, `포스코 주식회사` and `(주) 포스코`
are one name, as `POSCO Co., Ltd.` and `Posco`. What kind of body it is does say something: Foundation, 재단 and 협동조합 stay.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache

from pledge.core import languages
from pledge.core.languages import Texts

MAX_KEY = 200

#: One syllable in brackets before, after or inside a Korean name: (주), (재), 사) …
_BRACKETED = re.compile(
    r"\((?:주|유|재|사|합|학|의|복|유한|재단|사단|의료|학교)\)|^\s*(?:주|유|재|사|합|학|의|복)\)"
)

#: Written out, as separate words or joined to the name.
_KOREAN_FORMS = tuple(
    "유한책임회사 사회복지법인 농업회사법인 어업회사법인 주식회사 유한회사 합자회사 합명회사 재단법인 "
    "사단법인 의료법인 학교법인 특수법인 株式会社 有限会社 股份有限公司 有限公司".split()
)

#: One of them at the beginning or the end of a name, which is more than it.
_JOINED_FORM = re.compile(r"^(?:{0})(?=.)|(?<=.)(?:{0})$".format("|".join(_KOREAN_FORMS)))

#: Last words of a name in Latin letters, without their dots.
_LATIN_FORMS = frozenset(
    "inc incorporated corp corporation co company coltd ltd limited llc llp lp plc pbc cic gmbh mbh ag kg kgaa ug se "
    "sa sas sarl srl bv nv oy oyj ab as a/s aps asa pte pty sdn bhd kk tbk ev sl slu lda ltda sro".split()
)

#: A shorter name inside a longer one says little: `서울` is in hundreds of names.
_MIN_CONTAINED = 4
_MIN_CONTAINED_HANGUL = 3
#: Of difflib's ratio (twice the matching letters over all letters); one letter in eight may differ.
_CLOSE = 0.86
_MIN_CLOSE = 4


class Likeness(StrEnum):
    """How two organisations' names are alike."""

    EQUAL = "name"  #: but for spacing, case and legal form
    CONTAINED = "contained"  #: one name contains the other
    CLOSE = "close"  #: a few letters differ


def name_key(names: Texts) -> str:
    """The key of an organisation: that of its name in the first language of the site that it has one in."""
    return normalized(names.in_language(languages.default()))


def similar(names: Texts, others: Texts) -> Likeness | None:
    """The strongest likeness of two organisations' names in any language; None when they are not alike.

    Every name is compared with every other: people write the English one into the Korean field.
    """
    pairs = [(normalized(name), normalized(other)) for name in names.values() for other in others.values()]
    likenesses = {_likeness(name, other) for name, other in pairs if name and other}
    return next((likeness for likeness in Likeness if likeness in likenesses), None)


@lru_cache(maxsize=20_000)
def normalized(name: str) -> str:
    """One name without case, width, spacing, punctuation and legal forms. A name of nothing else stays as it is."""
    text = _folded(name)
    words = _words(_BRACKETED.sub(" ", text)) or _words(text)
    while len(words) > 1 and (words[-1] in _LATIN_FORMS or words[-1] in _KOREAN_FORMS):
        words.pop()
    while len(words) > 1 and words[0] in _KOREAN_FORMS:
        words.pop(0)
    # Normalised again: a letter and a mark that were apart may now be one character.
    bare = _without_joined_forms(_folded(_bare("".join(words))))
    return (bare or "".join(text.split()))[:MAX_KEY]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> list[str]:
    """`s.a.` is one word, `co.,ltd.` two; a word needs a letter or a digit."""
    parts = text.replace(".", "").replace("&", " and ").replace(",", " ").split()
    return [part for part in parts if _bare(part)]


def _bare(text: str) -> str:
    """Letters, digits and the marks that belong to them (a Hindi vowel is a mark)."""
    return "".join(character for character in text if unicodedata.category(character)[0] in "LMN")


def _without_joined_forms(text: str) -> str:
    while (shorter := _JOINED_FORM.sub("", text, count=1)) != text:
        text = shorter
    return text


def _likeness(name: str, other: str) -> Likeness | None:
    if name == other:
        return Likeness.EQUAL
    shorter, longer = sorted((name, other), key=lambda text: (len(text), text))
    least = _MIN_CONTAINED_HANGUL if "가" <= shorter[0] <= "힣" else _MIN_CONTAINED
    if len(shorter) >= least and shorter in longer:
        return Likeness.CONTAINED
    if len(shorter) < _MIN_CLOSE:
        return None
    # The two quick ratios are upper bounds, which exclude most pairs.
    matcher = SequenceMatcher(None, shorter, longer, autojunk=False)
    tests = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return Likeness.CLOSE if all(test() >= _CLOSE for test in tests) else None
