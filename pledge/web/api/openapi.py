"""The blueprint of the public API, version 1, and its description (OpenAPI 3.1), made from the views: address, docstring, declared answer."""

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

from apispec import APISpec
from flask import Blueprint, Response, abort, current_app, jsonify
from pydantic import BaseModel

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import i18n
from pledge.web.api.documents import ApiDocument, ProblemDocument
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


View = TypeVar("View", bound=Callable[..., ApiDocument | Response])


@dataclass(frozen=True)
class DeclaredAnswer:
    """What a view answers with (a Response: CSV), and the query parameters that it reads, as JSON schemas by name."""

    model: type[ApiDocument] | type[Response]
    query: dict[str, dict[str, Any]]


def document(rule: str, cache_control: str, **query: dict[str, Any]) -> Callable[[View], View]:
    """Route a view that gives a document of the type that it declares; /api/v1/openapi.json describes both.

    The ETag covers all but `as_of`: after a 304 the numbers are as of its Date. `query`: the parameters that it reads.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def answer(**parts: Any) -> Response:
            found = view(**parts)
            if isinstance(found, Response):
                return found
            response = jsonify(found.model_dump(mode="json"))
            digest = hashlib.sha256(found.model_dump_json(exclude={"as_of"}).encode()).hexdigest()
            response.set_etag(digest[:20], weak=True)
            return response

        routed = cached(cache_control, reads=query)(answer)
        setattr(routed, _ANSWER, DeclaredAnswer(get_type_hints(view)["return"], query))
        api.add_url_rule(rule, view_func=routed)
        return view

    return declare


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
        if issubclass(answer.model, ApiDocument):
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
            if issubclass(answer.model, ApiDocument)
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
