"""What only an endorsement has of the pages of mailed links: correct what is shown, prove the website, hand over to another person;
and what the browser that sent its form, or pressed its link, is told besides the common pages.
"""

from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import CombinedMultiDict

from config import current_config
from pledge.abuse import signals
from pledge.abuse.signals import is_machine_click
from pledge.core import i18n, languages, tokens
from pledge.core.text import markdown
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import handover, promises, services
from pledge.endorsements.models import VerificationLevel
from pledge.endorsements.queries import EndorsementView, open_contact_link, own_endorsement
from pledge.endorsements.verification.ladder import Proof, proof_for
from pledge.endorsements.versions import content_of
from pledge.files.services import UnknownFile
from pledge.mailed_links import tickets
from pledge.mailed_links.links import Confirmation, LinkState
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from pledge.web.limits import LINK_LIMIT, WRONG_TOKEN_LIMIT
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE
from pledge.web.public.campaign.sharing import ShareLinks, campaign_links, organization_links
from pledge.web.public.endorsing.forms import (
    MAX_FIELDS,
    MAX_FORM,
    ContactForm,
    CorrectionForm,
    GoalForm,
    TakeOverForm,
)
from pledge.web.public.endorsing.journey import ENDORSEMENT
from pledge.web.public.form_pages import see_other
from pledge.web.public.forms import MailboxForm
from pledge.web.public.mailed_links import link_pages
from pledge.web.public.mailed_links.journey import plain
from pledge.web.public.mailed_links.link_pages import (
    ask,
    ask_mailbox,
    back_to_own_page,
    download,
    invalid_link,
    show,
)
from pledge.web.routes import Body

#: States in which "this is not me" still has something to delete.
_WAITING = (LinkState.PENDING, LinkState.EXPIRED)
_WRONG_NUMBER = _l("This number is not right. Please ask the person who named you.")
_SPENT = _l(
    "A wrong number was typed too often, so it is no longer taken. The person who named you can cancel the change and name you again."
)


link_pages.JOURNEYS["endorsement"] = ENDORSEMENT


@public.page("/c/<slug>/endorse/check", "/c/<slug>/endorse/check/<ticket>", cache=link_pages.CHECK_CACHE)
def endorsement_check(slug: str, ticket: str = "") -> Response:
    return link_pages.check(ENDORSEMENT, slug)


@public.act("/c/<slug>/endorse/check", "/c/<slug>/endorse/check/<ticket>", limit=WRONG_TOKEN_LIMIT)
def endorsement_check_post(slug: str, ticket: str = "") -> Response:
    return link_pages.check_post(ENDORSEMENT, slug, ticket)


@public.page("/c/<slug>/endorse/thanks", cache=PAGE_CACHE)
def endorsement_thanks(slug: str) -> Response:
    return link_pages.thanks(ENDORSEMENT, slug)


@public.page("/endorse/confirm/<token>", takes_form=True)
def endorsement_confirm(token: str) -> Response:
    return link_pages.confirm(ENDORSEMENT, token)


@public.act("/endorse/confirm/<token>/number", limit=WRONG_TOKEN_LIMIT)
def endorsement_answer(token: str) -> Response:
    return link_pages.answer(ENDORSEMENT, token)


@public.act("/endorse/confirm/<token>/renew", limit=LINK_LIMIT)
def endorsement_renew(token: str) -> Response:
    return link_pages.renew(ENDORSEMENT, token)


@public.act("/endorse/confirm/<token>/my-link", limit=LINK_LIMIT)
def endorsement_mail_own_link(token: str) -> Response:
    return link_pages.mail_own_link(ENDORSEMENT, token)


@public.page("/endorse/confirm/<token>/not-us", takes_form=True, limit=WRONG_TOKEN_LIMIT)
def endorsement_not_mine(token: str) -> Response:
    return link_pages.not_mine(ENDORSEMENT, token)


@public.page("/endorse/me", takes_form=True, limit=LINK_LIMIT)
def endorsement_my_link() -> Response:
    return link_pages.my_link(ENDORSEMENT)


@public.page("/endorse/me/sent")
def endorsement_my_link_sent() -> Response:
    return link_pages.my_link_sent(ENDORSEMENT)


@public.page("/endorse/me/<token>/withdraw", takes_form=True)
def endorsement_me_withdraw(token: str) -> Response:
    return link_pages.withdraw(ENDORSEMENT, token)


@public.page("/endorse/me/<token>/erase", takes_form=True)
def endorsement_me_erase(token: str) -> Response:
    return link_pages.erase(ENDORSEMENT, token)


@public.errorhandler(services.EndorsementInWrongState)
def no_longer_possible(_error: services.EndorsementInWrongState) -> Response:
    """An act that the state no longer allows gets the own page, which shows the state."""
    token = (request.view_args or {})["token"]
    try:
        endorsement = own_endorsement(token, i18n.language())
    except BadToken as error:
        return invalid_link(error)
    return _own_page(token, endorsement, 409, changed=True)


@public.page("/endorse/me/<token>")
def endorsement_me(token: str) -> Response:
    return _own_page(token, own_endorsement(token, i18n.language()))


def _own_page(token: str, endorsement: EndorsementView, status: int = 200, **more: Any) -> Response:
    """Values in `more` override those of the endorsement."""
    row, change = endorsement.row, endorsement.change
    context = {
        "correctable": row.state in services.CORRECTABLE,
        # What the person who was asked to take over may be asked for; "" when nobody was.
        "contact_number": handover.number_for(row.id, change.contact_number) if change else "",
        "proof": _proof(endorsement),
        "group": referrals.group(endorsement.campaign.id, organization_code(row.id)),
        "form": GoalForm(obj=row),
        "share": _share(endorsement),
        **more,
    }
    return show("public/endorsing/own.html", ENDORSEMENT, endorsement, status, token=token, **context)


def _share(endorsement: EndorsementView) -> ShareLinks:
    """The page of the organisation under the name that is public, once there is one; the campaign before that."""
    if endorsement.published is None:
        return campaign_links(endorsement.campaign)
    return organization_links(endorsement.campaign, endorsement.row.id, endorsement.published.name)


def _proof(endorsement: EndorsementView) -> Proof | None:
    """The proof of the website that is offered; None if none is."""
    if not current_config().site_checks or endorsement.row.state not in services.CORRECTABLE:
        return None
    if endorsement.row.level not in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
        return None
    return proof_for(endorsement.row.id, endorsement.shown.website)


@public.page("/endorse/me/<token>/download")
def endorsement_me_download(token: str) -> Response:
    """Everything that is stored, as its holder may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2)."""
    endorsement = own_endorsement(token, i18n.language())
    row = endorsement.row
    stored = {
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
        **plain(row, "submitted_at", "confirmed_at", "published_at", "affirmed_at", "asked_at", "ended_at"),
        "language": row.lang,
        "privacy_notice": row.privacy_version,
    }
    return download(ENDORSEMENT, endorsement, stored)


@public.page(
    "/endorse/me/<token>/correct", takes_form=True, body=Body(MAX_FORM, parts=MAX_FIELDS), limit=LINK_LIMIT
)
def endorsement_correct(token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.row.state not in services.CORRECTABLE:  # before a picture is taken
        raise services.EndorsementInWrongState
    content = content_of(endorsement.newest)
    if request.method != "POST":
        form = CorrectionForm(
            **languages.as_fields(asdict(content)),
            contact_name=endorsement.row.contact_name,
            contact_title=endorsement.row.contact_title,
            show_contact=endorsement.row.show_contact,
        )
        form.logo_name = content.logo
        return show("public/endorsing/correct.html", ENDORSEMENT, endorsement, form=form, token=token)
    form = CorrectionForm(CombinedMultiDict([request.files, request.form]))
    form.own_logo = content.logo
    if all((form.validate(), form.store_files())):
        try:
            waits = services.correct(
                token,
                form.content(),
                name=form.contact_name.data or "",
                title=form.contact_title.data or "",
                show=form.show_contact.data,
            )
            return back_to_own_page(ENDORSEMENT, token, "sent" if waits else "saved")
        except UnknownFile:
            form.refuse_logo()
    return show("public/endorsing/correct.html", ENDORSEMENT, endorsement, 422, form=form, token=token)


@public.page("/endorse/me/<token>/still-true", takes_form=True, limit=LINK_LIMIT)
def endorsement_still_true(token: str) -> Response:
    """One press says that the public promise is still true; where a machine may have pressed, the address has to be typed."""
    endorsement, is_pressed = own_endorsement(token, i18n.language()), request.method == "POST"
    if promises.same(None, endorsement.published):
        raise services.EndorsementInWrongState
    may_be_machine = _may_be_machine(token, Purpose.ENDORSE_MANAGE, is_scanned=endorsement.is_scanned)
    form = MailboxForm(request.form or None) if may_be_machine else None
    if is_pressed and (form is None or form.names(endorsement.mailed_to)):
        services.affirm(token)
        return back_to_own_page(ENDORSEMENT, token, "affirmed")
    back, status = ENDORSEMENT.url("correct", token=token), 422 if is_pressed else 200
    return ask(ENDORSEMENT, "still_true", back, record=endorsement, form=form, status=status)


@public.page("/endorse/me/<token>/contact", takes_form=True, limit=LINK_LIMIT)
def endorsement_change_contact(token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.row.state not in services.CORRECTABLE:
        raise services.EndorsementInWrongState
    form, is_sent = ContactForm(request.form or None), request.method == "POST"
    if is_sent and form.validate():
        try:
            handover.ask(
                token,
                name=form.contact_name.data or "",
                title=form.contact_title.data or "",
                mailbox=form.address,
                lang=i18n.language(),
            )
            return back_to_own_page(ENDORSEMENT, token, "asked")
        except handover.SamePerson:
            form.email.errors = [_("This person speaks for the organisation already.")]
    status = 422 if is_sent else 200
    return show(
        "public/endorsing/change_contact.html", ENDORSEMENT, endorsement, status, form=form, token=token
    )


@public.act("/endorse/me/<token>/contact/cancel")
def endorsement_cancel_contact(token: str) -> Response:
    handover.cancel(token)
    return back_to_own_page(ENDORSEMENT, token, "cancelled")


@public.act("/endorse/me/<token>/site", limit=LINK_LIMIT)
def endorsement_check_site(token: str) -> Response:
    return back_to_own_page(ENDORSEMENT, token, "proved" if services.check_website(token) else "not_proved")


@public.act("/endorse/me/<token>/group", limit=LINK_LIMIT)
def endorsement_set_group_goal(token: str) -> Response:
    form = GoalForm(request.form)
    if not form.validate():
        return _own_page(token, own_endorsement(token, i18n.language()), 422, form=form)
    services.set_group_goal(token, form.group_goal.data)
    return back_to_own_page(ENDORSEMENT, token, "saved")


@public.page("/endorse/contact/<token>", takes_form=True, limit=WRONG_TOKEN_LIMIT)
def endorsement_take_over(token: str) -> Response:
    """Show what the new person takes over, with a button; afterwards, the way to the own page."""
    link = open_contact_link(token, i18n.language())
    if link.record is not None and link.state is LinkState.CONFIRMED:
        me_token = None if link.expired else ENDORSEMENT.own_token(link.record)
        return show("public/endorsing/contact_done.html", ENDORSEMENT, link.record, me_token=me_token)
    if link.record is None or link.record.change is None or link.state is not LinkState.PENDING:
        raise BadToken
    if link.record.row.state not in services.CORRECTABLE:
        raise BadToken
    form, is_pressed = TakeOverForm(request.form or None), request.method == "POST"
    if not _may_be_machine(token, Purpose.ENDORSE_CONTACT, is_scanned=link.record.is_change_scanned):
        del form.number
    status, speaks_already = 422 if is_pressed else 200, False
    if is_pressed and form.validate() and _is_their_number(link.record, form):
        try:
            handover.accept(link.record.row.id, link.record.change.contact_number, markdown.privacy_version())
            # Whether or not this press was the one: another may have taken over or cancelled meanwhile.
            return see_other(ENDORSEMENT.url("take_over", token=token))
        except handover.AlreadySpokesperson:
            speaks_already, status = True, 409
    return show(
        "public/endorsing/contact.html",
        ENDORSEMENT,
        link.record,
        status,
        token=token,
        form=form,
        speaks_already=speaks_already,
    )


@public.page("/endorse/contact/<token>/not-me", takes_form=True, limit=WRONG_TOKEN_LIMIT)
def endorsement_not_the_contact(token: str) -> Response:
    """Delete the details of the new person."""
    link = open_contact_link(token, i18n.language())
    if link.record is None or link.record.change is None or link.state not in _WAITING:
        raise BadToken
    back, forget = ENDORSEMENT.url("take_over", token=token), partial(handover.refuse, token)
    return ask_mailbox(ENDORSEMENT, "not_the_contact", back, link.record.change.contact_email, forget)


def _may_be_machine(token: str, purpose: Purpose, *, is_scanned: bool) -> bool:
    """Whether a machine may press, or has pressed, the button behind a link."""
    seen = signals.click_signals(request.headers.get, tokens.read(purpose, token).age)
    return is_scanned or (request.method == "POST" and is_machine_click(seen))


def _is_their_number(endorsement: EndorsementView, form: TakeOverForm) -> bool:
    """Whether the number is the new person's, or none is required; otherwise adds an error to the form."""
    if form.number is None or endorsement.change is None:
        return True
    outcome = handover.check_digits(endorsement.row.id, endorsement.change.contact_number, form.digits)
    if outcome is not Confirmation.DONE:
        form.number.errors = [_SPENT if outcome is Confirmation.SPENT else _WRONG_NUMBER]
    return outcome is Confirmation.DONE


@public.act("/c/<slug>/endorse/mine")
def endorsement_mine(slug: str) -> Response:
    """JSON as that for people."""
    answer: dict[str, Any] = {}
    with suppress(BadToken):
        answer["digits"] = tickets.match_number(ENDORSEMENT.ticket, slug, request.form.get("ticket", ""))
    with suppress(BadToken):
        key = request.form.get("key", "")
        endorsement = own_endorsement(key, i18n.language(), Purpose.ENDORSE_PRESSED)
        if endorsement.campaign.slug == slug:
            answer |= {"state": "confirmed", "key": key, "own": ENDORSEMENT.own_token(endorsement)}
    return jsonify(answer)
