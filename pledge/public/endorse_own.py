"""An organisation's own page: see, correct, prove the website, hand over, download, withdraw, erase. GET never acts."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from flask import Response, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import CombinedMultiDict

from config import current_config
from pledge import i18n
from pledge.endorsements import handover, own
from pledge.endorsements.applicants import EndorsementView, Link, LinkState, VersionView, own_endorsement
from pledge.endorsements.domains import host_of, registrable
from pledge.endorsements.ladder import PATH, RECORD, site_proof
from pledge.endorsements.models import Level
from pledge.files.services import UnknownFile
from pledge.guards import allows
from pledge.limits import limited, link_limit
from pledge.public import logos
from pledge.public.blueprint import public
from pledge.public.endorse_confirming import problem
from pledge.public.endorse_forms import ContactForm, CorrectionForm
from pledge.public.signing import see_other
from pledge.tokens import BadToken

View = Callable[[str], Response]
#: What the own page can say after something was done, by the name in its address.
DONE = ("sent", "saved", "asked", "cancelled", "proved", "not_proved")


def own_page(view: View) -> View:
    """A view of an own page: a link that leads nowhere gets the one page for it, and counts.

    An act that no longer goes with the endorsement's state leads back to the page, which shows how it stands.
    """

    @wraps(view)
    def guarded(token: str) -> Response:
        try:
            return view(token)
        except BadToken:
            return problem(Link(LinkState.UNKNOWN), token, 410)
        except own.NotPossible:
            return _page(token, own_endorsement(token, i18n.language()), 409)

    return guarded


@public.get("/endorse/me/<token>")
@own_page
def endorse_me(token: str) -> Response:
    return _page(token, own_endorsement(token, i18n.language()), 200)


@public.get("/endorse/me/<token>/correct")
@own_page
def endorse_correct(token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    shown = asdict(endorsement.newest.content)
    form = CorrectionForm(
        **shown,
        contact_name=endorsement.contact_name,
        contact_title=endorsement.contact_title,
        show_contact=endorsement.show_contact,
    )
    form.logo_name = shown["logo"]
    return _correct_page(token, endorsement, form, 200)


@public.post("/endorse/me/<token>/correct", endpoint="endorse_correct_post")
@allows(body=logos.MAX_FORM, parts=logos.MAX_FIELDS)
@limited(link_limit)
@own_page
def endorse_correct_post(token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.state not in own.CORRECTABLE:  # before a picture is taken
        raise own.NotPossible
    form = CorrectionForm(CombinedMultiDict([request.files, request.form]))
    if not all((form.validate(), logos.take(form, own=endorsement.newest.content.logo))):
        return _correct_page(token, endorsement, form, 422)
    try:
        waits = own.correct(
            token,
            form.content(),
            name=form.contact_name.data or "",
            title=form.contact_title.data or "",
            show=form.show_contact.data,
        )
    except UnknownFile:
        logos.refuse(form)
        return _correct_page(token, endorsement, form, 422)
    return _back(token, "sent" if waits else "saved")


@public.get("/endorse/me/<token>/contact")
@own_page
def endorse_change_contact(token: str) -> Response:
    return _contact_page(token, ContactForm(), 200)


@public.post("/endorse/me/<token>/contact", endpoint="endorse_change_contact_post")
@limited(link_limit)
@own_page
def endorse_change_contact_post(token: str) -> Response:
    form = ContactForm(request.form)
    if not form.validate():
        return _contact_page(token, form, 422)
    try:
        handover.ask(
            token,
            name=form.contact_name.data or "",
            title=form.contact_title.data or "",
            mailbox=form.address,
            lang=i18n.language(),
        )
    except handover.SamePerson:
        return _contact_page(token, form, 422, same_person=True)
    return _back(token, "asked")


@public.post("/endorse/me/<token>/contact/cancel")
@own_page
def endorse_cancel_contact(token: str) -> Response:
    handover.cancel(token)
    return _back(token, "cancelled")


@public.post("/endorse/me/<token>/site")
@limited(link_limit)
@own_page
def endorse_check_site(token: str) -> Response:
    return _back(token, "proved" if own.check_website(token) else "not_proved")


@public.get("/endorse/me/<token>/download")
@own_page
def endorse_download(token: str) -> Response:
    response = jsonify(_readable(own_endorsement(token, i18n.language())))
    response.headers["Content-Disposition"] = 'attachment; filename="my-endorsement.json"'
    return response


@public.get("/endorse/me/<token>/withdraw")
@own_page
def endorse_withdraw(token: str) -> Response:
    return _asking(token, "public/endorse_withdraw.html")


@public.post("/endorse/me/<token>/withdraw", endpoint="endorse_withdraw_post")
@own_page
def endorse_withdraw_post(token: str) -> Response:
    own.withdraw(token)
    return see_other(url_for("public.endorse_me", token=token))


@public.get("/endorse/me/<token>/erase")
@own_page
def endorse_erase(token: str) -> Response:
    return _asking(token, "public/endorse_erase.html")


@public.post("/endorse/me/<token>/erase", endpoint="endorse_erase_post")
@own_page
def endorse_erase_post(token: str) -> Response:
    was_public = own_endorsement(token, i18n.language()).published_at is not None
    own.erase(token)
    return make_response(render_template("public/endorse_erased.html", was_public=was_public))


def _back(token: str, done: str) -> Response:
    return see_other(url_for("public.endorse_me", token=token, done=done))


def _asking(token: str, template: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    return make_response(
        render_template(template, page=endorsement.campaign, endorsement=endorsement, token=token)
    )


def _page(token: str, endorsement: EndorsementView, status: int) -> Response:
    done = request.args.get("done")
    return make_response(
        render_template(
            "public/endorse_me.html",
            page=endorsement.campaign,
            endorsement=endorsement,
            token=token,
            correctable=endorsement.state in own.CORRECTABLE,
            proof=_proof(endorsement),
            done=done if done in DONE else None,
            changed=status == 409,
        ),
        status,
    )


def _correct_page(token: str, endorsement: EndorsementView, form: CorrectionForm, status: int) -> Response:
    if endorsement.state not in own.CORRECTABLE:
        return _page(token, endorsement, 409)
    return make_response(
        render_template(
            "public/endorse_correct.html",
            page=endorsement.campaign,
            endorsement=endorsement,
            form=form,
            token=token,
        ),
        status,
    )


def _contact_page(token: str, form: ContactForm, status: int, *, same_person: bool = False) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.state not in own.CORRECTABLE:
        return _page(token, endorsement, 409)
    if same_person:
        form.email.errors = [_("This person speaks for the organisation already.")]
    return make_response(
        render_template(
            "public/endorse_change_contact.html",
            page=endorsement.campaign,
            endorsement=endorsement,
            form=form,
            token=token,
        ),
        status,
    )


def _proof(endorsement: EndorsementView) -> dict[str, str] | None:
    """What to place where, to prove that the website is the organisation's; None when that is not offered."""
    if not current_config().site_checks or endorsement.state not in own.CORRECTABLE:
        return None
    if endorsement.level not in (Level.MAIL, Level.DOMAIN):
        return None
    host = host_of((endorsement.published or endorsement.newest).content.website)
    return {
        "record": f"{RECORD}.{registrable(host) or host}",
        "file": f"https://{host}{PATH}",
        "value": site_proof(endorsement.id),
    }


def _readable(endorsement: EndorsementView) -> dict[str, Any]:
    """Everything that is stored, as who speaks for the organisation may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2)."""
    return {
        "campaign": {"slug": endorsement.campaign.slug, "title": endorsement.campaign.title},
        "pledge": {
            "version": endorsement.pledge.version,
            "sha256": endorsement.pledge.sha256,
            "text": endorsement.pledge.html.striptags(),
        },
        "contact": {
            "name": endorsement.contact_name,
            "title": endorsement.contact_title,
            "email": endorsement.contact_email,
            "shown_in_public": endorsement.show_contact,
        },
        "registration_number": endorsement.registration_number,
        "versions": [_readable_version(version) for version in endorsement.versions],
        "state": endorsement.state.value,
        "level": endorsement.level.value,
        "last_decision": endorsement.decision_reason,
        "language": endorsement.lang,
        "privacy_notice": endorsement.privacy_version,
        "submitted_at": endorsement.submitted_at.isoformat(),
        "confirmed_at": endorsement.confirmed_at and endorsement.confirmed_at.isoformat(),
        "published_at": endorsement.published_at and endorsement.published_at.isoformat(),
        "ended_at": endorsement.ended_at and endorsement.ended_at.isoformat(),
    }


def _readable_version(version: VersionView) -> dict[str, Any]:
    return {
        "number": version.seq,
        "state": version.state.value,
        "submitted_at": version.submitted_at.isoformat(),
        "spokesperson": version.spokesperson,
        **asdict(version.content),
    }
