"""The pages of a mailed link, the same for signatures and endorsements: opening it shows, pressing its button acts.

GET and HEAD never change anything. The differences between the two are in signing/subject.py and endorsing/subject.py. What
the link itself opens is in confirming.py, the own page in own.py.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from flask import Response, abort, jsonify, make_response, render_template, request
from flask_babel import gettext as _

from pledge.campaigns import queries as campaigns
from pledge.campaigns.mailed_links import Confirmation, Link, LinkState
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n, metrics, tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.queries import number_of
from pledge.signatures import services as signatures
from pledge.web.limits import count_unknown_link, limited, link_limit, token_limit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import campaign_or_404
from pledge.web.public.endorsing.subject import ENDORSEMENT
from pledge.web.public.mailed_links.subject import DonePage, Question, Subject
from pledge.web.public.signing.forms import ConfirmCodeForm, LinkForm, MailboxForm
from pledge.web.public.signing.next_steps import next_steps
from pledge.web.public.signing.sign import see_other
from pledge.web.public.signing.subject import SIGNATURE

View = TypeVar("View", bound=Callable[..., Response])
LinkView = Callable[[Subject, str], Response]

SUBJECTS = (SIGNATURE, ENDORSEMENT)
FORM = ("GET", "POST")


def route(
    rule: str, of: Sequence[Subject] = SUBJECTS, methods: Sequence[str] = ("GET",)
) -> Callable[[View], View]:
    """Route a view for each subject, which it is called with: `public.signature_confirm`, `public.endorsement_confirm`.

    `{of.prefix}` in the rule is the subject's.
    """

    def declare(view: View) -> View:
        for subject in of:
            public.add_url_rule(
                rule.format(of=subject),
                f"{subject.name}_{view.__name__}",
                view,
                defaults={"subject": subject},
                methods=methods,
            )
        return view

    return declare


def mailed_link(view: LinkView) -> LinkView:
    """Decorate a view of a mailed link: an invalid link gets the common page, and counts against the visitor's limit."""

    @wraps(view)
    def guarded(subject: Subject, token: str) -> Response:
        try:
            return view(subject, token)
        except BadToken:
            return problem(subject, Link(LinkState.UNKNOWN), token, 410)

    return guarded


def show(template: str, subject: Subject, record: Any, status: int = 200, **more: Any) -> Response:
    """A page about a signature or endorsement, for the holder of a link to it."""
    named = {subject.name: record, "record": record, "page": record.campaign}
    return make_response(render_template(template, subject=subject, **named, **more), status)


def ask(
    question: Question,
    back: str = "",
    campaign: Any = None,
    form: MailboxForm | None = None,
    status: int = 200,
) -> Response:
    """A page with one button that sends a POST to its own address; with the field of a form, where the button alone is not enough."""
    page = render_template(
        "public/mailed_links/question.html", question=question, back=back, page=campaign, form=form
    )
    return make_response(page, status)


def done(what: DonePage) -> Response:
    return make_response(render_template("public/mailed_links/done.html", done=what))


def problem(subject: Subject, link: Link[Any], token: str, status: int) -> Response:
    """The page of a link that does not confirm, with a way on. Unknown and erased look exactly the same."""
    known = link.state is not LinkState.UNKNOWN
    if not known:
        count_unknown_link()
    page = render_template(
        "public/mailed_links/link_problem.html",
        subject=subject,
        problem=link.state.value,
        token=token if known else None,
        form=LinkForm(),
        campaigns=campaigns.public_campaigns(i18n.language()),
        record=link.record,
        page=link.record.campaign if link.record else None,
    )
    return make_response(page, status)


def is_wrong(response: Response) -> bool:
    """Whether the answer is to a wrong code: only those count against the limit, so many people behind one address can confirm."""
    return response.status_code in (404, 422)


@route("/c/<slug>/endorse/check/<ticket>", of=[ENDORSEMENT])
@route("/c/<slug>/check/<ticket>", of=[SIGNATURE])
def check(subject: Subject, slug: str, ticket: str) -> Response:
    """ "Check your mail", where the six digits of the mail may be typed if it has any."""
    submission = _ticket_or_404(lambda: subject.read_ticket(slug, ticket))
    if not _was_resent() and subject.is_confirmed(submission):
        return _confirmed_elsewhere(subject, slug, ticket, submission)
    return _check_page(subject, slug, ticket, ConfirmCodeForm())


@route("/c/<slug>/check/<ticket>", of=[SIGNATURE], methods=["POST"])
@limited(token_limit, deduct_when=is_wrong)
def check_post(subject: Subject, slug: str, ticket: str) -> Response:
    """The six digits that were typed."""
    submission = _ticket_or_404(lambda: subject.read_ticket(slug, ticket))
    form = ConfirmCodeForm(request.form)
    if form.validate():
        if signatures.confirm_by_code(submission, form.digits) is Confirmation.DONE:
            metrics.confirmations.labels(subject.name, "code").inc()
            token = tokens.mint(Purpose.CONFIRM, [submission])
            return see_other(subject.url("confirm", token=token))
        # One wording for wrong, spent and unknown: another one would tell a stranger that this address has signed.
        form.code.errors = [
            _("This code does not work. Please use the newest e-mail, or ask for a new one below.")
        ]
    return _check_page(subject, slug, ticket, form)


@route("/c/<slug>/check/<ticket>/state", of=[SIGNATURE])
def check_state(subject: Subject, slug: str, ticket: str) -> Response:
    """Whether the submission of this page was confirmed by its link, for the page that waits."""
    submission = _ticket_or_404(lambda: subject.read_ticket(slug, ticket))
    return jsonify(confirmed=subject.is_confirmed(submission))


@route("/c/<slug>/check/<ticket>/counted", of=[SIGNATURE])
def check_counted(subject: Subject, slug: str, ticket: str) -> Response:
    """The number, for the page with the thanks where the form was sent."""
    submission = _ticket_or_404(lambda: subject.read_ticket(slug, ticket))
    if not subject.is_confirmed(submission):
        abort(404)
    return counted(campaign_or_404(slug), number_of(submission))


@route("/c/<slug>{of.prefix}/check/<ticket>/resend", methods=["POST"])
@limited(link_limit)
def resend(subject: Subject, slug: str, ticket: str) -> Response:
    _ticket_or_404(lambda: subject.resend(slug, ticket, i18n.language()))
    return _back_to_check(subject, slug, ticket)


@route("{of.prefix}/confirm/<token>/renew", methods=["POST"])
@limited(link_limit)
@mailed_link
def renew(subject: Subject, token: str) -> Response:
    return _back_to_check(subject, *subject.renew(token, i18n.language()))


@route("{of.prefix}/confirm/<token>/my-link", methods=["POST"])
@limited(link_limit)
@mailed_link
def mail_own_link(subject: Subject, token: str) -> Response:
    subject.mail_own_link(token, i18n.language())
    return see_other(subject.url("confirm", token=token, mailed=1, _anchor="done"))


@route("{of.prefix}/me", methods=FORM)
@limited(link_limit, methods=["POST"])
def my_link(subject: Subject) -> Response:
    """The way to the own page for people without the mail. It never reveals whether an address is known."""
    form = LinkForm(request.form or None)
    shown = campaigns.public_campaigns(i18n.language())
    if request.method == "POST" and form.validate():
        slug = form.campaign.data or (shown[0].slug if shown else "")
        subject.send_link(slug, form.address, i18n.language())
        return see_other(subject.url("my_link_sent"))
    page = render_template("public/mailed_links/my_link.html", subject=subject, form=form, campaigns=shown)
    return make_response(page, 422 if request.method == "POST" else 200)


@route("{of.prefix}/me/sent")
def my_link_sent(subject: Subject) -> Response:
    return make_response(render_template("public/mailed_links/my_link_sent.html", subject=subject))


def by_code() -> str | None:
    """`code` on the pages of a form that went on without proof of work, whose mail has no link; None on others."""
    return "code" if request.args.get("by") == "code" else None


def _was_resent() -> bool:
    return request.args.get("resent") == "1"


def _was_mailed() -> bool:
    return request.args.get("mailed") == "1"


def _me_token(subject: Subject, link: Link[Any]) -> str | None:
    return None if link.expired else subject.own_token(link.record)


def _check_page(subject: Subject, slug: str, ticket: str, form: ConfirmCodeForm) -> Response:
    page = render_template(
        "public/mailed_links/check.html",
        subject=subject,
        page=campaign_or_404(slug),
        ticket=ticket,
        form=form,
        match_number=subject.match_number(slug, ticket),
        resent=_was_resent(),
        by=by_code(),
    )
    return make_response(page, 422 if form.errors else 200)


def counted(campaign: CampaignView, number: int | None) -> Response:
    """The parts of the page with the thanks that have the number, as HTML; null before it is given."""
    if number is None:
        return jsonify(html=None)
    html = render_template(
        "public/signing/counted.html",
        page=campaign,
        number=number,
        next=next_steps(campaign, at_least=number),
    )
    return jsonify(html=html)


def _confirmed_elsewhere(subject: Subject, slug: str, ticket: str, submission: Any) -> Response:
    """Thanks without anything of the person: the ticket is not from their mailbox."""
    campaign, number = campaign_or_404(slug), number_of(submission)
    if subject.is_held(submission):
        return make_response(render_template("public/mailed_links/held.html", page=campaign))
    page = render_template(
        "public/mailed_links/confirmed_elsewhere.html",
        page=campaign,
        number=number,
        counted=subject.url("check_counted", slug=slug, ticket=ticket),
        next=next_steps(campaign),
    )
    return make_response(page)


def _ticket_or_404(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except BadToken:
        abort(404)


def _back_to_check(subject: Subject, slug: str, ticket: str) -> Response:
    return see_other(subject.url("check", slug=slug, ticket=ticket, resent=1, by=by_code()))


def held(subject: Subject, link: Link[Any], token: str) -> Response:
    """Confirmed, and counted when a person has looked at it; the same words whatever the reason is."""
    return show(
        "public/mailed_links/held.html",
        subject,
        link.record,
        token=token,
        mailed=_was_mailed(),
        me_token=_me_token(subject, link),
    )


def thanks(subject: Subject, link: Link[Any], token: str, status: int = 200, **more: Any) -> Response:
    """Thanks, and what comes next. An old link does not open the own page; the mailbox gets a new one."""
    return show(
        subject.thanks_template,
        subject,
        link.record,
        status,
        token=token,
        mailed=_was_mailed(),
        me_token=_me_token(subject, link),
        **{"mail_comes": False, "declined": False, **subject.thanks_context(link.record), **more},
    )
