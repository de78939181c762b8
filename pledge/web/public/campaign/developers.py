"""For developers: what other programs may read here, with examples. Tests take the examples from the page and run them."""

from dataclasses import dataclass
from typing import Any

from flask import Response, url_for
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


@dataclass(frozen=True)
class Resource:
    """Something to read, and what it is."""

    url: str
    path: str
    meaning: str


@public.get("/developers")
@cached(PAGE_CACHE)
def developers() -> Response:
    lang = i18n.language()
    shown = campaigns.public_campaigns(lang)
    slug = shown[0].slug if shown else _NO_CAMPAIGN
    return render_page(
        "public/campaign/developers.html",
        slug=slug if shown else "",
        numbers=_numbers(slug),
        proof=_proof(slug),
        showing=_showing(slug, lang),
        curl=_curl_examples(slug, lang),
        javascript=_javascript_examples(slug),
    )


def _numbers(slug: str) -> list[Resource]:
    return [
        _resource("api.campaign_list", _("All campaigns, with the addresses of everything about each")),
        _resource("api.campaign_facts", _("One campaign: texts, dates, goal, pledge, numbers"), slug=slug),
        _resource("api.count", _("The number of people and of organisations"), slug=slug),
        _resource("api.history", _("How many each day added"), slug=slug),
        _resource("api.regions", _("People by province in Korea"), slug=slug),
        _resource("api.countries", _("People by country"), slug=slug),
        _resource("api.organizations", _("The organisations on the list, 500 at a time"), slug=slug),
        _resource("api.integrity", _("What was not counted, and why"), slug=slug),
        _resource("api.openapi", _("All of this as OpenAPI 3.1, for tools that make clients")),
    ]


def _proof(slug: str) -> list[Resource]:
    return [
        _resource(
            "log.checkpoint", _("The signed state of the public log (C2SP tlog-checkpoint)"), slug=slug
        ),
        _resource("log.key", _("The keys that sign it"), slug=slug),
        _resource("tool.program", _("A program that counts the whole log again on your computer")),
    ]


def _showing(slug: str, lang: str) -> list[Resource]:
    return [
        _resource("embed.widget", _("The widget, for a frame"), slug=slug, lang=lang),
        _resource("embed.badge", _("The badge"), slug=slug, lang=lang),
        _resource("embed.share_image", _("The picture for links, 1200 × 630"), slug=slug, lang=lang),
        _resource("embed.oembed", _("oEmbed, for blogs and wikis"), url=campaign_link(lang, slug)),
    ]


def _curl_examples(slug: str, lang: str) -> list[Code]:
    count = public_url("api.count", slug=slug)
    nothing = public_url("api.count", slug="no-such-campaign")
    oembed = public_url("embed.oembed")
    return [
        Code("curl-count", _("The number of signatures"), f"curl -s {count}"),
        Code(
            "curl-etag",
            _("Ask only whether it has changed: the second answer is 304 without a body"),
            f"curl -s -o count.json -w '%{{http_code}}\\n' --etag-save count.etag {count}\n"
            f"curl -s -o count.json -w '%{{http_code}}\\n' --etag-compare count.etag {count}",
        ),
        Code(
            "curl-log",
            _("Count the public log again"),
            f"curl -s -O {public_url('tool.program')}\n"
            f"python3 verify.py count {current_config().base_url}/log/{slug}",
        ),
        Code(
            "curl-oembed",
            _("The widget for an address"),
            f"curl -s -G {oembed} --data-urlencode 'url={campaign_link(lang, slug)}'",
        ),
        Code("curl-problem", _("An error"), f"curl -s {nothing}"),
    ]


def _javascript_examples(slug: str) -> list[Code]:
    count = public_url("api.count", slug=slug)
    regions = public_url("api.regions", slug=slug)
    organizations = public_url("api.organizations", slug=slug)
    return [
        Code(
            "js-count",
            _("The number of signatures"),
            f'const answer = await fetch("{count}");\n'
            "const { people, organizations, as_of } = await answer.json();\n"
            "console.log(people, organizations, as_of);",
        ),
        Code(
            "js-regions",
            _("People by province, with names in the language of the reader"),
            f'const answer = await fetch("{regions}");\n'
            "const { regions } = await answer.json();\n"
            "const lang = document.documentElement.lang;\n"
            "for (const { label, people } of regions) console.log(label[lang], people);",
        ),
        Code(
            "js-organizations",
            _("All organisations, batch by batch"),
            f'let address = "{organizations}";\n'
            "const found = [];\n"
            "while (address) {\n"
            "  const batch = await (await fetch(address)).json();\n"
            "  found.push(...batch.organizations);\n"
            "  address = batch.next;\n"
            "}\n"
            "console.log(found.length);",
        ),
        Code(
            "js-problem",
            _("An error"),
            f'const answer = await fetch("{public_url("api.count", slug="no-such-campaign")}");\n'
            "if (!answer.ok) {\n"
            "  const { status, title, detail } = await answer.json();\n"
            "  console.log(status, title, detail);\n"
            "}",
        ),
    ]


def _resource(endpoint: str, meaning: str, **values: Any) -> Resource:
    return Resource(public_url(endpoint, **values), url_for(endpoint, **values).partition("?")[0], meaning)
