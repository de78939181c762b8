"""README.txt of the pack: for an official who wants to know what they received, and to check it. Its texts are readmes/<language>.txt."""

from pathlib import Path

from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.core.i18n import format_datetime
from pledge.core.text.tables import BOM
from pledge.deliveries.document import Document

_WORDS = Path(__file__).parent / "readmes"
#: Between two languages.
_RULE = f"\n\n{'-' * 80}\n\n\n"


def readme(document: Document) -> bytes:
    """UTF-8 with BOM and CRLF, which any text editor on an office's computer shows correctly."""
    words = _RULE.join(_in(lang, document) for lang in document.languages)
    return BOM + words.replace("\n", "\r\n").encode()


def _in(lang: str, document: Document) -> str:
    state = document.checkpoint
    newest = document.newest or state
    return (
        (_WORDS / f"{lang}.txt")
        .read_text("utf-8")
        .format(
            lang=lang,
            languages=", ".join(languages.name(one, lang) for one in document.languages),
            title=document.title.of(lang),
            as_of=format_datetime(from_iso_utc(state.signed_at), lang),
            people=f"{state.people:,}",
            organizations=f"{state.organizations:,}",
            smallest=document.smallest_shown,
            address=document.address,
            key_address=f"{document.address}/log/{document.slug}/key",
            log_address=f"{document.address}/log/{document.slug}",
            frozen=format_datetime(from_iso_utc(document.frozen_at), lang),
            newest_size=f"{newest.size:,}",
            newest_people=f"{newest.people:,}",
            newest_organizations=f"{newest.organizations:,}",
            origin=document.origin,
            size=f"{state.size:,}",
            root=state.root,
        )
    )
