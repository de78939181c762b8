"""The blueprint of the public API, version 1."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Response
from pydantic import BaseModel

api = Blueprint("api", __name__, url_prefix="/api/v1")

#: For what changes with each fold or publication. The count and the checkpoint are cached for less.
DATA_CACHE = "public, max-age=5, stale-while-revalidate=5, stale-if-error=600"

View = TypeVar("View", bound=Callable[..., Any])
_ANSWER = "pledge_api_answer"


@dataclass(frozen=True)
class DeclaredAnswer:
    """What a view answers with, and the query parameters that it reads, as JSON schemas by name."""

    model: type[BaseModel]
    query: dict[str, dict[str, Any]] = field(default_factory=dict)


def answers(model: type[BaseModel], **query: dict[str, Any]) -> Callable[[View], View]:
    """Declare what a view answers with; /api/v1/openapi.json says so."""

    def mark(view: View) -> View:
        setattr(view, _ANSWER, DeclaredAnswer(model, query))
        return view

    return mark


def answer_of(view: Callable[..., Any]) -> DeclaredAnswer | None:
    found: DeclaredAnswer | None = getattr(view, _ANSWER, None)
    return found


@api.after_request
def open_to_all(response: Response) -> Response:
    """Any page and any program may read it, errors too (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
