"""An organisation's endorsement as a subject of mailed links: its use cases and what its pages show."""

from dataclasses import asdict
from typing import Any

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core.tokens import Purpose
from pledge.endorsements import handover, services
from pledge.endorsements.models import VerificationLevel
from pledge.endorsements.queries import EndorsementView, open_link, own_endorsement
from pledge.endorsements.verification.ladder import Proof, proof_for
from pledge.endorsements.versions import content_of
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from pledge.web.public.campaign.sharing import ShareLinks, campaign_links, organization_links
from pledge.web.public.endorsing.forms import GoalForm
from pledge.web.public.mailed_links.subject import Subject, plain


def own_context(endorsement: EndorsementView) -> dict[str, Any]:
    change = endorsement.change
    return {
        "correctable": endorsement.row.state in services.CORRECTABLE,
        # What the person who was asked to take over may be asked for; "" when nobody was.
        "contact_number": handover.number_for(endorsement.row.id, change.contact_number) if change else "",
        "proof": _proof(endorsement),
        "group": referrals.group(endorsement.campaign.id, organization_code(endorsement.row.id)),
        "form": GoalForm(obj=endorsement.row),
        "share": _share(endorsement),
    }


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    return {"share": campaign_links(campaign)}


def _share(endorsement: EndorsementView) -> ShareLinks:
    """The page of the organisation under the name that is public, once there is one; the campaign before that."""
    if endorsement.published is None:
        return campaign_links(endorsement.campaign)
    return organization_links(endorsement.campaign, endorsement.row.id, endorsement.published.name)


def _proof(endorsement: EndorsementView) -> Proof | None:
    """None when it is not offered."""
    if not current_config().site_checks or endorsement.row.state not in services.CORRECTABLE:
        return None
    if endorsement.row.level not in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
        return None
    return proof_for(endorsement.row.id, endorsement.shown.website)


def readable(endorsement: EndorsementView) -> dict[str, Any]:
    row = endorsement.row
    return {
        "contact": {
            "name": row.contact_name,
            "title": row.contact_title,
            "email": row.contact_email,
            "shown_in_public": row.show_contact,
        },
        "versions": [
            {
                "number": version.seq,
                **plain(version, "state", "submitted_at", "spokesperson"),
                **asdict(content_of(version)),
            }
            for version in endorsement.versions
        ],
        "last_decision": row.decision_reason,
        **plain(row, "registration_number", "state", "level", "group_goal"),
        **plain(row, "submitted_at", "confirmed_at", "published_at", "ended_at"),
    }


ENDORSEMENT = Subject(
    name="endorsement",
    prefix="/endorse",
    not_mine_path="not-us",
    form="public.endorse",
    form_template="public/endorsing/endorse.html",
    confirm_template="public/endorsing/confirm.html",
    thanks_template="public/endorsing/thanks.html",
    own_template="public/endorsing/own.html",
    words="public/endorsing/words.html",
    questions="public/endorsing/questions.html",
    has_code=False,
    link=Purpose.ENDORSE_CONFIRM,
    pressed=Purpose.ENDORSE_PRESSED,
    own=Purpose.ENDORSE_MANAGE,
    use_cases=services,
    open_link=open_link,
    find_own=own_endorsement,
    readable=readable,
    own_context=own_context,
    thanks_context=thanks_context,
)
