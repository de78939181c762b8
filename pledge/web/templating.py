"""What every template can use: country names, numbers and dates in the page's language, initials, hashed static addresses."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, make_response, render_template, request, url_for
from jinja2.runtime import Context

from config import Config
from pledge.abuse import models as abuse
from pledge.accounts import roles
from pledge.audit.services import MAX_REASON
from pledge.campaigns import models as campaigns
from pledge.campaigns.forgetting import AFTER_CLOSING, AFTER_DELIVERY
from pledge.campaigns.rules import shown_link
from pledge.core import countries, i18n, languages
from pledge.core.languages import language_of_script
from pledge.core.organization_types import TYPES
from pledge.deliveries import models as deliveries
from pledge.demands import models as demands
from pledge.endorsements import models as endorsements
from pledge.endorsements import promises
from pledge.endorsements.expiry import ENDED, UNCONFIRMED
from pledge.endorsements.queries import initials
from pledge.endorsements.review import queries as review
from pledge.endorsements.review.reasons import MAX_WORDING
from pledge.endorsements.rules import REVIEW_DAYS
from pledge.files.documents import MAX_DOCUMENT
from pledge.files.pictures import MAX_PICTURE
from pledge.files.scans import MAX_SCAN
from pledge.files.services import MEGABYTE
from pledge.inbox import queries as inbox
from pledge.mail import models as mail
from pledge.mail.suppression import SUPPRESSED
from pledge.news import models as news
from pledge.paper import models as paper
from pledge.signatures import models as signatures
from pledge.signatures.invalidation import models as invalidations
from pledge.signatures.models import PENDING_LIFETIME
from pledge.statistics import funnel, integrity
from pledge.switches import queries as switches

#: Characters that may be in a path unencoded (RFC 3986 section 3.3).
_PATH_SAFE = "/:@!$&'()*+,;="
#: What things are called, by their kind: `labels.news_state[item.state]`.
LABELS = {
    "alert": abuse.LABELS,
    "cluster_kind": abuse.ORIGIN_LABELS,
    "delivery_channel": deliveries.CHANNEL_LABELS,
    "delivery_state": deliveries.STATE_LABELS,
    "demand_event": demands.KIND_LABELS,
    "duplicate_sign": review.SIGN_LABELS,
    "endorsement_field": review.FIELDS,
    "endorsement_own_state": endorsements.OWN_STATE_LABELS,
    "endorsement_state": endorsements.STATE_LABELS,
    "endorsement_tab": review.TAB_LABELS,
    "hold_reason": signatures.HOLD_REASONS,
    "inbox_kind": inbox.KIND_LABELS,
    "inbox_proposal": inbox.PROPOSAL_LABELS,
    "invalidation_done": invalidations.DONE_LABELS,
    "invalidation_reason": invalidations.REASON_LABELS,
    "invalidation_state": invalidations.STATE_LABELS,
    "level": endorsements.LEVELS,
    "level_marks": endorsements.LEVEL_MARKS,
    "level_meaning": endorsements.LEVEL_MEANINGS,
    "mail_kind": mail.KIND_LABELS,
    "mail_provider": funnel.PROVIDERS,
    "mail_returned": mail.RETURNED_LABELS,
    "mail_state": mail.STATE_LABELS,
    "campaign_state": campaigns.STATE_LABELS,
    "partner_role": campaigns.ROLE_LABELS,
    "news_state": news.STATE_LABELS,
    "organization_type": TYPES,
    "paper_state": paper.STATE_LABELS,
    "scope": promises.SCOPES,
    "role": roles.LABELS,
    "role_duty": roles.DUTIES,
    "share_channel": campaigns.SHARE_CHANNELS,
    "sign_ups": integrity.LINE_LABELS,
    "signature_state": signatures.STATE_LABELS,
}
STATIC = Path(__file__).parent.parent / "static"


class PageContext(Context):
    """The context of a template, which does not say which of its names are globals.

    At each import Jinja compares them with those of the imported template: a sixth of the time of a page, for nothing here.
    """

    def __init__(self, *arguments: Any, globals: Any = None) -> None:  # noqa: A002  # Jinja's name
        super().__init__(*arguments)


def render_page(template: str, status: int = 200, retry_after: int | None = None, **context: Any) -> Response:
    """A page. `retry_after`: in seconds."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return make_response(render_template(template, **context), status, headers)


def init_app(app: Flask, config: Config) -> None:
    app.jinja_env.context_class = PageContext
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=asset,
        base_url=config.base_url,
        contact=config.contact,
        format_axis_day=i18n.format_axis_day,
        format_count=i18n.format_count,
        format_date=i18n.format_date,
        format_day=i18n.format_day,
        format_datetime=i18n.format_datetime,
        format_time=i18n.format_time,
        format_ordinal=i18n.format_ordinal,
        country_name=lambda code: countries.country_name(code, i18n.language()),
        authenticator_name=config.issuer,
        promise_parts=lambda version: promises.parts(version, i18n.language()),
        promise_evidence=lambda version: promises.evidence(version, i18n.language()),
        site_name=lambda: config.site_name_in(i18n.language()),
        max_reason=MAX_REASON,
        max_wording=MAX_WORDING,
        # How long what somebody sent is kept: the texts by which they agree name it.
        delivered_days=AFTER_DELIVERY.days,
        closed_months=AFTER_CLOSING.days // 30,
        unconfirmed_days=PENDING_LIFETIME.days,
        application_days=UNCONFIRMED.days,
        ended_days=ENDED.days,
        review_days=REVIEW_DAYS,
        suppressed_days=SUPPRESSED.days,
        # The largest files that are taken.
        picture_mb=MAX_PICTURE // MEGABYTE,
        document_mb=MAX_DOCUMENT // MEGABYTE,
        scan_mb=MAX_SCAN // MEGABYTE,
        region_name=lambda code: countries.region_name(code, i18n.language()),
        language_of_script=language_of_script,
        has_sample_data=lambda: switches.current().sample_data,
        initials=initials,
        labels=LABELS,
        language_name=lambda code: languages.name(code, i18n.language()),
        languages=languages,
        moment_pattern=lambda: i18n.moment_pattern(i18n.language()),
        picture_url=picture_url,
        shown_link=shown_link,
        switch_url=switch_url,
    )
    app.context_processor(lambda: {"lang": i18n.language()})


def asset(path: str) -> str:
    """The address of a static file, with a hash of its content so that caches may keep it for ever."""
    return f"/static/{path}?v={_digest(path)}"


def picture_url(name: str, size: int) -> str:
    """The address of a stored picture, 96 or 320 pixels on its longer side; 640, 1080 or 1600 of a wide one."""
    return url_for("files.picture", name=name, size=size)


def switch_url(lang: str) -> str:
    """This page in another language; for the answer to a form, the page of the form.

    That is the page of the same address, or of the nearest one above it: `/ko/me/<token>` for `/ko/me/<token>/list`.
    """
    if request.blueprint != "public" or request.endpoint is None:
        return url_for("public.home", lang=lang)
    # A page whose address has a ticket is the same for everybody, so it must not name the ticket.
    ticket = (request.view_args or {}).get("ticket")
    path = request.path.removesuffix(f"/{ticket}") if ticket else request.path
    if request.method == "POST":
        pages = current_app.create_url_adapter(request)
        while pages is not None and not pages.test(path, "GET"):
            path = path.rpartition("/")[0]
    _, _, rest = path.removeprefix("/").partition("/")
    return f"/{lang}/{quote(rest, safe=_PATH_SAFE)}"


@lru_cache(maxsize=256)
def _digest(path: str) -> str:
    file = STATIC / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"
