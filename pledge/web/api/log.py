"""The public log of each campaign, in the formats of C2SP tlog-tiles; most of it never changes, so any cache may keep it.

docs/log.md says how to read it. A checkpoint is valid for a second, a tile for ever.
"""

import gzip

from flask import Blueprint, Flask, Response, abort, request

from pledge.campaigns import queries as campaigns
from pledge.campaigns.log_facts import pledge_hashes
from pledge.ledger import log_queries, paths
from pledge.web.api.blueprint import open_to_all
from pledge.web.caching import kept

log = Blueprint("log", __name__, url_prefix="/log")
log.after_request(open_to_all)

CHECKPOINT_CACHE = "public, max-age=1, stale-if-error=600"
KEY_CACHE = "public, max-age=60, stale-if-error=600"
TILE_CACHE = "public, max-age=31536000, immutable"


@log.get("/<slug>/checkpoint")
@kept(CHECKPOINT_CACHE)
def checkpoint(slug: str) -> Response:
    """The newest signed state of the log, a signed note (tlog-checkpoint)."""
    found = log_queries.newest(_public(slug))
    if found is None:
        abort(404)
    return _text(found.note)


@log.get("/<slug>/key")
@kept(KEY_CACHE)
def key(slug: str) -> Response:
    """The public keys that have ever signed this log, newest first, one a line in the form of signed-note."""
    found = log_queries.verifiers(_public(slug))
    if not found:
        abort(404)
    return _text("".join(f"{verifier}\n" for verifier in found))


@log.get("/<slug>/tile/<path:tile>", merge_slashes=False)
def tile(slug: str, tile: str) -> Response:
    """A tile of hashes, or the entries under one of level 0; 404 for what no published checkpoint has."""
    wanted = paths.read(tile)
    if wanted is None:
        abort(404)
    campaign_id = _public(slug)
    if wanted.level is None:
        return _entries(log_queries.entries_tile(campaign_id, wanted.number, pledge_hashes, wanted.width))
    found = log_queries.tile(campaign_id, wanted.level, wanted.number, wanted.width)
    if found is None:
        abort(404)
    return _bytes(found)


def register(app: Flask) -> None:
    app.register_blueprint(log)


def _public(slug: str) -> int:
    found = campaigns.public_id(slug)
    if found is None:
        abort(404)
    return found


def _entries(found: bytes | None) -> Response:
    """Compressed where the client accepts it (as tlog-tiles, "Log Entries", suggests); hashes cannot be compressed."""
    if found is None:
        abort(404)
    compressed = request.accept_encodings.quality("gzip") > 0
    response = _bytes(gzip.compress(found, mtime=0) if compressed else found)
    response.headers["Vary"] = "Accept-Encoding"
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _text(content: str) -> Response:
    return Response(content, content_type="text/plain; charset=utf-8")


def _bytes(content: bytes) -> Response:
    response = Response(content, content_type="application/octet-stream")
    response.headers["Cache-Control"] = TILE_CACHE
    return response
