"""Numbers that say a place in a row: "62nd", "62번째"."""

from flask_babel import pgettext

from pledge.core import i18n, languages


def ordinal(number: int) -> str:
    """In the language of the request, by its plural rules for ordinals (CLDR)."""
    words = {
        "one": pgettext("ordinal, one", "%(number)sst"),
        "two": pgettext("ordinal, two", "%(number)snd"),
        "few": pgettext("ordinal, few", "%(number)srd"),
        "other": pgettext("ordinal, other", "%(number)sth"),
    }
    form = languages.locale(i18n.language()).ordinal_form(number)
    return str(words[form] % {"number": i18n.format_count(number)})
