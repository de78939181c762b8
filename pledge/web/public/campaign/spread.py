"""Spread the word: what a partner needs to show the campaign on a site, in a document or in a chat. The same for everybody."""

from dataclasses import dataclass

from flask import Response, make_response, render_template
from flask_babel import gettext as _
from markupsafe import Markup, escape

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.urls import campaign_link, public_url
from pledge.web.caching import kept
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404

#: Pixels of the widget's frame where it is not sized by embed.js.
_HEIGHT = 420


@dataclass(frozen=True)
class Code:
    """A piece of code to copy."""

    name: str
    label: str
    text: str  #: HTML or Markdown as it is copied; the page shows it as plain text


@dataclass(frozen=True)
class Codes:
    """All of them, in the language of the page."""

    link: Code
    script: Code
    script_form: Code
    frame: Code
    badge: Code
    badge_markdown: Code


@public.get("/c/<slug>/spread")
@kept(PAGE_CACHE)
def spread(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    page = render_template(
        "public/campaign/spread.html",
        campaign=campaign,
        codes=_codes(campaign),
        origin=current_config().base_url,
    )
    return make_response(page)


def _codes(campaign: CampaignView) -> Codes:
    lang, slug, title = i18n.language(), campaign.slug, campaign.title
    link, badge = campaign_link(lang, slug), public_url("embed.badge", slug=slug, lang=lang)
    facts = {"script": public_url("embed.script"), "slug": slug, "lang": lang, "title": title}
    script = Markup(
        '<script async src="{script}" data-campaign="{slug}" data-lang="{lang}" data-title="{title}"{more}></script>'
    )
    frame = Markup(
        '<iframe src="{src}" title="{title}" width="100%" height="{height}" loading="lazy"></iframe>'
    )
    picture = Markup('<a href="{link}"><img src="{badge}" alt="{title}" height="28"></a>')
    return Codes(
        link=Code("link", _("Address of the campaign"), link),
        script=Code(
            "script", _("The number of signatures and a button"), str(script.format(**facts, more=""))
        ),
        script_form=Code(
            "script-form",
            _("With the form, so that people sign on your site"),
            str(script.format(**facts, more=Markup(" data-form"))),
        ),
        frame=Code(
            "frame",
            _("Without a script, with a fixed height"),
            str(
                frame.format(
                    src=public_url("embed.widget", slug=slug, lang=lang), title=title, height=_HEIGHT
                )
            ),
        ),
        badge=Code("badge", "HTML", str(picture.format(link=link, badge=badge, title=title))),
        badge_markdown=Code("badge-markdown", "Markdown", f"[![{escape(title)}]({badge})]({link})"),
    )
