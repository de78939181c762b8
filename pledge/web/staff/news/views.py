"""News of a campaign in the staff area: write it, look at it, test it, propose it; another person approves it; how far it is."""

from collections.abc import Callable

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from config import current_config
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import are_two_accounts, invited_lately
from pledge.campaigns import senders
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.rules import BadFields, stamp
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.core import languages, urls
from pledge.deliveries import queries as deliveries
from pledge.ledger import queries as ledger
from pledge.news import queries, services
from pledge.news.models import NewsState
from pledge.news.queries import NewsView
from pledge.news.services import NewsFields, NewsInWrongState, NoSuchNews
from pledge.web import errors
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import RemoveForm
from pledge.web.staff.campaigns.saving import SavingProblem, attempt
from pledge.web.staff.campaigns.sections import OK, removal_page, saved, section_page
from pledge.web.staff.deciding import decide
from pledge.web.staff.news import beginnings
from pledge.web.staff.news.forms import NewsForm, ReplyForm, SeenForm
from pledge.web.staff.signatures.forms import StatedReasonForm

_ALL = "/campaigns/<slug>/news"
_ONE = f"{_ALL}/<int(min=1,max=2147483647):news_id>"


@staff.errorhandler(NoSuchNews)
def no_such_news(_error: NoSuchNews) -> Response:
    return errors.error_page(404)


@staff.get(_ALL)
@needs(Permission.EDIT_CAMPAIGNS)
def news(slug: str) -> Response:
    desk = campaigns.desk(slug)
    now = senders.reply_to(desk.id)
    return _list_page(desk, ReplyForm(data={"reply_to": now, "seen": stamp({"reply_to": now})}), OK)


@staff.post(f"{_ALL}/reply-to")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def news_reply_to(slug: str) -> AnyResponse:
    form = ReplyForm(request.form)
    problem = attempt(
        form, lambda: senders.set_reply_to(actor(), slug, form.seen.data or "", form.reply_to.data or "")
    )
    return _list_page(campaigns.desk(slug), form, problem) if problem else saved("news", slug)


@staff.get(f"{_ALL}/new")
@needs(Permission.EDIT_CAMPAIGNS)
def news_new(slug: str) -> Response:
    """An empty form, or with `delivery` one with the facts of that delivery."""
    desk = campaigns.desk(slug)
    return _form_page(desk.slug, None, NewsForm(data=_typed(_begin(desk.id))), OK)


@staff.post(f"{_ALL}/new")
@needs(Permission.EDIT_CAMPAIGNS)
def news_new_post(slug: str) -> AnyResponse:
    form, written = NewsForm(request.form), []
    problem = attempt(form, lambda: written.append(services.write(actor(), slug, form.fields)))
    return _form_page(slug, None, form, problem) if problem else _back(slug, written[0])


@staff.get(_ONE)
@needs(Permission.EDIT_CAMPAIGNS)
def news_item(slug: str, news_id: int) -> Response:
    return _page(slug, news_id, 200)


@staff.get(f"{_ONE}/edit")
@needs(Permission.EDIT_CAMPAIGNS)
def news_edit(slug: str, news_id: int) -> AnyResponse:
    found = _found(slug, news_id)
    if found.state is not NewsState.DRAFT:
        return _back(slug, news_id)
    form = NewsForm(data={**_typed(found.fields), "seen": found.stamp})
    return _form_page(slug, found, form, OK)


@staff.post(f"{_ONE}/edit")
@needs(Permission.EDIT_CAMPAIGNS)
def news_edit_post(slug: str, news_id: int) -> AnyResponse:
    form = NewsForm(request.form)
    try:
        problem = attempt(
            form, lambda: services.change(actor(), slug, news_id, form.seen.data or "", form.fields)
        )
    except NewsInWrongState:
        return _page(slug, news_id, 409, "state")
    return _form_page(slug, _found(slug, news_id), form, problem) if problem else _back(slug, news_id)


@staff.post(f"{_ONE}/test")
@needs(Permission.EDIT_CAMPAIGNS)
def news_test(slug: str, news_id: int) -> AnyResponse:
    services.send_test(actor(), slug, news_id)
    return redirect(url_for("staff.news_item", slug=slug, news_id=news_id, tested=1), 303)


@staff.post(f"{_ONE}/propose")
@needs(Permission.EDIT_CAMPAIGNS)
def news_propose(slug: str, news_id: int) -> AnyResponse:
    form = SeenForm(request.form)
    try:
        return _decide(slug, news_id, lambda: services.propose(actor(), slug, news_id, form.seen.data or ""))
    except BadFields:
        return _page(slug, news_id, 422, "incomplete")


@staff.post(f"{_ONE}/approve")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def news_approve(slug: str, news_id: int) -> AnyResponse:
    form = SeenForm(request.form)
    return _decide(slug, news_id, lambda: services.approve(actor(), slug, news_id, form.seen.data or ""))


@staff.post(f"{_ONE}/take-back")
@needs(Permission.EDIT_CAMPAIGNS)
def news_take_back(slug: str, news_id: int) -> AnyResponse:
    return _decide(slug, news_id, lambda: services.take_back(actor(), slug, news_id))


@staff.post(f"{_ONE}/stop")
@needs(Permission.EDIT_CAMPAIGNS)
def news_stop(slug: str, news_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    if not form.validate():
        return _page(slug, news_id, 422, form=form)
    return _decide(slug, news_id, lambda: services.stop(actor(), slug, news_id, form.why.data or ""))


@staff.get(f"{_ONE}/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def news_remove(slug: str, news_id: int) -> AnyResponse:
    found = _found(slug, news_id)
    if found.state is not NewsState.DRAFT:
        return _back(slug, news_id)
    return _removal_page(slug, found, RemoveForm(data={"seen": found.stamp}), OK)


@staff.post(f"{_ONE}/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def news_remove_post(slug: str, news_id: int) -> AnyResponse:
    found, form = _found(slug, news_id), RemoveForm(request.form)
    try:
        problem = attempt(
            form,
            lambda: services.remove(actor(), slug, news_id, form.seen.data or "", form.reason.data or ""),
        )
    except NewsInWrongState:
        return _page(slug, news_id, 409, "state")
    return _removal_page(slug, found, form, problem) if problem else saved("news", slug)


def _begin(campaign_id: int) -> NewsFields:
    number = request.args.get("delivery", default=0, type=int)
    found = deliveries.find(number) if 0 < number < 2**31 else None
    if found is None:
        return NewsFields(languages.Texts(), languages.Texts())
    if found.campaign_id != campaign_id or not found.is_handed_over:
        abort(404)
    return beginnings.of_delivery(found)


def _typed(fields: NewsFields) -> dict[str, object]:
    """The fields as the form holds them."""
    return {**languages.as_fields(vars(fields)), "milestone": str(fields.milestone or "")}


def _found(slug: str, news_id: int) -> NewsView:
    return queries.one(campaigns.desk(slug).id, news_id)


def _back(slug: str, news_id: int) -> AnyResponse:
    return redirect(url_for("staff.news_item", slug=slug, news_id=news_id), 303)


def _decide(slug: str, news_id: int, act: Callable[[], None]) -> AnyResponse:
    return decide(
        act,
        lambda status, refused: _page(slug, news_id, status, refused),
        url_for("staff.news_item", slug=slug, news_id=news_id),
        NewsInWrongState,
    )


def _list_page(desk: CampaignDesk, form: ReplyForm, problem: SavingProblem) -> Response:
    return section_page(
        "staff/news/news.html",
        desk,
        form,
        problem,
        items=queries.of_campaign(desk.id),
        recipients=queries.recipients(desk.id),
        site_contact=urls.contact(),
    )


def _form_page(slug: str, found: NewsView | None, form: NewsForm, problem: SavingProblem) -> Response:
    return section_page("staff/news/edit.html", campaigns.desk(slug), form, problem, found=found)


def _removal_page(slug: str, found: NewsView, form: RemoveForm, problem: SavingProblem) -> Response:
    back = url_for("staff.news_item", slug=slug, news_id=found.id)
    return removal_page(slug, found.title, back, form, problem)


def _page(
    slug: str, news_id: int, status: int, refused: str = "", form: StatedReasonForm | None = None
) -> Response:
    desk, who = campaigns.desk(slug), actor()
    found = queries.one(desk.id, news_id)
    page = render_template(
        "staff/news/item.html",
        desk=desk,
        found=found,
        recipients=queries.recipients(desk.id),
        people=ledger.count(desk.id).people,
        progress=queries.progress(news_id) if found.begun_at else None,
        pace=current_config().news_pace,
        is_second=are_two_accounts(found.proposed_by, who.staff_id),
        lately=invited_lately(found.proposed_by, who.staff_id),
        form=form or StatedReasonForm(),
        refused=refused,
        tested=request.args.get("tested") == "1",
    )
    return make_response(page, status)
