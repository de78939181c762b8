"""News of a campaign in the staff area: written, looked at, tested and proposed on one page, on which another person approves it.

Announced news is open to all of the staff, who can stop it.
"""

from datetime import timedelta

from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from config import current_config
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import FieldFault
from pledge.core import languages
from pledge.core.i18n import Phrase, format_count, format_date
from pledge.core.languages import Texts, codes
from pledge.deliveries import queries as deliveries
from pledge.deliveries.models import Delivery
from pledge.ledger import queries as ledger
from pledge.news import queries, services
from pledge.news.models import NewsItem, NewsState
from pledge.news.services import NewsFields
from pledge.web.forms import ByLanguage, StaffForm, WholeNumberField
from pledge.web.routes import Ask
from pledge.web.staff.auth import access
from pledge.web.staff.auth.access import actor, me
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, REMOVAL, ask_and_remove, section_page
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    StatedReasonForm,
    attempt,
)

_EDIT = Permission.EDIT_CAMPAIGNS

_HANDED_OVER = Phrase("news", "The signatures were handed over")
_HANDED_OVER_BODY = Phrase(
    "news",
    "The signatures of %(people)s people were handed over on %(day)s (%(occasion)s). Recipient: %(recipient)s.\n\n"
    "Only totals were handed over: they contain no names and no e-mail addresses. We will publish the reply on the "
    "campaign page.",
)
_ANSWERED = Phrase("news", "%(recipient)s has answered")
_ANSWERED_BODY = Phrase(
    "news",
    "On %(handed_over)s we handed over the signatures of %(people)s people. %(recipient)s answered on %(day)s:\n\n"
    "%(answer)s",
)


class NewsForm(StampedForm):
    title = ByLanguage(StringField, _l("Title"))
    body = ByLanguage(TextAreaField, _l("Text"))
    milestone = WholeNumberField(
        _l("Send when so many people have signed"), [Optional()], FieldFault.GOAL.value
    )

    @property
    def fields(self) -> NewsFields:
        return self.entry(NewsFields)


@staff.page("/campaigns/<slug>/news", needs=_EDIT)
def news(slug: str) -> Response:
    desk = campaigns.desk(slug)
    lists = {"items": queries.newest(desk.id), "recipients": queries.recipients(desk.id)}
    return section_page("staff/news/news.html", desk, None, OK, **lists)


@staff.page("/campaigns/<slug>/news/new", needs=_EDIT)
def news_new(slug: str) -> Response:
    """An empty form, or with `delivery` one with the facts of that delivery."""
    desk = campaigns.desk(slug)
    number = request.args.get("delivery", default=0, type=int)
    delivery = deliveries.find(number) if 0 < number < 2**31 else None
    if delivery is None:
        return _page(desk, None, NewsForm())
    if delivery.campaign_id != desk.id or not delivery.handed_over_at:
        abort(404)
    return _page(desk, None, NewsForm(data=languages.as_fields(_texts_about(delivery))))


@staff.act("/campaigns/<slug>/news/new", needs=_EDIT, asks=Ask.NOTHING)
def news_new_post(slug: str) -> AnyResponse:
    form, written = NewsForm(request.form), []
    problem = attempt(
        form,
        lambda: written.append(services.write(actor(), slug, form.fields)),
        check=lambda: services.clean(form.fields),
    )
    return _page(campaigns.desk(slug), None, form, problem) if problem else _back(slug, written[0])


@staff.page("/campaigns/<slug>/news/<int32:news_id>", needs=Permission.SEE_DASHBOARD)
def news_item(
    slug: str, news_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    item = _find(slug, news_id)
    if item.due_at is None and not me().sees(Permission.EDIT_CAMPAIGNS):
        return access.refused()
    stored = {**languages.as_fields(item.content), "seen": item.stamp}
    return _page(
        campaigns.desk(slug),
        item,
        NewsForm(data=stored),
        SavingProblem(status),
        reason_form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        refused=refused,
    )


@staff.act("/campaigns/<slug>/news/<int32:news_id>", needs=_EDIT, asks=Ask.NOTHING)
def news_item_post(slug: str, news_id: int) -> AnyResponse:
    form = NewsForm(request.form)
    problem = attempt(
        form,
        lambda: services.change(actor(), slug, news_id, form.seen.data, form.fields),
        check=lambda: services.clean(form.fields),
    )
    return (
        _page(campaigns.desk(slug), _find(slug, news_id), form, problem) if problem else _back(slug, news_id)
    )


@staff.act("/campaigns/<slug>/news/<int32:news_id>/propose", needs=_EDIT, asks=Ask.NOTHING)
def news_propose(slug: str, news_id: int) -> AnyResponse:
    form = StampedForm(request.form)
    return decide(news_item, form, lambda: services.propose(actor(), slug, news_id, seen=form.seen.data))


@staff.act("/campaigns/<slug>/news/<int32:news_id>/announce", needs=_EDIT, asks=Ask.FACTOR)
def news_announce(slug: str, news_id: int) -> AnyResponse:
    """Without a second person: it goes out in 24 hours, unless one of the staff stops it."""
    form = StampedForm(request.form)
    return decide(news_item, form, lambda: services.announce(actor(), slug, news_id, seen=form.seen.data))


@staff.act("/campaigns/<slug>/news/<int32:news_id>/approve", needs=_EDIT, asks=Ask.FACTOR)
def news_approve(slug: str, news_id: int) -> AnyResponse:
    form = StampedForm(request.form)
    return decide(news_item, form, lambda: services.approve(actor(), slug, news_id, seen=form.seen.data))


@staff.act("/campaigns/<slug>/news/<int32:news_id>/take-back", needs=_EDIT, asks=Ask.NOTHING)
def news_take_back(slug: str, news_id: int) -> AnyResponse:
    return decide(news_item, StaffForm(request.form), lambda: services.take_back(actor(), slug, news_id))


@staff.act("/campaigns/<slug>/news/<int32:news_id>/send-back", needs=_EDIT, asks=Ask.REASON)
def news_send_back(slug: str, news_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(news_item, form, lambda: services.send_back(actor(), slug, news_id, reason=form.why.data))


@staff.act("/campaigns/<slug>/news/<int32:news_id>/stop", needs=_EDIT, asks=Ask.REASON)
def news_stop(slug: str, news_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(news_item, form, lambda: services.stop(actor(), slug, news_id, reason=form.why.data))


@staff.act(
    "/campaigns/<slug>/news/<int32:news_id>/stop-announced", needs=Permission.SEE_DASHBOARD, asks=Ask.REASON
)
def news_stop_announced(slug: str, news_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(
        news_item, form, lambda: services.stop_announced(actor(), slug, news_id, reason=form.why.data)
    )


@staff.act("/campaigns/<slug>/news/<int32:news_id>/send-test", needs=_EDIT, asks=Ask.NOTHING)
def news_send_test(slug: str, news_id: int) -> AnyResponse:
    message = _("A test in each language is on its way to your address.")
    return decide(
        news_item, StaffForm(request.form), lambda: services.send_test(actor(), slug, news_id), message
    )


@staff.page("/campaigns/<slug>/news/<int32:news_id>/remove", needs=_EDIT, asks=REMOVAL)
def news_remove(slug: str, news_id: int) -> AnyResponse:
    item = _find(slug, news_id)
    if request.method != "POST" and item.state != NewsState.DRAFT:
        return _back(slug, news_id)
    return ask_and_remove(
        item.title,
        item.stamp,
        news_item,
        lambda seen, reason: services.remove(actor(), slug, news_id, seen=seen, reason=reason),
        then=url_for("staff.news", slug=slug),
    )


def _texts_about(delivery: Delivery) -> dict[str, Texts]:
    """The news that a delivery was handed over, or what was answered once it is."""
    title, body = (_ANSWERED, _ANSWERED_BODY) if delivery.answered_at else (_HANDED_OVER, _HANDED_OVER_BODY)
    facts = {}
    for lang in codes():
        handed_over = format_date(delivery.handed_over_at, lang) if delivery.handed_over_at else ""
        facts[lang] = {
            "people": format_count(delivery.checkpoint.people, lang),
            "recipient": delivery.recipient.in_language(lang),
            "occasion": delivery.occasion.in_language(lang),
            "handed_over": handed_over,
            "day": format_date(delivery.answered_at, lang) if delivery.answered_at else handed_over,
            "answer": "\n".join(
                f"> {line}".rstrip() for line in delivery.answer.in_language(lang).splitlines()
            ),
        }
    return {
        "title": Texts({lang: title.in_language(lang, **facts[lang]) for lang in codes()}),
        "body": Texts({lang: body.in_language(lang, **facts[lang]) for lang in codes()}),
    }


def _find(slug: str, news_id: int) -> NewsItem:
    return queries.find(campaigns.desk(slug).id, news_id)


def _back(slug: str, news_id: int) -> AnyResponse:
    return redirect(url_for("staff.news_item", slug=slug, news_id=news_id), 303)


def _page(
    desk: Campaign,
    item: NewsItem | None,
    form: NewsForm,
    problem: SavingProblem = OK,
    *,
    reason_form: StatedReasonForm | None = None,
    refused: str = "",
) -> Response:
    """The news, and while it is a draft the form that it is written in."""
    return section_page(
        "staff/news/item.html",
        desk,
        form,
        problem,
        item=item,
        reason_form=reason_form or StatedReasonForm(),
        refused="state" if problem.decided else refused,
        recipients=queries.recipients(desk.id),
        people=ledger.count(desk.id).people,
        progress=queries.progress(item.id) if item and item.begun_at else None,
        outcome=queries.outcome(item.id) if item and item.ended_at else None,
        pace=current_config().news_pace,
        delay_hours=services.DELAY // timedelta(hours=1),
        obstacle=obstacle(item.proposed_by, me().id) if item else None,
        is_editor=me().can(Permission.EDIT_CAMPAIGNS),
        is_alone=not queries.approvers(me().id),
    )
