"""A person's signature as a subject of mailed links: its use cases and its texts."""

from dataclasses import asdict
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from pledge.campaigns.mailed_links import Link
from pledge.campaigns.queries import CampaignView
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.signatures import number_matching, own, services
from pledge.signatures.identifiers import is_by_link, read_ticket
from pledge.signatures.models import SignatureState
from pledge.signatures.queries import SignatureView, open_link, own_signature
from pledge.web.public.campaign.pages import cached_campaign, cached_pledge, signing_paused
from pledge.web.public.campaign.sharing import signer_links
from pledge.web.public.mailed_links.subject import DonePage, JourneyTexts, Question, Subject
from pledge.web.public.signing.forms import OwnForm, SignForm
from pledge.web.public.signing.next_steps import next_steps

#: What the own page can say after something was done, by the name in its address.
DONE = ("saved", "withdrawn")
_CODE_BY_MAIL = _l(
    "We send you another e-mail, with a six-digit code. Type the code here; the one in the first e-mail does not work on this page."
)


def opened(token: str, lang: str) -> Link[SignatureView]:
    """What a link refers to. A page shows its campaign as it was a second ago at most; the answer to a form, which may say
    why it was not taken, as it is now.
    """
    if request.method == "POST":
        return open_link(token, lang)
    return open_link(token, lang, cached_campaign, cached_pledge)


def match_number(slug: str, ticket: str) -> str:
    """The two digits of the waiting page; none for whoever came to it by a mailed link. Raises BadToken."""
    return "" if is_by_link(ticket) else number_matching.number_for(read_ticket(slug, ticket))


def key(signature: SignatureView) -> str:
    return tokens.mint(Purpose.PRESSED, [signature.row.id])


def own_token(signature: SignatureView) -> str:
    return tokens.mint(Purpose.MANAGE, [signature.row.id])


def own_context(signature: SignatureView) -> dict[str, Any]:
    done = request.args.get("done")
    return {
        "number": signature.number if signature.row.state == SignatureState.CONFIRMED else None,
        "share": signer_links(signature.campaign),
        "form": OwnForm(obj=signature.row),
        "again": _form_to_sign_again(signature),
        "unsubscribe_token": tokens.mint(Purpose.UNSUBSCRIBE, [signature.row.id]),
        "done": done if done in DONE else None,
    }


def _form_to_sign_again(signature: SignatureView) -> SignForm | None:
    """Filled in but for the consents, while the campaign takes signatures."""
    if signature.row.state != SignatureState.WITHDRAWN or not signature.campaign.is_open or signing_paused():
        return None
    row = signature.row
    return SignForm(name=row.name, email=row.email, country=row.country, region=row.region)


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    return {"next": next_steps(campaign)}


#: Also beside the picture with the number (components/campaign/number.html).
_NUMBER_TELLS = _l("Whoever knows your number can see in the public log if you withdraw, and when.")


def withdrawing(signature: SignatureView) -> Question:
    only_mails = _(
        "Do you only want to stop the news e-mails? Then there is no need to withdraw: untick them on your page."
    )
    return Question(
        title=_("Withdraw my signature"),
        heading=_("Withdraw my signature?"),
        lead=_(
            "Your signature is no longer counted, your name is no longer shown and news e-mails stop. You may sign again whenever you like."
        ),
        notes=(_NUMBER_TELLS, *((only_mails,) if signature.row.updates else ())),
        button=_("Withdraw my signature"),
        back=_("No, keep my signature"),
        danger=True,
    )


def erasing(signature: SignatureView) -> Question:
    return Question(
        title=_("Erase my data"),
        heading=_("Erase my data for good?"),
        lead=_(
            "Name, e-mail address and everything else about you is deleted and cannot be brought back. Your signature is no longer counted."
        ),
        notes=(
            _("The public ledger keeps only entries without personal data, so that the count stays correct."),
            _NUMBER_TELLS,
        ),
        button=_("Erase my data"),
        back=_("No, go back to my page"),
        danger=True,
    )


def erased(signature: SignatureView) -> DonePage:
    return DonePage(
        _("Your data is erased"),
        _(
            "Your name and address are gone for good, and the signature is no longer counted. Thank you for having been part of it."
        ),
    )


def readable(signature: SignatureView) -> dict[str, Any]:
    """Everything that is stored about a person, as they may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2)."""
    row = signature.row
    return {
        "campaign": {"slug": signature.campaign.slug, "title": signature.campaign.title},
        "pledge": {
            "version": signature.pledge.version,
            "sha256": signature.pledge.sha256,
            "text": signature.pledge.html.striptags(),
        },
        "consent": asdict(signature.consent),
        "name": row.name,
        "email": row.email,
        "country": row.country,
        "region": row.region,
        "public_name": row.public_name,
        "updates": row.updates,
        "language": row.lang,
        "privacy_notice": row.privacy_version,
        "state": row.state,
        "submitted_at": row.submitted_at.isoformat(),
        "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
        "withdrawn_at": row.withdrawn_at and row.withdrawn_at.isoformat(),
        "invalidated_for": signature.invalidated_for and signature.invalidated_for.value,
        "name_hidden_by_staff": row.name_hidden,
        "mail_provider": row.mail_provider,
        # The code of the partner or organisation whose link led to the form; null for everybody else.
        "via": row.via,
        # Keyed hashes: they tell the network and the mail's domain to nobody without the key.
        "network_hash": row.network_hash and row.network_hash.hex(),
        "wide_network_hash": row.wide_network_hash and row.wide_network_hash.hex(),
        "domain_hash": row.domain_hash and row.domain_hash.hex(),
    }


SIGNATURE = Subject(
    name="signature",
    prefix="",
    not_mine_path="not-me",
    form="public.sign",
    has_code=True,
    resend=services.resend,
    match_number=match_number,
    open_link=opened,
    purpose=Purpose.CONFIRM,
    confirm=services.confirm_by_link,
    answer=number_matching.answer,
    renew=services.renew,
    mail_own_link=services.mail_own_link,
    mailed_to=lambda signature: signature.row.email,
    disown=services.disown,
    send_link=services.send_link,
    find_own=own_signature,
    key=key,
    own_token=own_token,
    withdraw=own.withdraw,
    erase=own.erase,
    readable=readable,
    own_context=own_context,
    thanks_context=thanks_context,
    confirm_template="public/signing/confirm.html",
    thanks_template="public/signing/thanks.html",
    own_template="public/signing/own.html",
    words=JourneyTexts(
        sent_to=_l(
            "An e-mail to {address} is on its way. If we wrote there recently, it comes in about ten minutes. Your signature counts once you confirm it."
        ),
        sent=_l(
            "An e-mail to you is on its way. If we wrote to your address recently, it comes in about ten minutes. Your signature counts once you confirm it."
        ),
        then=None,
        confirm=_l("Confirm your signature"),
        confirm_lead=_l("This is exactly what will be recorded. It counts when you press the button."),
        confirm_button=_l("Confirm my signature"),
        pledge=_l("The text you sign"),
        confirmed=_l("This signature is confirmed"),
        not_mine_question=_l("Not your signature?"),
        match_lead=_l(
            "Some e-mail systems press buttons by themselves. So please type the two digits from the page where you signed, and your signature counts."
        ),
        match_hint=_l("On the page “Check your e-mail”, where you signed"),
        match_lost=_CODE_BY_MAIL,
        match_over=_CODE_BY_MAIL,
        thanks=_l("Thank you for signing"),
        expired=_l(
            "Your signature is not counted yet. Press the button and we will send a new e-mail to the same address; 14 days after it was entered we delete what is not confirmed."
        ),
        closed=_l(
            "The campaign closed before this signature was confirmed, so it was not counted. Thank you for wanting to be part of it."
        ),
        invalid=_l(
            "It may have been cut off in the e-mail, or it is no longer valid. Please open it from the e-mail again, or have a new link sent to you."
        ),
        own_page=_l("My signature"),
        open_own_page=_l("Open my page"),
        own_page_has=_l("See what is recorded, change it, download it or withdraw."),
        link_lead=_l(
            "See, change, download or withdraw what you signed. There is no account: we e-mail you a link."
        ),
        link_hint=_l("The address you signed with"),
        link_sent=_l(
            "If this address has signed, an e-mail with the link is on its way. For everybody's privacy this page says the same for any address."
        ),
        link_many=None,
    ),
    not_mine=Question(
        title=_l("This was not me"),
        heading=_l("Somebody entered your address?"),
        lead=_l("Type your address and press the button: we delete what was entered with it."),
        notes=(
            _l(
                "Without a confirmation nothing is counted. If you do nothing, the entry is deleted after 14 days."
            ),
        ),
        button=_l("Delete it"),
        back=_l("It was me: back to confirming"),
    ),
    not_mine_done=DonePage(
        _l("Deleted"),
        _l(
            "What was entered with your address is gone. Nothing was counted, and nothing will be without you. We are sorry for the trouble."
        ),
    ),
    withdrawing=withdrawing,
    erasing=erasing,
    erased=erased,
)
