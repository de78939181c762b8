"""Which language the script of a name belongs to, so that a screen reader speaks it with the right voice."""

import unicodedata

#: First word of a character's Unicode name, and the language (ISO 639-1) that alone is written with it.
_LANGUAGES = {"HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja"}


def language_of_script(text: str) -> str:
    """The language of the first character that tells; "" where none does, as in Latin letters."""
    scripts = (unicodedata.name(character, "").partition(" ")[0] for character in text)
    return next((_LANGUAGES[script] for script in scripts if script in _LANGUAGES), "")
