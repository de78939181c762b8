"""The blueprint of the public API, version 1, and its description (OpenAPI 3.1), made from the views: address, docstring, declared answer."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from apispec import APISpec
from flask import Blueprint, Response, abort, current_app, jsonify
from pydantic import BaseModel

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import i18n
from pledge.web.api.documents import ProblemDocument
from pledge.web.caching import cached
from pledge.web.errors import PROBLEM

api = Blueprint("api", __name__, url_prefix="/api/v1")

SECONDS = 60
CACHE = "public, max-age=300, stale-if-error=86400"

_ANSWER = "pledge_api_answer"
_REFERENCE = "#/components/schemas/{model}"
#: The parts of an address, by name.
_PARTS: dict[str, dict[str, Any]] = {
    "slug": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 60},
    "table": {"type": "string", "enum": ["history", "regions", "countries", "organizations"]},
}


View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class DeclaredAnswer:
    """What a view answers with (None: CSV), and the query parameters that it reads, as JSON schemas by name."""

    model: type[BaseModel] | None
    query: dict[str, dict[str, Any]] = field(default_factory=dict)


def answers(model: type[BaseModel] | None, **query: dict[str, Any]) -> Callable[[View], View]:
    """Declare what a view answers with; /api/v1/openapi.json says so."""

    def mark(view: View) -> View:
        setattr(view, _ANSWER, DeclaredAnswer(model, query))
        return view

    return mark


def campaign_id(slug: str) -> int:
    """The number of a public campaign; 404 for any other."""
    return campaigns.public_id(slug) or abort(404)


@api.after_request
def open_to_all(response: Response) -> Response:
    """Any page and any program may read it, errors too (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@api.get("/openapi.json")
@cached(CACHE, seconds=SECONDS)
def openapi() -> Response:
    """This description."""
    return jsonify(_description().to_dict())


def _description() -> APISpec:
    config = current_config()
    spec = APISpec(
        title=config.site_name_in(i18n.language()),
        version="1",
        openapi_version="3.1.0",
        info={
            "description": "Public data of the campaigns. No key is needed, and any page may read it (CORS).",
            "contact": {"email": config.contact},
        },
        servers=[{"url": config.base_url}],
    )
    _add_schema(spec, ProblemDocument)
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = current_app.view_functions[rule.endpoint]
        answer: DeclaredAnswer | None = getattr(view, _ANSWER, None)
        if answer is None:
            continue
        if answer.model is not None:
            _add_schema(spec, answer.model)
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        spec.path(path=path, operations={"get": _operation(rule.endpoint, view, answer, rule.arguments)})
    return spec


def _operation(endpoint: str, view: Any, answer: DeclaredAnswer, parts: set[str]) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": _PARTS[name]} for name in sorted(parts)
    ]
    in_query = [{"name": name, "in": "query", "schema": schema} for name, schema in answer.query.items()]
    errors = {**({"400": "Invalid parameter"} if in_query else {}), **({"404": "Unknown"} if parts else {})}
    return {
        "operationId": endpoint.partition(".")[2],
        "description": inspect.cleandoc(view.__doc__ or ""),
        "parameters": in_path + in_query,
        "responses": {
            "200": _response("The document", "application/json", answer.model.__name__)
            if answer.model
            else {"description": "The table", "content": {"text/csv": {"schema": {"type": "string"}}}},
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
