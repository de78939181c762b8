"""The campaign whose numbers a page of the staff area shows: chosen on the page, and remembered for the others."""

from flask import abort, request, session

from pledge.campaigns.models import CampaignState
from pledge.campaigns.staff_queries import CampaignRow

#: In the session: the campaign whose numbers were chosen.
_CHOSEN = "desk_campaign"


def chosen(rows: list[CampaignRow]) -> CampaignRow | None:
    """The requested campaign, else the one chosen before in this session, else the first that was opened of those
    that are open, else the newest: opening another campaign does not change what colleagues see."""
    by_slug = {row.slug: row for row in rows}
    if asked := request.args.get("campaign", ""):
        if asked not in by_slug:
            abort(404)
        session[_CHOSEN] = asked
        return by_slug[asked]
    if (before := session.get(_CHOSEN)) in by_slug:
        return by_slug[before]
    return next((row for row in reversed(rows) if row.state is CampaignState.OPEN), rows[0] if rows else None)
