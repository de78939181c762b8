"""The public log of each campaign, in the formats of C2SP tlog-tiles, and the program that checks it.

docs/log.md says how to read it. A checkpoint is valid for a second; a tile never changes, so any cache may keep it.
"""

import gzip

from flask import Response, abort, request

from pledge.campaigns.queries import pledge_hashes
from pledge.ledger import log_queries, witnesses
from pledge.ledger.log import origin_of
from pledge.ledger.tiles import read_path
from pledge.verifier import PROGRAM
from pledge.web.address_book import AddressBook
from pledge.web.api.documents import campaign_id, open_to_all
from pledge.web.caching import FOR_GOOD, revalidated
from pledge.web.routes import Cached

log = AddressBook("log", __name__, url_prefix="/log")
log.after_request(open_to_all)
tool = AddressBook("tool", __name__)

#: A state or key of before may not pass for that of today while the site is away.
CHECKPOINT_CACHE = Cached("public, max-age=1, must-revalidate")
KEY_CACHE = Cached("public, max-age=60, must-revalidate")
PROGRAM_CACHE = "public, max-age=300, stale-if-error=86400"


@log.page("/<slug>/checkpoint", cache=CHECKPOINT_CACHE)
def checkpoint(slug: str) -> Response:
    """The newest signed state of the log, a signed note (tlog-checkpoint)."""
    newest = log_queries.newest(campaign_id(slug))
    if newest is None:
        abort(404)
    return _text(newest.note)


@log.page("/<slug>/key", cache=KEY_CACHE)
def key(slug: str) -> Response:
    """The public keys that sign this log today, newest first, one a line in the form of signed-note."""
    verifiers = log_queries.signing_verifiers(campaign_id(slug))
    if not verifiers:
        abort(404)
    return _text("".join(f"{verifier}\n" for verifier in verifiers))


@log.page("/<slug>/witnesses", cache=KEY_CACHE)
def policy(slug: str) -> Response:
    """Which witnesses have to have seen a state (tlog-policy)."""
    campaign_id(slug)
    rules = witnesses.policy()
    if rules is None:
        abort(404)
    return _text("".join(f"{line}\n" for line in rules.lines))


@log.page("/<slug>/witnessed", cache=CHECKPOINT_CACHE)
def witnessed(slug: str) -> Response:
    """The newest state that they have seen: a checkpoint with their signatures (tlog-cosignature)."""
    newest = witnesses.witnessed(campaign_id(slug))
    if newest is None:
        abort(404)
    return _text(newest.note)


@log.page("/<slug>/losses", cache=KEY_CACHE)
def losses(slug: str) -> Response:
    """What was signed and is lost: a line for each loss with its time, size and root signed last, those restored, the next name."""
    return _text(
        "".join(
            f"{loss.accepted_at:%Y-%m-%dT%H:%M:%SZ} {loss.signed_size} {loss.signed_root} {loss.size} {loss.root} "
            f"{origin_of(slug, loss.number)}\n"
            for loss in log_queries.losses(campaign_id(slug))
        )
    )


@log.page("/<slug>/tile/<path:tile>", merge_slashes=False)
def tile(slug: str, tile: str) -> Response:
    """A tile of hashes, or the entries under one of level 0; 404 for what no published checkpoint has."""
    wanted = read_path(tile)
    if wanted is None:
        abort(404)
    number = campaign_id(slug)
    if wanted.level is None:
        return _entries(log_queries.entries_tile(number, wanted.number, pledge_hashes, wanted.width))
    content = log_queries.tile(number, wanted.level, wanted.number, wanted.width)
    if content is None:
        abort(404)
    return _bytes(content)


@tool.page("/verify.py")
def program() -> Response:
    """verifier/verify.py as it is, for saving; docs/verify.md and its docstring say how to use it."""
    response = Response(PROGRAM.read_bytes(), content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=verify.py"
    return revalidated(response, PROGRAM_CACHE)


def _entries(entries: bytes | None) -> Response:
    """Compressed where the client accepts it (as tlog-tiles, "Log Entries", suggests); hashes cannot be compressed."""
    if entries is None:
        abort(404)
    compressed = request.accept_encodings.quality("gzip") > 0
    response = _bytes(gzip.compress(entries, mtime=0) if compressed else entries)
    response.headers["Vary"] = "Accept-Encoding"
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _text(content: str) -> Response:
    return Response(content, content_type="text/plain; charset=utf-8")


def _bytes(content: bytes) -> Response:
    response = Response(content, content_type="application/octet-stream")
    response.headers["Cache-Control"] = FOR_GOOD
    return response
