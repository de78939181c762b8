"""README.txt of the pack: for an official who wants to know what came, and to check it. The words stand in readme.txt."""

from pathlib import Path

from pledge.core.clock import from_iso_utc
from pledge.core.i18n import format_datetime
from pledge.core.text.spreadsheets import BOM
from pledge.deliveries.document import Document

_WORDS = Path(__file__).with_name("readme.txt")


def readme(document: Document) -> bytes:
    """UTF-8 with BOM and CRLF: whatever opens a text file on an office's computer shows it."""
    state = document.checkpoint
    signed_at = from_iso_utc(state.signed_at)
    newest = document.newest or state
    frozen_at = from_iso_utc(document.frozen_at)
    words = _WORDS.read_text("utf-8").format(
        title_ko=document.title.ko,
        title_en=document.title.en,
        as_of_ko=f"{format_datetime(signed_at, 'ko')} (한국 시간)",
        as_of_en=f"{format_datetime(signed_at, 'en')} (Korean time)",
        people=f"{state.people:,}",
        organizations=f"{state.organizations:,}",
        smallest=document.smallest_shown,
        address=document.address,
        key_address=f"{document.address}/log/{document.slug}/key",
        log_address=f"{document.address}/log/{document.slug}",
        frozen_ko=format_datetime(frozen_at, "ko"),
        frozen_en=format_datetime(frozen_at, "en"),
        newest_size=f"{newest.size:,}",
        newest_people=f"{newest.people:,}",
        newest_organizations=f"{newest.organizations:,}",
        origin=document.origin,
        size=f"{state.size:,}",
        root=state.root,
    )
    return BOM + words.replace("\n", "\r\n").encode()
