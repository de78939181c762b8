"""What comes next for somebody who has signed. It is the same for everybody, so it is rendered once a second."""

from dataclasses import dataclass, replace
from itertools import islice

from flask import render_template
from markupsafe import Markup

from pledge.campaigns import events
from pledge.campaigns.goals import GoalStep
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.urls import campaign_link
from pledge.ledger import queries as ledger
from pledge.web.caching import SECONDS, cache
from pledge.web.public.campaign.pages import cached_campaign, goal_step, signing_paused
from pledge.web.public.campaign.sharing import qr_code, signer_links

NEAREST_EVENTS = 2


@dataclass(frozen=True)
class NextSteps:
    """Parts of the page with the thanks, as HTML."""

    people: int  #: who are counted in it
    clearness: int  #: of its sky (campaigns/goals.py)
    progress: Markup  #: how far it is to the campaign's next step
    share: Markup
    ways_on: Markup  #: the next events, and the way in for an organisation


def next_steps(campaign: CampaignView, at_least: int = 1) -> NextSteps:
    """`at_least`: so many people are counted, with the one who is thanked, though the copy may be from a moment before."""
    kept = _rendered(campaign.id, i18n.language())
    if kept.people >= at_least:
        return kept
    step = goal_step(campaign, at_least)
    return replace(kept, clearness=step.clearness, progress=_progress(campaign, step))


@cache.cached(SECONDS, make_cache_key=lambda campaign_id, lang: f"next steps {campaign_id} {lang}")
def _rendered(campaign_id: int, lang: str) -> NextSteps:
    campaign = cached_campaign(campaign_id, lang)
    assert campaign is not None  # noqa: S101  # the caller has just read it
    people = ledger.count(campaign_id).people
    step = goal_step(campaign, people)
    coming = (event for event in events.shown(campaign_id, lang) if not event.is_over)
    return NextSteps(
        people=people,
        clearness=step.clearness,
        progress=_progress(campaign, step),
        share=_part(
            "public/signing/next_steps/share.html",
            share=signer_links(campaign),
            qr=qr_code(campaign_link(lang, campaign.slug)),
        ),
        ways_on=_part(
            "public/signing/next_steps/ways_on.html",
            slug=campaign.slug,
            events=list(islice(coming, NEAREST_EVENTS)),
            takes_organizations=campaign.is_open and not signing_paused(),
        ),
    )


def _progress(campaign: CampaignView, step: GoalStep) -> Markup:
    return _part("public/signing/next_steps/progress.html", step=step, is_running=campaign.is_open)


def _part(template: str, **context: object) -> Markup:
    return Markup(render_template(template, **context))  # noqa: S704  # our own template
