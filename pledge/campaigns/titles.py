"""What a campaign is called, as a part of statements about other rows."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from pledge.campaigns.models import CampaignText
from pledge.core import languages


def title_in(lang: InstrumentedAttribute[str], campaign_id: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """The title of a campaign in the language that a row names, or else in its first."""
    # Two subqueries, as SQLite takes no column of the statement around it in ORDER BY.
    titles = select(CampaignText.title).where(CampaignText.campaign_id == campaign_id)
    first = titles.order_by(languages.rank(CampaignText.lang, languages.default())).limit(1)
    return func.coalesce(titles.where(CampaignText.lang == lang).scalar_subquery(), first.scalar_subquery())
