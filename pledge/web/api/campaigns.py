"""The campaigns for programs: what they are, their live counts, growth, places, organisations, paper, refused sign-ups and what
happened; some of it as tables for spreadsheets."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any, get_origin

from flask import Response, abort, jsonify, request
from pydantic import BaseModel

from pledge.campaigns import items
from pledge.campaigns import queries as campaigns
from pledge.campaigns.events import EVENT
from pledge.campaigns.goals import steps_of
from pledge.campaigns.queries import CampaignView
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.core.text.tables import csv_file
from pledge.core.urls import public_url
from pledge.deliveries.queries import public_deliveries
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import BATCH, OrganizationView
from pledge.ledger import queries as ledger
from pledge.ledger.queries import Count
from pledge.news import queries as news
from pledge.paper import queries as paper_signatures
from pledge.statistics import referrals
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.cells import MIN_CELL, Cell
from pledge.statistics.history import History, days_reached, progress
from pledge.statistics.integrity import recent
from pledge.statistics.places import PublishedPlaces, published_places
from pledge.statistics.rates import rates
from pledge.statistics.referrals import organization_code
from pledge.statistics.totals import Totals
from pledge.web.api import documents
from pledge.web.api.openapi import answers, api, campaign_id
from pledge.web.caching import cached

#: For what changes with each fold or publication. The count and the checkpoint are cached for less.
DATA_CACHE = "public, max-age=5, stale-while-revalidate=5, stale-if-error=600"
COUNT_CACHE = "public, max-age=1, stale-while-revalidate=2, stale-if-error=600"
#: Documents about one campaign, by the last part of their address.
DOCUMENTS = (
    *("count", "history", "regions", "countries", "organizations", "integrity", "paper"),
    "activity",
)
#: Events, pieces of news and deliveries in the document of what happened: the newest of each.
MAX_ACTIVITY = 100
MAX_NUMBER = 2**63 - 1


@api.get("/campaigns")
@answers(documents.CampaignsDocument)
@cached(DATA_CACHE)
def campaign_list() -> Response:
    """Every public campaign, those that one can sign now first."""
    found = {lang: {c.slug: c for c in campaigns.public_campaigns(lang)} for lang in languages.codes()}
    slugs = list(found[languages.default()])
    counts = ledger.counts(campaign.id for campaign in found[languages.default()].values())
    views = [{lang: found[lang][slug] for lang in found if slug in found[lang]} for slug in slugs]
    return _answer(campaigns=[_summary(view, counts[view[languages.default()].id]) for view in views])


@api.get("/campaigns/<slug>")
@answers(documents.CampaignDocument)
@cached(DATA_CACHE)
def campaign_facts(slug: str) -> Response:
    """One campaign: its texts, dates, goal and counts, the pledge in use, and the addresses of its other documents.

    The ETag covers all but the moment: after a 304 the numbers are as of its Date."""
    found = {lang: campaigns.find(slug, lang) for lang in languages.codes()}
    views = {lang: view for lang, view in found.items() if view is not None}
    one = views.get(languages.default())
    if one is None:
        abort(404)
    count = ledger.count(one.id)
    return _answer(
        as_of=iso_utc(count.as_of),
        **_summary(views, count),
        summary={lang: view.summary for lang, view in views.items()},
        recipient={lang: view.recipient for lang, view in views.items()},
        who_may_sign={lang: view.who_may_sign for lang, view in views.items() if view.who_may_sign},
        steps=_steps(views, one, count.people),
        checkpoint=count.log_size,
        pledge={
            "version": one.pledge.version,
            "sha256": one.pledge.sha256,
            "pages": _pages("public.pledge", slug=slug, version=one.pledge.version),
        },
        documents={name: public_url(f"api.{name}", slug=slug) for name in DOCUMENTS},
        log=public_url("log.checkpoint", slug=slug),
    )


@api.get("/campaigns/<slug>/count")
@answers(documents.CountDocument)
@cached(COUNT_CACHE)
def count(slug: str) -> Response:
    """The count, and the size of the public log that adds up to it.

    The ETag covers the numbers: after a 304 the count is as of its Date."""
    found = campaigns.count(slug)
    if found is None:
        abort(404)
    response = jsonify(
        people=found.people,
        organizations=found.organizations,
        paper=found.paper,
        as_of=iso_utc(found.as_of),
        checkpoint=found.log_size,
    )
    response.set_etag(f"{found.people}-{found.organizations}-{found.paper}-{found.log_size}", weak=True)
    return response


@api.get("/campaigns/<slug>/history")
@answers(documents.HistoryDocument)
@cached(DATA_CACHE)
def history(slug: str) -> Response:
    """What each Korean day added. `people` is null on a day whose people are in the last line, "other", or are none."""
    campaign_id(slug)  # refuses a draft
    found = progress(slug)
    return _totals(found.totals, found.log_size, history=_days(found.history))


@api.get("/campaigns/<slug>/regions")
@answers(documents.RegionsDocument)
@cached(DATA_CACHE)
def regions(slug: str) -> Response:
    """People by province at a checkpoint, renewed hourly at most; "none": living elsewhere or no region given; "other": merged small cells."""
    found = published_places(campaign_id(slug))
    return _totals(found, found.log_size or None, regions=_regions(found.by_region))


@api.get("/campaigns/<slug>/countries")
@answers(documents.CountriesDocument)
@cached(DATA_CACHE)
def countries(slug: str) -> Response:
    """People by country at a checkpoint, renewed hourly at most, the largest first; "other": merged small cells."""
    found = published_places(campaign_id(slug))
    return _totals(found, found.log_size or None, countries=_lines(found.by_country))


@api.get("/campaigns/<slug>/organizations")
@answers(documents.OrganizationsDocument, after={"type": "integer", "minimum": 0, "maximum": MAX_NUMBER})
@cached(DATA_CACHE, reads=("after",))
def organizations(slug: str) -> Response:
    """`{"organizations": […], "next"}`, ordered by id; `next` is the address of the next batch, or null.

    Ids are strings: they are larger than the integers that JavaScript represents exactly.
    """
    number = campaign_id(slug)
    shown = endorsements.listing(number, _after(), BATCH + 1)
    people = referrals.public_counts(number)
    batch = shown[:BATCH]
    more = len(shown) > BATCH
    return jsonify(
        organizations=[_organization(slug, organization, people) for organization in batch],
        next=public_url("api.organizations", slug=slug, after=batch[-1].id) if more else None,
    )


@api.get("/campaigns/<slug>/integrity")
@answers(documents.IntegrityDocument)
@cached(DATA_CACHE)
def integrity(slug: str) -> Response:
    """`{"as_of", "submitted", "confirmed", "not_counted": {…}, "smallest_shown"}`; null means fewer than that."""
    found = recent(campaign_id(slug))
    return jsonify(
        as_of=iso_utc(found.as_of),
        submitted=found.submitted,
        confirmed=found.confirmed,
        not_counted=found.uncounted,
        smallest_shown=MIN_CELL,
    )


@api.get("/campaigns/<slug>/paper")
@answers(documents.PaperDocument)
@cached(DATA_CACHE)
def paper(slug: str) -> Response:
    """The batches of signatures on paper that the public log counts, the newest first; never part of the other numbers."""
    found = documents.PaperDocument.model_validate(paper_signatures.public(campaign_id(slug)))
    return jsonify(found.model_dump(mode="json"))


@api.get("/campaigns/<slug>/activity")
@answers(documents.ActivityDocument)
@cached(DATA_CACHE)
def activity(slug: str) -> Response:
    """Events by time, past ones too; news that was sent and totals that were handed over, the newest first: at most 100 of each."""
    number = campaign_id(slug)
    found = documents.ActivityDocument.model_validate(
        {
            "events": [item.fields for item in items.rows(EVENT, number)[-MAX_ACTIVITY:]],
            "news": news.sent(number, MAX_ACTIVITY),
            "deliveries": public_deliveries(number)[:MAX_ACTIVITY],
        }
    )
    for item in found.news:
        item.pages = _pages("public.news_item", slug=slug, news_id=item.id)
    return _answer(**found.model_dump(mode="json"))


@api.get("/campaigns/<slug>/<table>.csv")
@answers(None)
@cached(DATA_CACHE)
def table(slug: str, table: str) -> Response:
    """The lines of a document in CSV (UTF-8 with BOM, CRLF): a text has a column for each language."""
    number = campaign_id(slug)
    if table not in TABLES:
        abort(404)
    line, read = TABLES[table]
    columns = [
        (name, lang)
        for name, field in line.model_fields.items()
        if name != "id"  # a spreadsheet rounds a number of nineteen digits; the address has it
        for lang in (languages.codes() if get_origin(field.annotation) is dict else ("",))
    ]
    head = [f"{name}_{lang}" if lang else name for name, lang in columns]
    found = (
        [one[name].get(lang) if lang else one[name] for name, lang in columns] for one in read(slug, number)
    )
    rows = (["" if cell is None else cell for cell in row] for row in found)
    response = Response(csv_file(head, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-{table}.csv"'
    return response


def _summary(views: dict[str, CampaignView], count: Count) -> dict[str, Any]:
    one = views[languages.default()]
    return {
        "slug": one.slug,
        "title": {lang: view.title for lang, view in views.items()},
        "tagline": {lang: view.tagline for lang, view in views.items()},
        "state": one.state,
        "is_open": one.is_open,
        "opens_at": iso_utc(one.opens_at) if one.opens_at else None,
        "closes_at": iso_utc(one.closes_at) if one.closes_at else None,
        "goal": one.goal,
        "people": count.people,
        "organizations": count.organizations,
        "pages": _pages("public.campaign", slug=one.slug),
        "api": public_url("api.campaign_facts", slug=one.slug),
    }


def _pages(endpoint: str, **values: Any) -> dict[str, str]:
    return {lang: public_url(endpoint, lang=lang, **values) for lang in languages.codes()}


def _days(found: History) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = [
        {"day": one.day.isoformat(), "people": one.people, "organizations": one.organizations}
        for one in found.days
    ]
    if found.merged is not None:
        days.append({"day": OTHER, "people": found.merged, "organizations": 0})
    return days


def _lines(cells: list[Cell]) -> list[dict[str, Any]]:
    return [{"key": cell.key, "label": cell.label, "people": cell.people} for cell in cells]


def _regions(cells: list[Cell]) -> list[dict[str, Any]]:
    found, none = rates(cells), {"per_100000": None, "rank": None}
    return [line | (vars(found[line["key"]]) if line["key"] in found else none) for line in _lines(cells)]


def _steps(views: dict[str, CampaignView], one: CampaignView, people: int) -> list[dict[str, Any]]:
    """The steps up to the goal, with what is done at each in the languages that say it."""
    steps = list(takewhile(lambda step: step <= one.goal, steps_of(one.goal, one.goal_steps)))
    reached = days_reached(one.id, [step for step in steps if step <= people])
    said = {lang: view.step_sentences for lang, view in views.items()}
    return [
        {
            "people": step,
            "sentence": {lang: sentences[step] for lang, sentences in said.items() if step in sentences},
            "reached_on": reached[step].isoformat() if step in reached else None,
        }
        for step in steps
    ]


def _totals(found: Totals | PublishedPlaces, log_size: int | None, **lines: list[dict[str, Any]]) -> Response:
    return _answer(
        as_of=iso_utc(found.as_of),
        checkpoint=log_size,
        people=found.people,
        organizations=found.organizations,
        smallest_shown=MIN_CELL,
        **lines,
    )


def _answer(*, as_of: str | None = None, **facts: Any) -> Response:
    """The ETag covers all but the moment: after a 304 the numbers are as of its Date."""
    response = jsonify(**facts, **({} if as_of is None else {"as_of": as_of}))
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    response.set_etag(digest[:20], weak=True)
    return response


def _organization(slug: str, organization: OrganizationView, people: dict[str, int]) -> dict[str, Any]:
    """The public facts of an organisation; nothing about the person who speaks for it."""
    code = organization_code(organization.id)
    return {
        "id": str(organization.id),
        "name": {lang: organization.names.get(lang) for lang in languages.codes()},
        "type": organization.type,
        "country": organization.country,
        "region": organization.region,
        "level": organization.level,
        "target_year": organization.target_year,
        "interim_year": organization.interim_year,
        "interim_percent": organization.interim_percent,
        "website": organization.website or None,
        "group_goal": organization.group_goal,
        "group_people": people.get(code) if organization.group_goal else None,
        "since": iso_utc(organization.since),
        "url": public_url(
            "public.organization", lang=languages.default(), slug=slug, endorsement_id=organization.id
        ),
    }


def _every_organization(slug: str, number: int) -> Iterator[dict[str, Any]]:
    people = referrals.public_counts(number)
    return (_organization(slug, one, people) for one in endorsements.every(number))


def _after() -> int:
    """The id after which the batch begins; 400 for anything else."""
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_NUMBER):
        abort(400)
    return int(text)


#: What a line of each table has, and its lines, by slug and number of the campaign.
TABLES: dict[str, tuple[type[BaseModel], Callable[[str, int], Iterable[dict[str, Any]]]]] = {
    "history": (documents.DayDocument, lambda slug, _: _days(progress(slug).history)),
    "regions": (documents.RegionDocument, lambda _, number: _regions(published_places(number).by_region)),
    "countries": (documents.LineDocument, lambda _, number: _lines(published_places(number).by_country)),
    "organizations": (documents.OrganizationDocument, _every_organization),
}
