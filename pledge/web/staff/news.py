"""News of a campaign in the staff area: written, looked at, tested and proposed on one page, on which another person approves it.

Announced news is open to all of the staff, who can stop it.
"""

from flask import Response, abort, redirect, request, url_for
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
from pledge.deliveries.queries import DeliveryRow
from pledge.ledger import queries as ledger
from pledge.news import queries, services
from pledge.news.models import NewsItem, NewsState
from pledge.news.services import NewsFields
from pledge.web.forms import ByLanguage, StaffForm, WholeNumberField
from pledge.web.staff.auth import access
from pledge.web.staff.auth.access import Ask, actor, done, me, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, removal_route, section_page
from pledge.web.staff.decisions import Decision, decision_routes
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    StatedReasonForm,
    attempt,
)

_ALL = "/campaigns/<slug>/news"
_ONE = f"{_ALL}/<int(min=1,max=2147483647):news_id>"

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


@staff.get(_ALL)
@needs(Permission.EDIT_CAMPAIGNS)
def news(slug: str) -> Response:
    desk = campaigns.desk(slug)
    lists = {"items": queries.newest(desk.id), "recipients": queries.recipients(desk.id)}
    return section_page("staff/news/news.html", desk, None, OK, **lists)


@staff.get(f"{_ALL}/new")
@needs(Permission.EDIT_CAMPAIGNS)
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


@staff.post(f"{_ALL}/new")
@needs(Permission.EDIT_CAMPAIGNS, Ask.NOTHING)
def news_new_post(slug: str) -> AnyResponse:
    form, written = NewsForm(request.form), []
    problem = attempt(
        form,
        lambda: written.append(services.write(actor(), slug, form.fields)),
        check=lambda: services.clean(form.fields),
    )
    return _page(campaigns.desk(slug), None, form, problem) if problem else _back(slug, written[0])


@staff.get(_ONE)
@needs(Permission.SEE_DASHBOARD)
def news_item(
    slug: str, news_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    found = _find(slug, news_id)
    if found.due_at is None and not me().can(Permission.EDIT_CAMPAIGNS):
        return access.refused()
    stored = {**languages.as_fields(found.content), "seen": found.stamp}
    return _page(
        campaigns.desk(slug),
        found,
        NewsForm(data=stored),
        SavingProblem(status),
        reason_form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        refused=refused,
    )


@staff.post(_ONE)
@needs(Permission.EDIT_CAMPAIGNS, Ask.NOTHING)
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


decision_routes(
    "news",
    _ONE,
    Permission.EDIT_CAMPAIGNS,
    news_item,
    Decision(services.propose, StampedForm),
    Decision(services.announce, StampedForm, Ask.FACTOR),  # it goes out without a second person
    Decision(services.approve, StampedForm, Ask.FACTOR),
    Decision(services.take_back),
    Decision(services.send_back, StatedReasonForm, Ask.REASON),
    Decision(services.stop, StatedReasonForm, Ask.REASON),
    Decision(services.send_test, said=_l("A test in each language is on its way to your address.")),
)
decision_routes(
    "news",
    _ONE,
    Permission.SEE_DASHBOARD,
    news_item,
    Decision(services.stop_announced, StatedReasonForm, Ask.REASON),
)


def _texts_about(delivery: DeliveryRow) -> dict[str, Texts]:
    """The news that a delivery was handed over, or what was answered once it is."""
    title, body = (_ANSWERED, _ANSWERED_BODY) if delivery.answered_at else (_HANDED_OVER, _HANDED_OVER_BODY)
    facts = {}
    for lang in codes():
        handed_over = format_date(delivery.handed_over_at, lang) if delivery.handed_over_at else ""
        facts[lang] = {
            "people": format_count(delivery.people, lang),
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
    found: NewsItem | None,
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
        found=found,
        reason_form=reason_form or StatedReasonForm(),
        refused="state" if problem.decided else refused,
        recipients=queries.recipients(desk.id),
        people=ledger.count(desk.id).people,
        progress=queries.progress(found.id) if found and found.begun_at else None,
        pace=current_config().news_pace,
        obstacle=obstacle(found.proposed_by, me().id) if found else None,
        is_editor=me().can(Permission.EDIT_CAMPAIGNS),
        is_alone=not queries.approvers(me().id),
    )


removal_route(
    *("news", _ONE, news_item, _find, services.remove),
    then=lambda said, slug, **_place: done(said, "news", slug=slug),
    title="title",
    states=(NewsState.DRAFT,),
)
