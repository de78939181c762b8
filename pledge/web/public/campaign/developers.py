"""For developers: what other programs may read here, with examples. Tests take the examples from the page and run them."""

from flask import Response
from flask_babel import gettext as _

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core import i18n
from pledge.core.urls import campaign_link, public_url
from pledge.web.caching import cached
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE
from pledge.web.public.campaign.sharing import Code
from pledge.web.templating import render_page

#: Stands in the examples of a site that has no campaign yet.
_NO_CAMPAIGN = "campaign"


@public.get("/developers")
@cached(PAGE_CACHE)
def developers() -> Response:
    lang = i18n.language()
    shown = campaigns.public_campaigns(lang)
    slug = shown[0].slug if shown else _NO_CAMPAIGN
    return render_page(
        "public/campaign/developers.html",
        slug=slug,
        has_campaign=bool(shown),
        examples=_examples(slug, lang),
    )


def _examples(slug: str, lang: str) -> list[Code]:
    count = public_url("api.count", slug=slug)
    nothing = public_url("api.count", slug="no-such-campaign")
    oembed = public_url("embed.oembed")
    return [
        Code("count", _("The number of signatures"), f"curl -s {count}"),
        Code(
            "etag",
            _("Ask only whether it has changed: the second answer is 304 without a body"),
            f"curl -s -o count.json -w '%{{http_code}}\\n' --etag-save count.etag {count}\n"
            f"curl -s -o count.json -w '%{{http_code}}\\n' --etag-compare count.etag {count}",
        ),
        Code(
            "log",
            _("Count the public log again"),
            f"curl -s -O {public_url('tool.program')}\n"
            f"python3 verify.py count {current_config().base_url}/log/{slug}",
        ),
        Code(
            "oembed",
            _("The widget for an address"),
            f"curl -s -G {oembed} --data-urlencode 'url={campaign_link(lang, slug)}'",
        ),
        Code("problem", _("An error"), f"curl -s {nothing}"),
    ]
