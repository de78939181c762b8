"""An organisation's endorsement as a subject of mailed links: its use cases and what its pages show."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import request
from flask_babel import gettext as _

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.tokens import Purpose
from pledge.endorsements import handover, services
from pledge.endorsements.models import EndorsementState, EndorsementVersion, VerificationLevel
from pledge.endorsements.queries import EndorsementView, open_link, own_endorsement
from pledge.endorsements.verification.ladder import Proof, proof_for
from pledge.endorsements.versions import content_of
from pledge.statistics import referrals
from pledge.statistics.referrals import ReferralLine, organization_code
from pledge.web.public.campaign.sharing import (
    Code,
    ShareLinks,
    campaign_links,
    endorsement_codes,
    link_code,
    organization_links,
)
from pledge.web.public.endorsing.forms import GoalForm
from pledge.web.public.mailed_links.subject import Subject

#: What the own page can say after something was done, by the name in its address.
DONE = ("sent", "saved", "asked", "cancelled", "proved", "not_proved", "withdrawn")


@dataclass(frozen=True)
class OwnSpread:
    """What an organisation on the wall shares the campaign with, and how many signed through its link."""

    group: ReferralLine
    link: Code
    badge: list[Code]


def own_context(endorsement: EndorsementView) -> dict[str, Any]:
    done, change = request.args.get("done"), endorsement.change
    return {
        "correctable": endorsement.row.state in services.CORRECTABLE,
        # What the person who was asked to take over may be asked for; "" when nobody was.
        "contact_number": handover.number_for(endorsement.row.id, change.contact_number) if change else "",
        "proof": _proof(endorsement),
        "spread": _spread(endorsement),
        "form": GoalForm(obj=endorsement.row),
        "share": _share(endorsement),
        "done": done if done in DONE else None,
    }


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    return {"share": campaign_links(campaign)}


def _share(endorsement: EndorsementView) -> ShareLinks:
    """The page of the organisation under the name that is public, once there is one; the campaign before that."""
    if endorsement.published is None or endorsement.row.state != EndorsementState.PUBLISHED:
        return campaign_links(endorsement.campaign)
    name = endorsement.published.name.in_language(i18n.language())
    return organization_links(endorsement.campaign, endorsement.row.id, name)


def _spread(endorsement: EndorsementView) -> OwnSpread | None:
    """None for an organisation that is not on the wall."""
    group = referrals.group(endorsement.campaign.id, organization_code(endorsement.row.id))
    if group is None:
        return None
    return OwnSpread(
        group=group,
        link=replace(
            link_code(endorsement.campaign, group.referrer.code), label=_("The organisation’s link")
        ),
        badge=endorsement_codes(endorsement.campaign, endorsement.row.id),
    )


def _proof(endorsement: EndorsementView) -> Proof | None:
    """None when it is not offered."""
    if not current_config().site_checks or endorsement.row.state not in services.CORRECTABLE:
        return None
    if endorsement.row.level not in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
        return None
    return proof_for(endorsement.row.id, (endorsement.published or endorsement.newest).website)


def readable(endorsement: EndorsementView) -> dict[str, Any]:
    """Everything that is stored, as who speaks for the organisation may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2)."""
    row = endorsement.row
    return {
        "campaign": {"slug": endorsement.campaign.slug, "title": endorsement.campaign.title},
        "pledge": {
            "version": endorsement.pledge.version,
            "sha256": endorsement.pledge.sha256,
            "text": endorsement.pledge.html.striptags(),
        },
        "contact": {
            "name": row.contact_name,
            "title": row.contact_title,
            "email": row.contact_email,
            "shown_in_public": row.show_contact,
        },
        "registration_number": row.registration_number,
        "versions": [_readable_version(version) for version in endorsement.versions],
        "state": row.state,
        "level": row.level,
        "group_goal": row.group_goal,
        "last_decision": row.decision_reason,
        "language": row.lang,
        "privacy_notice": row.privacy_version,
        "submitted_at": row.submitted_at.isoformat(),
        "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
        "published_at": row.published_at and row.published_at.isoformat(),
        "ended_at": row.ended_at and row.ended_at.isoformat(),
    }


def _readable_version(version: EndorsementVersion) -> dict[str, Any]:
    return {
        "number": version.seq,
        "state": version.state,
        "submitted_at": version.submitted_at.isoformat(),
        "spokesperson": version.spokesperson,
        **asdict(content_of(version)),
    }


ENDORSEMENT = Subject(
    name="endorsement",
    prefix="/endorse",
    not_mine_path="not-us",
    form="public.endorse",
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
