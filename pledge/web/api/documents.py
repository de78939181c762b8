"""What the API answers with, as pydantic models; its blueprint, version 1, and its description (OpenAPI 3.1), made from the models
and the views: address, docstring, declared answer.
"""

import hashlib
import inspect
import re
from datetime import date, datetime
from typing import Annotated, Any, get_type_hints

from apispec import APISpec
from flask import Response, abort, current_app, jsonify
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from config import SOURCE_LANGUAGE, current_config
from pledge.campaigns import queries as campaigns
from pledge.campaigns.models import CampaignState
from pledge.core.clock import iso_utc
from pledge.demands.models import EventKind
from pledge.ledger.models import StatementKind
from pledge.statistics.cells import MIN_CELL
from pledge.web.address_book import AddressBook
from pledge.web.errors import PROBLEM
from pledge.web.routes import Cached, Route, routes_of

#: In UTC to the second.
Moment = Annotated[
    datetime, PlainSerializer(iso_utc), WithJsonSchema({"type": "string", "format": "date-time"})
]
#: A number or a day, written as text.
AsText = Annotated[str, BeforeValidator(str)]
Nullable = Annotated[str | None, BeforeValidator(lambda text: text or None)]  #: null for ""
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]
#: By the code of a language (ISO 639-1).
Texts = dict[str, str]
Addresses = dict[str, Address]


class ApiDocument(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class CountDocument(ApiDocument):
    """People, organisations and signatures on paper are three numbers and are never added up."""

    people: int = Field(ge=0)
    organizations: int = Field(ge=0)
    paper: int = Field(ge=0, description="signatures on paper, counted by hand")
    as_of: Moment
    checkpoint: int | None = Field(
        validation_alias="log_size",
        description="size of the public log that adds up to the three numbers; null while it catches up",
    )


class CampaignSummaryDocument(ApiDocument):
    slug: str
    title: Texts
    tagline: Texts
    state: CampaignState = Field(description="as staff set it; dates and pauses are in is_open alone")
    is_open: bool = Field(description="whether one can sign now")
    opens_at: Moment | None
    closes_at: Moment | None
    goal: int
    people: int = Field(ge=0)
    organizations: int = Field(ge=0)
    pages: Addresses = Field(description="the campaign's page in each language")
    api: Address = Field(description="the document of this one campaign")


class CampaignsDocument(ApiDocument):
    campaigns: list[CampaignSummaryDocument]


class PledgeDocument(ApiDocument):
    """A text that is or was signed."""

    version: int
    sha256: str = Field(description="of the text in all its languages, as entries of the log name it")
    pages: Addresses
    texts: Addresses = Field(description="the text alone, byte for byte, in each of its languages")


class StepDocument(ApiDocument):
    """A step on the way to the goal; the goal is the last one."""

    people: int = Field(ge=1)
    sentence: Texts = Field(description="what is done at this step; empty where nothing is")
    reached_on: date | None = Field(description="a Korean day, as 2026-11-24; null before it is reached")


class DemandEventDocument(ApiDocument):
    kind: EventKind
    day: date = Field(description="a Korean day, as 2026-11-24")
    until: date | None = Field(description="of a promise: the day by which it is promised")
    words: Texts = Field(description="the answer word for word")
    source: str = Field(description="a web address or the name of a document")


class DemandDocument(ApiDocument):
    """One thing that the campaign asks, and what became of it."""

    words: Texts
    asked_on: date
    state: str = Field(description='the kind of the newest event, "asked" without any')
    days_silent: int = Field(ge=0, description="without an answer; 0 once there is one")
    events: list[DemandEventDocument] = Field(description="by their day, the newest first")


class CampaignDocument(CampaignSummaryDocument):
    summary: Texts
    who_may_sign: Texts = Field(description="a sentence; empty where everybody may")
    steps: list[StepDocument]
    demands: list[DemandDocument]
    recipient: Texts = Field(description="to whom the totals are handed")
    as_of: Moment
    checkpoint: int | None
    pledge: PledgeDocument = Field(description="the text that is signed now")
    pledges: list[PledgeDocument] = Field(description="every version of it, the newest first")
    documents: Addresses = Field(
        description="count, history, regions, countries, organizations, integrity, paper, statements, activity"
    )
    log: Address = Field(description="the newest signed state of the public log")
    data: Address | None = Field(
        description="all of this in one file, made once a day; null before the first"
    )


class DayDocument(ApiDocument):
    day: AsText = Field(
        description='a Korean day, as 2026-11-24; "other" holds the people of days that are too small'
    )
    people: int | None = Field(description="null on a day whose people are in the last line, or are none")
    organizations: int


class LineDocument(ApiDocument):
    key: str = Field(description='a code; "none" where none was given, "other" for merged small cells')
    label: Texts
    people: int


class _BreakdownDocument(ApiDocument):
    as_of: Moment
    checkpoint: int | None
    people: int
    organizations: int
    smallest_shown: int = Field(MIN_CELL, description="smaller cells are merged")


class HistoryDocument(_BreakdownDocument):
    history: list[DayDocument]


class RegionDocument(LineDocument):
    per_100000: float | None = Field(
        None, description="of 100,000 registered people; null where it is no region"
    )
    rank: int | None = Field(None, description="by that, among the regions that are shown")


class RegionsDocument(_BreakdownDocument):
    regions: list[RegionDocument]


class CountriesDocument(_BreakdownDocument):
    countries: list[LineDocument]


class OrganizationDocument(ApiDocument):
    """The public facts of an organisation; nothing about the person who speaks for it."""

    id: AsText = Field(
        validation_alias="endorsement_id",
        description="a string: larger than the integers that JavaScript represents exactly",
    )
    name: dict[str, str | None]
    type: str
    country: str
    region: str | None
    level: str = Field(
        validation_alias=AliasPath("endorsement", "level"), description="how far we verified who they are"
    )
    target_year: int | None
    interim_year: int | None
    interim_percent: int | None
    base_year: int | None
    scope: str | None = Field(description="own, energy (bought), or the whole chain")
    plan_url: Nullable
    report_url: Nullable
    reported_in: int | None = Field(description="the year in which we first published the report’s address")
    heard_at: Moment | None = Field(
        description="when it last stood by its promise: published it, or answered our yearly question"
    )
    website: Nullable
    group_goal: int | None = Field(
        validation_alias=AliasPath("endorsement", "group_goal"),
        description="how many are to sign through its link",
    )
    group_people: int | None = Field(
        None,
        description="and have, by whole fives; null for fewer than ten, and once the signatures are deleted",
    )
    since: Moment = Field(validation_alias=AliasPath("endorsement", "published_at"))
    url: Address = ""
    entry: int | None = Field(None, description="index of the entry that counts it, once published")
    salt: str | None = Field(None, description="with which the id opens the commitment of that entry")


class OrganizationsDocument(ApiDocument):
    as_of: Moment
    checkpoint: int | None
    organizations: list[OrganizationDocument]
    next: Address | None = Field(description="the next batch")


class IntegrityDocument(ApiDocument):
    """What became of all sign-ups; null means fewer than `smallest_shown`."""

    as_of: Moment
    submitted: int | None
    confirmed: int | None
    waiting: int = Field(description="of these, by how many people the log is still to change")
    checkpoint: int | None = Field(
        validation_alias="log_size",
        description="size of the public log that adds up to `confirmed` less `waiting`; null while it catches up",
    )
    not_counted: dict[str, int | None] = Field(validation_alias="uncounted")
    smallest_shown: int = MIN_CELL


class ProblemDocument(ApiDocument):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class PaperBatchDocument(ApiDocument):
    """Sheets that two people counted."""

    number: int
    entry: int = Field(description="its index in the public log, from 0 on")
    place: Texts = Field(description="where they were signed, or at which event")
    collected: date = Field(validation_alias="collected_on", description="a Korean day, as 2026-11-24")
    sheets: int = Field(ge=1)
    signatures: int = Field(ge=1)
    scan_sha256: str = Field(
        description="of the scan, in hex; the scan itself has names on it and is not public"
    )


class PaperDocument(ApiDocument):
    """Signatures on paper, counted by hand: a number of its own, in none of the others and never added to them."""

    signatures: int = Field(ge=0)
    sheets: int = Field(ge=0)
    batches: list[PaperBatchDocument]


class EventDocument(ApiDocument):
    title: Texts
    place: Texts
    is_online: bool = Field(description="people can take part online; with a place, there too")
    join_url: str
    url: str = Field(description="registration and details")
    speakers: Texts
    all_day: bool = Field(description="it begins and ends at midnight in Korea")
    starts_at: datetime
    ends_at: datetime | None
    outcome: Texts


class NewsItemDocument(ApiDocument):
    id: int
    published: datetime = Field(validation_alias="begun_at")
    title: Texts
    text: Texts = Field(validation_alias="body", description="CommonMark")
    pages: Addresses = {}


class StatementDocument(ApiDocument):
    """Words in somebody's name: what corrects them is another statement."""

    entry: int = Field(validation_alias="index", description="its index in the public log, from 0 on")
    kind: StatementKind
    said_at: datetime
    words: Texts | None = Field(description="null of a letter: its recipient has them")
    sha256: str = Field(description="of the words, as the entry has it")


class StatementsDocument(ApiDocument):
    statements: list[StatementDocument]


class DeliveryDocument(ApiDocument):
    """Totals that were handed over, and the answer."""

    handed_over_at: datetime
    recipient: Texts
    occasion: Texts
    receipt_number: str = Field(description="of the recipient")
    people: int = Field(validation_alias=AliasPath("checkpoint", "people"))
    organizations: int = Field(validation_alias=AliasPath("checkpoint", "organizations"))
    as_of: datetime = Field(validation_alias=AliasPath("checkpoint", "signed_at"))
    checkpoint: int = Field(validation_alias=AliasPath("checkpoint", "size"))
    answer_due: date | None = Field(description="the Korean day by which an answer was due or promised")
    days_late: int = Field(description="since that day, without an answer; 0 if it is not overdue")
    answered_at: datetime | None
    answer: Texts = Field(description="word for word in answer_original; a translation in other languages")
    answer_original: str | None = Field(None, validation_alias=AliasPath("published_answer", "original"))
    answer_document: str | None = Field(None, description="the recipient's own, a PDF")
    answer_document_sha256: str | None = Field(
        None, validation_alias=AliasPath("published_answer", "document_hash")
    )


class ActivityDocument(ApiDocument):
    events: list[EventDocument]
    news: list[NewsItemDocument]
    deliveries: list[DeliveryDocument]


_REFERENCE = "#/components/schemas/{model}"
#: The parts of an address, by name.
_PARTS: dict[str, dict[str, Any]] = {
    "slug": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 60},
    "size": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
    "table": {"type": "string", "enum": ["history", "regions", "countries", "organizations"]},
}
#: The parameters of a query, by name.
_QUERY: dict[str, dict[str, Any]] = {"after": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}}


#: The type of what is no document, by the end of its address.
_FILES = {"csv": "text/csv", "zip": "application/zip"}


def _as_json(answer: ApiDocument | Response) -> Response:
    """The ETag covers all but `as_of`: after a 304 the numbers are as of its Date."""
    if isinstance(answer, Response):
        return answer
    response = jsonify(answer.model_dump(mode="json"))
    digest = hashlib.sha256(answer.model_dump_json(exclude={"as_of"}).encode()).hexdigest()
    response.set_etag(digest[:20], weak=True)
    return response


#: Its views give documents, or a Response (CSV, this description), of the type that they declare.
api = AddressBook("api", __name__, url_prefix="/api/v1", answer=_as_json)

CACHE = Cached("public, max-age=300, stale-if-error=86400", seconds=60)


def campaign_id(slug: str) -> int:
    """The number of a public campaign; 404 for any other."""
    return campaigns.public_id(slug) or abort(404)


@api.after_request
def open_to_all(response: Response) -> Response:
    """Any page and any program may read it, errors too (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@api.page("/openapi.json", cache=CACHE)
def openapi() -> Response:
    """This description."""
    return jsonify(_description().to_dict())


def _description() -> APISpec:
    config = current_config()
    spec = APISpec(
        title=config.site_name_in(SOURCE_LANGUAGE),  # programs that make clients name them by it
        version="1",
        openapi_version="3.1.0",
        info={
            "description": "Public data of the campaigns. No key is needed, and any page may read it (CORS).",
            "contact": {"email": config.contact},
        },
        servers=[{"url": config.base_url}],
    )
    _add_schema(spec, ProblemDocument)
    declared = [route for endpoint, route in routes_of(current_app).items() if endpoint.startswith("api.")]
    for route in sorted(declared, key=lambda route: route.rules):
        model = get_type_hints(route.view)["return"]
        if issubclass(model, ApiDocument):
            _add_schema(spec, model)
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"{api.url_prefix}{route.rules[0]}")
        if route.view is not openapi:
            spec.path(path=path, operations={"get": _operation(route, model)})
    return spec


def _operation(route: Route, model: type[ApiDocument] | type[Response]) -> dict[str, Any]:
    parts = sorted(re.findall(r"<(?:\w+:)?(\w+)>", route.rules[0]))
    path = route.rules[0]
    in_path = [{"name": name, "in": "path", "required": True, "schema": _PARTS[name]} for name in parts]
    reads = route.cache.reads if route.cache else ()
    in_query = [{"name": name, "in": "query", "schema": _QUERY[name]} for name in reads]
    errors = {"400": "Invalid parameter", "404": "Unknown"} if parts else {}
    return {
        "operationId": route.view.__name__,
        "description": inspect.cleandoc(route.view.__doc__ or ""),
        "parameters": in_path + in_query,
        "responses": {
            "200": _response("The document", "application/json", model.__name__)
            if issubclass(model, ApiDocument)
            else {
                "description": "The file",
                "content": {_FILES[path.rpartition(".")[2]]: {"schema": {"type": "string"}}},
            },
            "304": {"description": "Not modified: the ETag sent in If-None-Match is still right"},
            **{status: _response(text, PROBLEM, ProblemDocument.__name__) for status, text in errors.items()},
            "503": _response(
                "Not available for a moment; see Retry-After", PROBLEM, ProblemDocument.__name__
            ),
        },
    }


def _response(description: str, media_type: str, model: str) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model=model)}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _add_schema(spec: APISpec, model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template=_REFERENCE, mode="serialization")
    for name, part in {**schema.pop("$defs", {}), model.__name__: schema}.items():
        if name not in spec.components.schemas:
            spec.components.schema(name, component=part)
