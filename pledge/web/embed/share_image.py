"""The picture that social networks and messengers show beside a link to a campaign, with the number of people."""

from flask import Response
from flask_babel import ngettext

from config import current_config
from pledge.core import i18n
from pledge.ledger import queries as ledger
from pledge.share_images.drawing import ShareImage, draw
from pledge.web.caching import kept
from pledge.web.embed.blueprint import embed
from pledge.web.public.campaign.pages import campaign_or_404
from pledge.web.sample_mark import marked

#: Drawing takes about 0.1 s of CPU.
SECONDS = 60
SHARE_CACHE = f"public, max-age={SECONDS}, stale-while-revalidate=600, stale-if-error=86400"


@embed.get("/share/<slug>.<language:lang>.png")
@kept(SHARE_CACHE, seconds=SECONDS)
def share_image(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    people = ledger.count(campaign.id).people
    image = draw(
        ShareImage(
            site=marked(current_config().site_name_in(i18n.language())),
            title=campaign.title,
            figure=i18n.format_count(people),
            words=ngettext("person signed", "people signed", people),
        )
    )
    return Response(image, content_type="image/png")
