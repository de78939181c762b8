"""Demands for tests, and what became of them: entered by one person and published by another, as the use cases do it."""

from datetime import timedelta
from typing import Any

from pledge.audit.models import Actor
from pledge.campaigns import items
from pledge.campaigns.demands import DEMAND, DemandFields
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.demands import queries, services
from pledge.demands.services import DemandEntry
from tests.support.factories import ANNA, BORA, EDITOR, in_each_language, the_campaign

WORDS = Texts(ko="계획을 공개해 주십시오.", en="Publish a plan.")


def day(ago: int = 0) -> Any:
    """The Korean day so many days ago."""
    return clock.now().astimezone(SEOUL).date() - timedelta(days=ago)


def asked(of: Campaign | None = None, *, ago: int = 30) -> int:
    """A demand of a campaign; its number."""
    fields = DemandFields(in_each_language(WORDS), day(ago))
    return items.add(DEMAND, EDITOR, (of or the_campaign()).slug, fields)


def entry(kind: str = "answered", *, ago: int = 0, **facts: Any) -> DemandEntry:
    words = in_each_language(Texts(ko="검토하겠습니다.", en="We will look into it."))
    given = {"until": None, "words": words, "source": "https://example.org/answer", **facts}
    return DemandEntry(kind=kind, **{"day": day(ago), **given})


def entered(number: int, kind: str = "answered", *, by: Actor = ANNA, **facts: Any) -> str:
    """Enter what became of a demand; the stamp of what waits for a second person."""
    services.enter(by, number, entry(kind, **facts))
    return waiting(number)


def waiting(number: int) -> str:
    """The stamp of what waits."""
    return queries.history(number)[0].stamp


def published(number: int, kind: str = "answered", **facts: Any) -> None:
    services.publish(BORA, number, entered(number, kind, **facts))
