"""Making a list of names: rows from the database, one batch at a time, straight into the encryption.

No plain byte reaches a disk: the names are decrypted in memory, become lines of CSV, and only the age format
(https://age-encryption.org/v1) for the recipient's key is written to the file. We cannot read it again ourselves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

import pyrage  # type: ignore[import-untyped]  # it publishes no types
from sqlalchemy import LargeBinary, select, type_coerce

from pledge.audit.models import WORKER
from pledge.audit.services import record
from pledge.campaigns.list_terms import TermsView, find
from pledge.campaigns.models import Campaign
from pledge.core import clock, countries, languages
from pledge.core.db import reading, transaction
from pledge.core.encryption import Unreadable, vault
from pledge.core.phrases import Phrase
from pledge.core.text.spreadsheets import BOM, csv_line
from pledge.jobs.services import MadeFile, Progress
from pledge.name_lists.models import ListState, NamedList
from pledge.name_lists.queries import agreed, listed
from pledge.signatures.models import NAME_CONTEXT, Signature

KEPT = timedelta(hours=24)
BATCH = 1000

_COUNTRY, _REGION = Phrase("list of names", "Country"), Phrase("list of names", "Region")
#: In each row, so that part of the list also shows which copy it was taken from.
_COPY = Phrase("list of names", "Copy")


class NotApproved(LookupError):
    """There is no such list, or nobody has approved it: it is never made."""


@dataclass(frozen=True)
class _Plan:
    """What the list says about itself, and for whom it is."""

    id: int
    slug: str
    campaign_id: int
    terms_id: int
    terms: dict[str, TermsView]  #: by language
    key: str
    watermark: str
    at: datetime


@dataclass
class _Written:
    """Counts what was written to the list so far."""

    rows: int = 0
    unreadable: int = 0  #: rows whose name no data key opens


def make(list_id: int, file: BinaryIO, progress: Progress) -> MadeFile:
    """The maker of lists, for the worker. A second call makes another file: of those who agree by then, encrypted again.

    Raises NotApproved, and whatever `progress` raises.
    """
    plan = _plan(list_id)
    written = _Written()
    source = _Source(_parts(plan, written, progress))
    try:
        pyrage.encrypt_io(source, file, [pyrage.x25519.Recipient.from_str(plan.key)])
    except pyrage.EncryptError:
        if source.fault is not None:  # the library passes on only the text of our error, not the error
            raise source.fault from None
        raise
    _record(list_id, written)
    return MadeFile(rows=written.rows, keep=KEPT)


class _Source:
    """A readable file made of parts as they come."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._part = memoryview(b"")
        self.fault: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes of what is available; none at the end."""
        try:
            while not self._part:
                self._part = memoryview(next(self._parts))
        except StopIteration:
            return b""
        except Exception as error:
            self.fault = error
            raise
        size = len(self._part) if size < 0 else size
        taken, self._part = self._part[:size], self._part[size:]
        return bytes(taken)


def _plan(list_id: int) -> _Plan:
    query = (
        select(
            NamedList.campaign_id,
            NamedList.list_terms_id,
            NamedList.recipient_key,
            NamedList.watermark,
            Campaign.slug,
        )
        .join(Campaign, Campaign.id == NamedList.campaign_id)
        .where(NamedList.id == list_id, NamedList.state == ListState.APPROVED)
    )
    with reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotApproved(list_id)
    terms = {
        lang: found for lang in languages.codes() if (found := find(row.list_terms_id, lang)) is not None
    }
    return _Plan(
        id=list_id,
        slug=row.slug,
        campaign_id=row.campaign_id,
        terms_id=row.list_terms_id,
        terms=terms,
        key=row.recipient_key,
        watermark=row.watermark,
        at=clock.now(),
    )


def _parts(plan: _Plan, written: _Written, progress: Progress) -> Iterator[bytes]:
    """The whole list: its description, its rows, and at the end their number, so that a truncation is noticed."""
    with reading() as connection:
        total = agreed(connection, plan.campaign_id, plan.terms_id)
    yield BOM + _head(plan).encode()
    for batch in _batches(plan):
        lines = []
        for sealed, country, region in batch:
            try:
                name = vault().unseal(bytes(sealed), NAME_CONTEXT)
            except Unreadable:
                written.unreadable += 1
                continue
            written.rows += 1
            lines.append(_line(written.rows, name, country, region, plan.watermark))
        yield "".join(lines).encode()
        progress(written.rows + written.unreadable, total)
    yield _foot(written).encode()


def _batches(plan: _Plan) -> Iterator[list[tuple[bytes, str, str | None]]]:
    """Encrypted name, country and region, in the order of random numbers, which says nothing about who signed when."""
    query = (
        select(Signature.id, type_coerce(Signature.name, LargeBinary), Signature.country, Signature.region)
        .where(*listed(plan.campaign_id, plan.terms_id))
        .order_by(Signature.id)
        .limit(BATCH)
    )
    last = -1
    while True:
        with reading() as connection:
            rows = connection.execute(query.where(Signature.id > last)).all()
        if not rows:
            return
        last = rows[-1][0]
        yield [(row[1], row[2], row[3]) for row in rows]


def _head(plan: _Plan) -> str:
    terms = list(plan.terms.values())
    lines = (
        (Phrase("list of names", "List"), plan.id),
        (Phrase("list of names", "Number of the copy"), plan.watermark),
        (Phrase("list of names", "Campaign"), plan.slug),
        (Phrase("list of names", "Version of the terms"), terms[0].version),
        (Phrase("list of names", "Recipient"), _each(one.recipient for one in terms)),
        (Phrase("list of names", "Purpose"), _each(one.purpose for one in terms)),
        (Phrase("list of names", "Law"), _each(one.law for one in terms)),
        (Phrase("list of names", "Kept"), _each(one.keeping for one in terms)),
        (Phrase("list of names", "Made at"), clock.iso_utc(plan.at)),
    )
    heads = (
        *(_label(Phrase("list of names", "No.")), _label(Phrase("list of names", "Name"))),
        *(_label(Phrase("list of names", "Country code")), *_COUNTRY.in_each().values()),
        *(_label(Phrase("list of names", "Region code")), *_REGION.in_each().values()),
        _label(_COPY),
    )
    return "".join(csv_line(_label(name), value) for name, value in lines) + "\r\n" + csv_line(*heads)


def _line(number: int, name: str, country: str, region: str | None, watermark: str) -> str:
    langs = languages.codes()
    return csv_line(
        number,
        name,
        *(country, *(countries.country_name(country, lang) for lang in langs)),
        *(region or "", *(countries.region_name(region, lang) if region else "" for lang in langs)),
        watermark,
    )


def _foot(written: _Written) -> str:
    lines = [(Phrase("list of names", "People"), written.rows)]
    if written.unreadable:
        left_out = Phrase("list of names", "Left out, as the name cannot be read")
        lines.append((left_out, written.unreadable))
    return "\r\n" + "".join(csv_line(_label(name), value) for name, value in lines)


def _label(name: Phrase) -> str:
    """In every language of the site."""
    return " ".join(dict.fromkeys(name.in_each().values()))


def _each(texts: Iterable[str]) -> str:
    return " / ".join(texts)


def _record(list_id: int, written: _Written) -> None:
    with transaction() as session:
        session.get_one(NamedList, list_id).unreadable = written.unreadable
        record(
            session,
            WORKER,
            "list.encrypted",
            f"list:{list_id}",
            rows=written.rows,
            unreadable=written.unreadable,
        )
