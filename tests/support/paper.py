"""Batches of paper signatures for tests: counted by one person and counted again by another, as the use cases do it."""

import itertools
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import update

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.files.scans import store_scan
from pledge.paper import queries, services
from pledge.paper.models import OBJECTION, PaperBatch, PaperNotice
from pledge.paper.services import PaperFields
from tests.support import rows
from tests.support.factories import fold_all, in_each_language, the_campaign
from tests.support.pictures import PDF

COUNTER = Actor(9001, "counter@example.org", "192.0.2.1")
CHECKER = Actor(9002, "checker@example.org", "192.0.2.2")

_scans = itertools.count(1)

PLACE = Texts(ko="부산 기후 토크", en="Climate Talk, Busan")


def fields(**changed: Any) -> PaperFields:
    values = {"place": PLACE, "collected_on": date(2026, 11, 20), "sheets": 9, "signatures": 128, **changed}
    return PaperFields(**{**values, "place": in_each_language(values["place"])})


def entered(of: Campaign | None = None, by: Actor = COUNTER, scan: bytes = b"", **changed: Any) -> int:
    """A batch that waits for a second count; its number. Each has a scan of its own."""
    data = scan or PDF + b"\n%% scan %d\n%%%%EOF\n" % next(_scans)
    return services.enter(by, (of or the_campaign()).slug, fields(**changed), store_scan(data))


def agreed(of: Campaign | None = None, **changed: Any) -> int:
    """A batch that two people counted."""
    of = of or the_campaign()
    number = entered(of, **changed)
    assert check(number, row(number).signatures, of=of)
    return number


def announced(of: Campaign | None = None, **changed: Any) -> int:
    """An agreed batch that the worker has mailed about."""
    number = agreed(of, **changed)
    services.announce_and_count()
    return number


def unopposed(of: Campaign | None = None, **changed: Any) -> int:
    """An agreed batch a day later; the worker has not folded its entry yet."""
    number = announced(of, **changed)
    pass_a_day()
    return number


def pass_a_day() -> None:
    """Nobody objects to any agreed batch for a day."""
    services.announce_and_count()
    with transaction() as session:
        session.execute(update(PaperNotice).values(mailed_at=clock.now() - OBJECTION))
    services.announce_and_count()


def check(number: int, signatures: int, by: Actor = CHECKER, of: Campaign | None = None) -> bool:
    """Open the scan of a batch and count as the second person; whether both counted the same."""
    of = of or the_campaign()
    services.note_download(by, of.slug, number)
    return services.check(by, of.slug, number, stamp(of, number), signatures)


def counted(of: Campaign | None = None, **changed: Any) -> int:
    """A batch that the public log counts."""
    number = unopposed(of, **changed)
    fold_all()
    return number


def stamp(of: Campaign, number: int) -> str:
    return queries.find(of.id, number).stamp


row = partial(rows.row, PaperBatch)
