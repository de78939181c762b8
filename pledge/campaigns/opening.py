"""When a campaign takes signatures and endorsements, and how long after its end mailed links still count.

Each rule is here in Python, for what is shown, and in SQL, for what is written; a test compares the two.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import TextClause, bindparam, text

from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.db.types import UTCDateTime
from pledge.core.i18n import SEOUL, format_date
from pledge.switches import queries as switches

#: Confirmations by mails already sent still count for so long after signing ends.
CONFIRM_GRACE = timedelta(hours=24)

#: SQL: a row of `campaigns` takes signatures at `:now`.
OPEN = """campaigns.state = 'open' AND (campaigns.opens_at IS NULL OR campaigns.opens_at <= :now)
       AND (campaigns.closes_at IS NULL OR campaigns.closes_at > :now)"""

#: SQL: a row of `campaigns` takes confirmations; `:grace` is CONFIRM_GRACE ago.
TAKES_CONFIRMATIONS = """campaigns.state <> 'draft'
       AND (campaigns.closes_at > :grace OR (campaigns.closes_at IS NULL AND campaigns.state = 'open'))"""


class CampaignNotOpen(Exception):
    """The campaign takes nothing now, or the pledge text named by the form is not one of its versions."""


class SigningPaused(Exception):
    """Staff have paused signing and endorsing for all campaigns."""


def check_not_paused() -> None:
    """Raises SigningPaused."""
    if switches.current().signing_paused:
        raise SigningPaused


def last_day(closes_at: datetime | None) -> date | None:
    """The last Korean day on which one can sign; None where no closing time is set."""
    return None if closes_at is None else (closes_at - timedelta(seconds=1)).astimezone(SEOUL).date()


def closed_on(closes_at: datetime | None, lang: str) -> str:
    """The day on which signing ended, for a mail; "" while it goes on."""
    return format_date(closes_at, lang) if closes_at is not None and closes_at <= clock.now() else ""


def confirmable_until(valid_until: datetime, closes_at: datetime | None) -> datetime | None:
    """Until when a link that is valid until then confirms: after closing for CONFIRM_GRACE only. None when that is over."""
    until = valid_until if closes_at is None else min(valid_until, closes_at + CONFIRM_GRACE)
    return until if until > clock.now() else None


def open_now() -> TextClause:
    """OPEN as a condition of a query."""
    return text(OPEN).bindparams(bindparam("now", clock.now(), type_=UTCDateTime()))


def takes_confirmations_now() -> TextClause:
    """TAKES_CONFIRMATIONS as a condition of a query."""
    since = clock.now() - CONFIRM_GRACE
    return text(TAKES_CONFIRMATIONS).bindparams(bindparam("grace", since, type_=UTCDateTime()))


def is_open(campaign: Campaign) -> bool:
    """Whether it takes signatures now."""
    now = clock.now()
    return (
        campaign.state == CampaignState.OPEN
        and (campaign.opens_at is None or campaign.opens_at <= now)
        and (campaign.closes_at is None or campaign.closes_at > now)
    )


def takes_confirmations(campaign: Campaign) -> bool:
    """Whether links to confirm still work."""
    if campaign.closes_at is None:
        return campaign.state == CampaignState.OPEN
    return campaign.state != CampaignState.DRAFT and campaign.closes_at > clock.now() - CONFIRM_GRACE
