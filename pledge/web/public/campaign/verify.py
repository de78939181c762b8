"""The page that checks a receipt or a delivery pack in the visitor's own browser: nothing is sent to us (docs/adr/0048)."""

from functools import cache
from hashlib import sha256

from flask import Response, make_response, render_template

from config import ROOT
from pledge.campaigns import queries as campaigns
from pledge.core import i18n
from pledge.web.caching import kept
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE

#: The parts of the program, js/modules/verify-<name>.js: the page contains their addresses, as each has a hash of its
#: content.
PARTS = (
    "bytes",
    "note",
    "merkle",
    "zip",
    "entries",
    "trust",
    "log",
    "receipt",
    "tables",
    "pack",
    "result",
    "worker",
)


@public.get("/verify")
@kept(PAGE_CACHE)
def verify() -> Response:
    """The page names the campaigns of this site, so that the browser fetches keys only for those."""
    page = render_template(
        "public/campaign/verify.html",
        slugs=[one.slug for one in campaigns.public_campaigns(i18n.language())],
        parts=PARTS,
        program_sha256=_program_sha256(),
    )
    return make_response(page)


@cache
def _program_sha256() -> str:
    """SHA-256 of /verify.py, in hex."""
    return sha256((ROOT / "tools" / "verify.py").read_bytes()).hexdigest()
