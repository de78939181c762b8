"""The campaigns for programs: what they are, their live counts, growth, places, organisations, paper, refused sign-ups and what
happened; some of it as tables for spreadsheets."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Any, get_args, get_origin

from flask import Response, abort, request

from pledge.campaigns import items
from pledge.campaigns import queries as campaigns
from pledge.campaigns.events import EVENT
from pledge.campaigns.goals import sentences, steps_of
from pledge.campaigns.models import PledgeText
from pledge.campaigns.queries import CampaignView
from pledge.core import languages
from pledge.core.languages import Texts
from pledge.core.text.tables import csv_file
from pledge.core.urls import public_url
from pledge.deliveries import open_data
from pledge.deliveries.queries import public_deliveries
from pledge.demands import queries as demands
from pledge.endorsements import counting
from pledge.endorsements import queries as endorsements
from pledge.endorsements.counting import Opening
from pledge.endorsements.models import EndorsementVersion
from pledge.jobs import services as jobs
from pledge.ledger import queries as ledger
from pledge.ledger.queries import Count
from pledge.news import queries as news
from pledge.paper import queries as paper_signatures
from pledge.statistics import referrals
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.history import days_reached, progress
from pledge.statistics.integrity import recent
from pledge.statistics.models import PlacesSnapshot
from pledge.statistics.places import published_places
from pledge.statistics.rates import rates
from pledge.statistics.referrals import organization_code
from pledge.statistics.totals import Totals
from pledge.web.api import documents
from pledge.web.api.documents import api, campaign_id
from pledge.web.caching import FOR_GOOD
from pledge.web.downloads import archive
from pledge.web.routes import Cached

#: For what changes with each fold or publication. The count and the checkpoint are cached for less.
DATA_CACHE = Cached("public, max-age=5, stale-while-revalidate=5, stale-if-error=600")
COUNT_CACHE = Cached("public, max-age=1, stale-while-revalidate=2, stale-if-error=600")
#: Documents about one campaign, by the last part of their address.
DOCUMENTS = (
    *("count", "history", "regions", "countries", "organizations", "integrity", "paper"),
    *("statements", "activity"),
)
#: Events, pieces of news and deliveries in the document of what happened: the newest of each.
MAX_ACTIVITY = 100
#: Organisations in one document.
BATCH = 500
MAX_NUMBER = 2**63 - 1


@api.page("/campaigns", cache=DATA_CACHE)
def campaign_list() -> documents.CampaignsDocument:
    """Every public campaign, those that one can sign now first."""
    listed = campaigns.public_campaigns(languages.default())
    counts = ledger.counts(campaign.id for campaign in listed)
    summaries = [_summary(campaign, counts[campaign.id]) for campaign in listed]
    return documents.CampaignsDocument(
        campaigns=[documents.CampaignSummaryDocument(**summary) for summary in summaries]
    )


@api.page("/campaigns/<slug>", cache=DATA_CACHE)
def campaign_facts(slug: str) -> documents.CampaignDocument:
    """One campaign: its texts, dates, goal and counts, the pledge in use, and the addresses of its other documents."""
    campaign = campaigns.find(slug, languages.default()) or abort(404)
    count = ledger.count(campaign.id)
    pledges = [_pledge(slug, text) for text in campaigns.pledge_versions(campaign.id)]
    return documents.CampaignDocument(
        as_of=count.as_of,
        **_summary(campaign, count),
        summary=_in_each_language(campaign.row.summary),
        recipient=_in_each_language(campaign.row.recipient),
        who_may_sign=dict(campaign.row.who_may_sign),
        steps=_steps(campaign, count.people),
        demands=[documents.DemandDocument.model_validate(row) for row in demands.public(campaign.id)],
        checkpoint=count.log_size,
        pledge=pledges[0],
        pledges=pledges,
        documents={name: public_url(f"api.{name}", slug=slug) for name in DOCUMENTS},
        log=public_url("log.checkpoint", slug=slug),
        data=open_data.newest_address(campaign.id),
    )


@api.page("/campaigns/<slug>/count", cache=COUNT_CACHE)
def count(slug: str) -> documents.CountDocument:
    """The count, and the size of the public log that adds up to it."""
    return documents.CountDocument.model_validate(campaigns.count(slug) or abort(404))


@api.page("/campaigns/<slug>/history", cache=DATA_CACHE)
def history(slug: str) -> documents.HistoryDocument:
    """What each Korean day added. `people` is null on a day whose people are in the last line, "other", or are none."""
    campaign_id(slug)  # refuses a draft
    shown = progress(slug)
    days = [documents.DayDocument.model_validate(day) for day in shown.history.days]
    if shown.history.merged is not None:
        days.append(documents.DayDocument(day=OTHER, people=shown.history.merged, organizations=0))
    return documents.HistoryDocument(**_totals(shown.totals, shown.log_size), history=days)


@api.page("/campaigns/<slug>/regions", cache=DATA_CACHE)
def regions(slug: str) -> documents.RegionsDocument:
    """People by province at a checkpoint, renewed hourly at most; "none": abroad or no region given; "other": small cells."""
    places = published_places(campaign_id(slug))
    lines = [documents.RegionDocument.model_validate(cell) for cell in places.by_region]
    by_rate = rates(places.by_region)
    for line in lines:
        if line.key in by_rate:
            line.per_100000, line.rank = by_rate[line.key].per_100000, by_rate[line.key].rank
    return documents.RegionsDocument(**_totals(places, places.log_size or None), regions=lines)


@api.page("/campaigns/<slug>/countries", cache=DATA_CACHE)
def countries(slug: str) -> documents.CountriesDocument:
    """People by country at a checkpoint, renewed hourly at most, the largest first; "other": merged small cells."""
    places = published_places(campaign_id(slug))
    lines = [documents.LineDocument.model_validate(cell) for cell in places.by_country]
    return documents.CountriesDocument(**_totals(places, places.log_size or None), countries=lines)


@api.page("/campaigns/<slug>/organizations", cache=replace(DATA_CACHE, reads=("after",)))
def organizations(slug: str) -> documents.OrganizationsDocument:
    """`{"organizations": […], "next"}`, ordered by id; `next` is the address of the next batch, or null.

    Ids are strings: they are larger than the integers that JavaScript represents exactly.
    """
    shown = endorsements.listing(campaign_id(slug), _after(), BATCH + 1)
    document = _organizations(slug, shown[:BATCH])
    if len(shown) > BATCH:
        document.next = public_url("api.organizations", slug=slug, after=document.organizations[-1].id)
    return document


@api.page("/campaigns/<slug>/integrity", cache=DATA_CACHE)
def integrity(slug: str) -> documents.IntegrityDocument:
    """`{"as_of", "submitted", "confirmed", "waiting", "checkpoint", "not_counted": {…}, "smallest_shown"}`; a null of
    people means fewer than that. The people at the checkpoint are `confirmed` less `waiting`.
    """
    return documents.IntegrityDocument.model_validate(recent(campaign_id(slug)))


@api.page("/campaigns/<slug>/paper", cache=DATA_CACHE)
def paper(slug: str) -> documents.PaperDocument:
    """The batches of signatures on paper that the public log counts, the newest first; never part of the other numbers."""
    return documents.PaperDocument.model_validate(paper_signatures.public(campaign_id(slug)))


@api.page("/campaigns/<slug>/statements", cache=DATA_CACHE)
def statements(slug: str) -> documents.StatementsDocument:
    """What was said and has its hash in the public log, in its order: promises, letters and answers, each version of them.

    Whoever wrote a letter wrote it to its recipient, who has its words.
    """
    stated = ledger.public_statements(campaign_id(slug))
    return documents.StatementsDocument.model_validate({"statements": stated})


@api.page("/campaigns/<slug>/activity", cache=DATA_CACHE)
def activity(slug: str) -> documents.ActivityDocument:
    """Events by time, past ones too; sent news and delivered totals, newest first. At most 100 of each."""
    number = campaign_id(slug)
    deliveries = public_deliveries(number)[:MAX_ACTIVITY]
    document = documents.ActivityDocument.model_validate(
        {
            "events": [item.fields for item in items.rows(EVENT, number)[-MAX_ACTIVITY:]],
            "news": news.sent(number, MAX_ACTIVITY),
            "deliveries": deliveries,
        }
    )
    for item in document.news:
        item.pages = _pages("public.news_item", slug=slug, news_id=item.id)
    for delivery, row in zip(document.deliveries, deliveries, strict=True):
        answer = row.published_answer
        if answer and answer.document:
            name = f"{slug}-answer-{answer.id}"
            delivery.answer_document = public_url("files.document", name=answer.document, filename=name)
    return document


@api.page("/campaigns/<slug>/<table>.csv", cache=DATA_CACHE)
def table(slug: str, table: str) -> Response:
    """The lines of a document in CSV (UTF-8 with BOM, CRLF), each with its moment; a text has a column for each language."""
    if table not in TABLES:
        abort(404)
    document = TABLES[table](slug)
    (line,) = get_args(type(document).model_fields[table].annotation)
    columns = [
        (name, lang)
        for name, field in line.model_fields.items()
        if name != "id"  # a spreadsheet rounds a number of nineteen digits; the address has it
        for lang in (languages.codes() if get_origin(field.annotation) is dict else ("",))
    ]
    head = [f"{name}_{lang}" if lang else name for name, lang in columns]
    values = document.model_dump(mode="json")
    moment = [values["as_of"], values["checkpoint"]]
    cells = (
        [line[name].get(lang) if lang else line[name] for name, lang in columns] + moment
        for line in values[table]
    )
    rows = (["" if cell is None else cell for cell in row] for row in cells)
    response = Response(
        csv_file([*head, "as_of", "checkpoint"], rows), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-{table}.csv"'
    return response


@api.page("/campaigns/<slug>/data/<int64:size>.zip")
def data(slug: str, size: int) -> Response:
    """What is public of a campaign at a checkpoint of this size in one file (zip), to use and to cite; kept for good."""
    file = open_data.file(campaign_id(slug), size) or abort(404)
    parts = jobs.chunks(file.id) or abort(404)
    response = archive(file.bytes, parts, f"{slug}-{size}.zip")
    response.headers["Cache-Control"] = FOR_GOOD
    return response


def _summary(campaign: CampaignView, count: Count) -> dict[str, Any]:
    row = campaign.row
    return {
        "slug": row.slug,
        "title": _in_each_language(row.title),
        "tagline": _in_each_language(row.tagline),
        "state": row.state,
        "is_open": campaign.is_open,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
        "goal": row.goal,
        "people": count.people,
        "organizations": count.organizations,
        "pages": _pages("public.campaign", slug=row.slug),
        "api": public_url("api.campaign_facts", slug=row.slug),
    }


def _in_each_language(texts: Texts) -> dict[str, str]:
    return {lang: texts.in_language(lang) for lang in languages.codes()}


def _pages(endpoint: str, **values: Any) -> dict[str, str]:
    return {lang: public_url(endpoint, lang=lang, **values) for lang in languages.codes()}


def _pledge(slug: str, text: PledgeText) -> documents.PledgeDocument:
    of = {"slug": slug, "version": text.version}
    return documents.PledgeDocument(
        version=text.version,
        sha256=bytes(text.sha256).hex(),
        pages=_pages("public.pledge", **of),
        texts={lang: public_url("public.pledge_source", lang=lang, **of) for lang in text.wording},
    )


def _steps(campaign: CampaignView, people: int) -> list[documents.StepDocument]:
    """The steps up to the goal, with the action at each in the languages that have one."""
    goal = campaign.row.goal
    steps = list(takewhile(lambda step: step <= goal, steps_of(goal, campaign.row.goal_steps)))
    reached = days_reached(campaign.id, [step for step in steps if step <= people])
    written = {lang: sentences(text) for lang, text in campaign.row.step_sentences.items()}
    return [
        documents.StepDocument(
            people=step,
            sentence={lang: by_step[step] for lang, by_step in written.items() if step in by_step},
            reached_on=reached.get(step),
        )
        for step in steps
    ]


def _totals(totals: Totals | PlacesSnapshot, log_size: int | None) -> dict[str, Any]:
    """What every breakdown says of the whole."""
    return {
        "as_of": totals.as_of,
        "checkpoint": log_size,
        "people": totals.people,
        "organizations": totals.organizations,
    }


def _organizations(slug: str, shown: Iterable[EndorsementVersion]) -> documents.OrganizationsDocument:
    number = campaign_id(slug)
    count, people, openings = ledger.count(number), referrals.public_counts(number), counting.openings(number)
    return documents.OrganizationsDocument(
        as_of=count.as_of,
        checkpoint=count.log_size,
        organizations=[_organization(slug, organization, people, openings) for organization in shown],
        next=None,
    )


def _organization(
    slug: str, organization: EndorsementVersion, people: dict[str, int], openings: dict[int, Opening]
) -> documents.OrganizationDocument:
    """The public facts of an organisation; nothing about the person who speaks for it."""
    shown = documents.OrganizationDocument.model_validate(organization)
    shown.name = {lang: organization.name.get(lang) for lang in languages.codes()}
    number = organization.endorsement_id
    shown.entry, shown.salt = openings.get(number, (None, None))
    if shown.group_goal:
        shown.group_people = people.get(organization_code(number))
    shown.url = public_url("public.organization", lang=languages.default(), slug=slug, endorsement_id=number)
    return shown


def _after() -> int:
    """The id after which the batch begins; 400 for anything else."""
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_NUMBER):
        abort(400)
    return int(text)


#: The document of each table; its lines are in the field of the same name.
TABLES: dict[str, Callable[[str], documents.ApiDocument]] = {
    "history": history,
    "regions": regions,
    "countries": countries,
    "organizations": lambda slug: _organizations(slug, endorsements.listing(campaign_id(slug))),
}
