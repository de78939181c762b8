"""The pages of a mailed link, the same for signatures and endorsements: opening it shows, pressing its button acts.

GET and HEAD never change anything. The differences between the two are in signing/subject.py and endorsing/subject.py. What
the link itself opens is in confirming.py, the own page in own.py.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse

from pledge.campaigns import queries as campaigns
from pledge.campaigns.mailed_links import Confirmation, Link, LinkState
from pledge.core import i18n, metrics, tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.signatures import services as signatures
from pledge.signatures.identifiers import read_ticket
from pledge.web.caching import kept
from pledge.web.forms import see_other
from pledge.web.limits import count_unknown_link, limited, link_limit, token_limit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.endorsing.subject import ENDORSEMENT
from pledge.web.public.mailed_links.subject import DonePage, Question, Subject
from pledge.web.public.signing.forms import ConfirmCodeForm, LinkForm, MailboxForm
from pledge.web.public.signing.subject import SIGNATURE

View = TypeVar("View", bound=Callable[..., AnyResponse])
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
    named = {subject.name: record.row, "record": record, "page": record.campaign}
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


@route("/c/<slug>{of.prefix}/check")
@route("/c/<slug>{of.prefix}/check/<ticket>")
@kept(PAGE_CACHE, reads=("by",), variant=lambda: by_code() or "", ignores="ticket")
def check(subject: Subject, slug: str, ticket: str = "") -> Response:
    """ "Check your mail", where the six digits of the mail may be typed if it has any. The ticket is not read: its forms post to
    their own address, and what the browser that signed may know it asks for (`mine`).
    """
    return _check_page(subject, slug, ConfirmCodeForm())


@route("/c/<slug>{of.prefix}/check", methods=["POST"])
@route("/c/<slug>{of.prefix}/check/<ticket>", methods=["POST"])
@limited(token_limit, deduct_when=is_wrong)
def check_post(subject: Subject, slug: str, ticket: str = "") -> Response:
    """The six digits that were typed; or the mail once more; or, without JavaScript, the two digits."""
    if "resend" in request.form:
        return _resend(subject, slug, ticket)
    form = ConfirmCodeForm(request.form)
    if "digits" in request.form:
        return _check_page(subject, slug, ConfirmCodeForm(), _match_number(subject, slug, ticket))
    if subject.has_code and form.validate():
        outcome, token = _confirm_by_code(slug, ticket, form.digits)
        if outcome is Confirmation.DONE:
            metrics.confirmations.labels(subject.name, "code").inc()
            return see_other(subject.url("thanks", slug=slug))
        if outcome is Confirmation.UNMOVED:
            return see_other(subject.url("confirm", token=token))
        # One wording for wrong, spent and unknown: another one would tell a stranger that this address has signed.
        form.code.errors = [
            _("This code does not work. Please use the newest e-mail, or ask for a new one below.")
        ]
    return _check_page(subject, slug, form)


@route("/c/<slug>{of.prefix}/thanks")
@kept(PAGE_CACHE)
def thanks(subject: Subject, slug: str) -> Response:
    """Thanks, and what comes next, with nothing of the person: the browser that pressed asks for that (`mine`)."""
    page = campaign_or_404(slug)
    context = subject.thanks_context(page)
    return make_response(render_template(subject.thanks_template, subject=subject, page=page, **context))


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


def used(subject: Subject, record: Any, token: str) -> Response:
    """The page of a link that has confirmed, the same for whoever opens it, also where a person looks at the signature first."""
    mailed = request.args.get("mailed") == "1"
    return show("public/mailed_links/used.html", subject, record, token=token, mailed=mailed)


@limited(link_limit, scope="resend")
def _resend(subject: Subject, slug: str, ticket: str) -> Response:
    with suppress(BadToken):
        subject.resend(slug, ticket, i18n.language())
    return _back_to_check(subject, slug, ticket)


def _confirm_by_code(slug: str, ticket: str, code: str) -> tuple[Confirmation, str]:
    """How it ended, and the token of the link that says how it stands."""
    try:
        submission = read_ticket(slug, ticket)
    except BadToken:
        return Confirmation.WRONG, ""
    return signatures.confirm_by_code(submission, code), tokens.mint(Purpose.CONFIRM, [submission])


def _match_number(subject: Subject, slug: str, ticket: str) -> str:
    try:
        return subject.match_number(slug, ticket)
    except BadToken:
        return ""


def _check_page(subject: Subject, slug: str, form: ConfirmCodeForm, match_number: str = "") -> Response:
    page = render_template(
        "public/mailed_links/check.html",
        subject=subject,
        page=campaign_or_404(slug),
        form=form,
        match_number=match_number,
        by=by_code(),
    )
    return make_response(page, 422 if form.errors else 200)


def _back_to_check(subject: Subject, slug: str, ticket: str) -> Response:
    return see_other(subject.url("check", slug=slug, ticket=ticket or None, by=by_code(), _anchor="resent"))
