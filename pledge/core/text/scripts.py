"""Which language the script of a name belongs to, so that a screen reader speaks it with the right voice."""

import unicodedata
from functools import lru_cache

from babel import Locale

#: First word of a character's Unicode name, and its script (ISO 15924), of scripts that one language alone is written in.
_SCRIPTS = {"HANGUL": "Hang", "HIRAGANA": "Hira", "KATAKANA": "Kana"}


def language_of_script(text: str) -> str:
    """The language (ISO 639-1) of the first character that tells; "" where none does, as in Latin letters."""
    names = (unicodedata.name(character, "").partition(" ")[0] for character in text)
    script = next((_SCRIPTS[name] for name in names if name in _SCRIPTS), None)
    return _language(script) if script else ""


@lru_cache
def _language(script: str) -> str:
    """The language that CLDR gives the script (likely subtags). Babel searches all its locales for it, so it is asked once."""
    return str(Locale.parse(f"und_{script}").language)
