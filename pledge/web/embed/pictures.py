"""The badges, the picture that messengers show beside a link to a campaign, and the one that people post after signing."""

from flask import Response, abort, redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug import Response as AnyResponse

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.endorsements import queries as endorsements
from pledge.endorsements.models import LEVEL_MARKS, LEVELS
from pledge.ledger import queries as ledger
from pledge.share_images.drawing import ShareImage, draw, text_width
from pledge.web.caching import cached
from pledge.web.embed.widget import embed, language
from pledge.web.limits import limited, token_limit
from pledge.web.public.campaign.pages import campaign_or_404, mark_sample
from pledge.web.templating import render_page

#: They may be older than the number on a page: other sites keep them too, and drawing a share image takes 0.1 s of CPU.
SECONDS = 60
PICTURE_CACHE = f"public, max-age={SECONDS}, stale-while-revalidate=600, stale-if-error=86400"
#: Not cached by the application: there are as many cards as people, and most are asked for once.
CARD_CACHE = "public, max-age=86400"
#: Pixels.
_SIZE, _PADDING, _MARK = 13, 12, 18
_BLUE, _GREEN = "#0061a8", "#1d6b45"


@embed.get("/badge/<slug>.svg")
@cached(PICTURE_CACHE, reads=("lang",), variant=language, seconds=SECONDS)
def badge(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    people = ledger.count(campaign.id).people
    number = i18n.format_count(people)
    words = ngettext("%(number)s signature", "%(number)s signatures", people, number=number)
    title = mark_sample(campaign.title)
    return _drawn(title, words, f"{title}: {words}", _BLUE)


@embed.get("/badge/<slug>/<int(min=1,max=9223372036854775807):endorsement_id>.svg")
@cached(PICTURE_CACHE, reads=("lang",), variant=language, seconds=SECONDS)
def endorsement_badge(slug: str, endorsement_id: int) -> AnyResponse:
    """Of an organisation on the wall. Once it has left, its site shows the badge with the number instead: no broken picture
    and no claim that is not true.
    """
    campaign = campaign_or_404(slug)
    organization = endorsements.organization(campaign.id, endorsement_id, i18n.language())
    if organization is None or organization.is_gone:
        return redirect(url_for("embed.badge", slug=slug, lang=i18n.language()))
    title = mark_sample(campaign.title)
    label = _("%(organization)s endorses “%(campaign)s”", organization=organization.name, campaign=title)
    level = LEVELS[organization.level].of(i18n.language())
    return _drawn(title, f"{_('We endorse')} {LEVEL_MARKS[organization.level]}", f"{label} ({level})", _GREEN)


def _drawn(title: str, words: str, label: str, colour: str) -> Response:
    title_width = round(text_width(title, _SIZE))
    words_width = round(text_width(words, _SIZE))
    left = _PADDING + _MARK + title_width + _PADDING
    response = render_page(
        "embed/badge.svg",
        title=title,
        words=words,
        label=label,
        colour=colour,
        left=left,
        width=left + _PADDING + words_width + _PADDING,
        title_at=_PADDING + _MARK,
        title_width=title_width,
        words_at=left + _PADDING,
        words_width=words_width,
    )
    response.content_type = "image/svg+xml; charset=utf-8"
    return response


@embed.get("/share/<slug>/<int(min=1):number>.<language:lang>.png")
@limited(token_limit)
def number_card(slug: str, number: int) -> Response:
    """A picture of "62nd signature", without a name. Anybody may ask for any number: it tells nothing that the count does not tell."""
    campaign = campaign_or_404(slug)
    count = ledger.count(campaign.id)
    # Who was the 62nd stays the 62nd when others withdraw; the log is never shorter than any number given.
    if number > max(count.people, count.log_size or 0):
        abort(404)
    response = _picture(campaign, i18n.format_ordinal(number), _("signature"))
    response.headers["Cache-Control"] = CARD_CACHE
    return response


@embed.get("/share/<slug>.<language:lang>.png")
@cached(PICTURE_CACHE, seconds=SECONDS)
def share_image(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    people = ledger.count(campaign.id).people
    words = ngettext("person signed", "people signed", people)
    return _picture(campaign, i18n.format_count(people), words)


def _picture(campaign: CampaignView, figure: str, words: str) -> Response:
    site = mark_sample(current_config().site_name_in(i18n.language()))
    image = draw(ShareImage(site=site, title=campaign.title, figure=figure, words=words))
    return Response(image, content_type="image/png")
