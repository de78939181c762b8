"""An organisation's endorsement as a subject of mailed links: its use cases and its texts."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n, tokens
from pledge.core.tokens import Purpose
from pledge.endorsements import number_matching, own, services
from pledge.endorsements.applicants import EndorsementView, open_link, own_endorsement
from pledge.endorsements.identifiers import is_by_link, manage_token, read_ticket
from pledge.endorsements.models import EndorsementState, EndorsementVersion, VerificationLevel
from pledge.endorsements.verification.domains import host_of, registrable
from pledge.endorsements.verification.ladder import PATH, RECORD, site_proof
from pledge.endorsements.versions import content_of
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from pledge.web.public.campaign.sharing import (
    Code,
    ShareLinks,
    campaign_links,
    endorsement_codes,
    link_code,
    organization_links,
)
from pledge.web.public.mailed_links.subject import DonePage, JourneyTexts, Question, Subject

#: What the own page can say after something was done, by the name in its address.
DONE = ("sent", "saved", "asked", "cancelled", "proved", "not_proved", "withdrawn")


@dataclass(frozen=True)
class OwnSpread:
    """What an organisation on the wall shares the campaign with, and how many signed through its link."""

    via: str
    people: int | None  #: as referrals.public_count() tells it
    link: Code
    badge: list[Code]


def match_number(slug: str, ticket: str) -> str:
    """The two digits of the waiting page; none for whoever came to it by a mailed link. Raises BadToken."""
    return "" if is_by_link(ticket) else number_matching.number_for(*read_ticket(slug, ticket))


def key(endorsement: EndorsementView) -> str:
    return tokens.mint(Purpose.ENDORSE_PRESSED, [endorsement.row.id, endorsement.row.contact_number])


def own_token(endorsement: EndorsementView) -> str:
    return manage_token(endorsement.row.id, endorsement.row.contact_number)


def own_context(endorsement: EndorsementView) -> dict[str, Any]:
    done = request.args.get("done")
    return {
        "correctable": endorsement.row.state in own.CORRECTABLE,
        "contact_number": _contact_number(endorsement),
        "proof": _proof(endorsement),
        "spread": _spread(endorsement),
        "share": _share(endorsement),
        "done": done if done in DONE else None,
    }


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    return {"share": campaign_links(campaign)}


def _share(endorsement: EndorsementView) -> ShareLinks:
    """The page of the organisation under the name that is public, once there is one; the campaign before that."""
    if endorsement.published is None or endorsement.row.state != EndorsementState.PUBLISHED:
        return campaign_links(endorsement.campaign)
    name = endorsement.published.name.of(i18n.language())
    return organization_links(endorsement.campaign, endorsement.row.id, name)


def withdrawing(endorsement: EndorsementView) -> Question:
    public = _(
        "The organisation is no longer counted. The public page keeps one line with its name and the date."
    )
    not_public = _("The secretariat stops its review. Nothing was public, so nothing is left in public.")
    return Question(
        title=_("Withdraw the endorsement"),
        heading=_("Withdraw the endorsement of %(name)s?", name=endorsement.newest.name.of(i18n.language())),
        lead=public if endorsement.row.published_at else not_public,
        notes=(_("The organisation may endorse again whenever it likes."),),
        button=_("Withdraw the endorsement"),
        back=_("No, keep the endorsement"),
        danger=True,
    )


def erasing(endorsement: EndorsementView) -> Question:
    public = _(
        "What the organisation showed in public is not personal data: one line with its name and the dates stays, so that the count can be followed."
    )
    not_public = _("Nothing was public, so the whole endorsement is deleted.")
    return Question(
        title=_("Erase my data"),
        heading=_("Erase my data for good?"),
        lead=_(
            "Your name, title, e-mail address and everything else about you is deleted and cannot be brought back. The endorsement is withdrawn and no longer counted."
        ),
        notes=(
            public if endorsement.row.published_at else not_public,
            _(
                "Should the organisation stay, with another person? Then do not erase: name that person first."
            ),
        ),
        button=_("Erase my data"),
        back=_("To the organisation's page"),
        danger=True,
    )


def erased(endorsement: EndorsementView) -> DonePage:
    gone = _("Your name, title and address are gone for good, and the endorsement is withdrawn.")
    stays = _("One line with the organisation's name and the dates stays in public.")
    return DonePage(_("Your data is erased"), f"{gone} {stays}" if endorsement.row.published_at else gone)


def _spread(endorsement: EndorsementView) -> OwnSpread | None:
    """None for an organisation that is not on the wall."""
    if endorsement.row.state != EndorsementState.PUBLISHED:
        return None
    via = organization_code(endorsement.row.id)
    return OwnSpread(
        via=via,
        people=referrals.public_count(endorsement.campaign.id, via),
        link=link_code(endorsement.campaign, via),
        badge=endorsement_codes(endorsement.campaign, endorsement.row.id),
    )


def _contact_number(endorsement: EndorsementView) -> str:
    """What the person who was asked to take over may be asked for; "" when nobody was."""
    change = endorsement.change
    return (
        ""
        if change is None
        else number_matching.contact_number_for(endorsement.row.id, change.contact_number)
    )


def _proof(endorsement: EndorsementView) -> dict[str, str] | None:
    """What to publish where, to prove that the website is the organisation's; None when that is not offered."""
    if not current_config().site_checks or endorsement.row.state not in own.CORRECTABLE:
        return None
    if endorsement.row.level not in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
        return None
    host = host_of((endorsement.published or endorsement.newest).website)
    return {
        "record": f"{RECORD}.{registrable(host) or host}",
        "file": f"https://{host}{PATH}",
        "value": site_proof(endorsement.row.id),
    }


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
    has_code=False,
    resend=services.resend,
    match_number=match_number,
    open_link=open_link,
    purpose=Purpose.ENDORSE_CONFIRM,
    confirm=services.confirm_by_link,
    answer=number_matching.answer,
    renew=services.renew,
    mail_own_link=services.mail_own_link,
    mailed_to=lambda endorsement: endorsement.row.contact_email,
    disown=services.disown,
    send_link=services.send_link,
    find_own=own_endorsement,
    key=key,
    own_token=own_token,
    withdraw=own.withdraw,
    erase=own.erase,
    readable=readable,
    own_context=own_context,
    thanks_context=thanks_context,
    confirm_template="public/endorsing/confirm.html",
    thanks_template="public/endorsing/thanks.html",
    own_template="public/endorsing/own.html",
    words=JourneyTexts(
        sent_to=_l(
            "An e-mail to {address} is on its way. If we wrote there recently, it comes in about ten minutes. The secretariat reviews the endorsement once you confirm it."
        ),
        sent=_l(
            "An e-mail to you is on its way. If we wrote to your address recently, it comes in about ten minutes. The secretariat reviews the endorsement once you confirm it."
        ),
        then=_l("The secretariat reviews the endorsement and writes to you."),
        confirm=_l("Confirm the endorsement"),
        confirm_lead=_l(
            "This is exactly what will be recorded. The secretariat reviews it when you press the button; nothing is public before."
        ),
        confirm_button=_l("Confirm the endorsement"),
        pledge=_l("The text it endorses"),
        confirmed=_l("This endorsement is confirmed"),
        not_mine_question=_l("Not your organisation's endorsement?"),
        match_lead=_l(
            "Some e-mail systems press buttons by themselves. So please type the two digits from the page where you sent the form."
        ),
        match_hint=_l("On the page “Check your e-mail”, where you sent the form"),
        match_lost=_l(
            "Send the form once more, with the same name of the organisation and the same address: the page after it shows the digits. Then type them here."
        ),
        match_over=_l(
            "Send the form once more, with the same name of the organisation and the same address: the page after it shows the digits. Then open the link in the e-mail once more."
        ),
        thanks=_l("Thank you, the endorsement is confirmed"),
        expired=_l(
            "The endorsement is not confirmed yet. Press the button and we will send a new e-mail to the same address."
        ),
        closed=_l(
            "The campaign closed before this endorsement was confirmed, so it was not accepted. Thank you for wanting to be part of it."
        ),
        invalid=_l(
            "It may have been cut off in the e-mail, it may have been used already, or another person now speaks for the organisation. Please open it from the e-mail again, or have a new link sent to you."
        ),
        own_page=_l("The organisation's page"),
        open_own_page=_l("Open the organisation's page"),
        own_page_has=_l("See its status, correct it, name another contact or withdraw."),
        link_lead=_l(
            "See, correct, hand over or withdraw an organisation's endorsement. There is no account: we e-mail a link to the person who speaks for it."
        ),
        link_hint=_l("The work address of the person who speaks for the organisation"),
        link_sent=_l(
            "If this address speaks for an organisation here, an e-mail with the link is on its way. For everybody's privacy this page says the same for any address."
        ),
        link_many=_l(
            "If you speak for several organisations, there is a separate e-mail for each, ten minutes apart."
        ),
    ),
    not_mine=Question(
        title=_l("This was not us"),
        heading=_l("Somebody entered your organisation or your address?"),
        lead=_l("Type your address and press the button: we delete what was entered with it."),
        notes=(
            _l(
                "Without a confirmation nothing is reviewed or shown. If you do nothing, the entry is deleted after 14 days."
            ),
        ),
        button=_l("Delete it"),
        back=_l("It was us: back to confirming"),
    ),
    not_mine_done=DonePage(
        _l("Deleted"),
        _l("What was entered with your address is gone. Nothing was shown. We are sorry for the trouble."),
    ),
    withdrawing=withdrawing,
    erasing=erasing,
    erased=erased,
)
