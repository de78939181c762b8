"""The picture that people save or post after signing: "62nd signature", without a name.

Anybody may ask for any number up to the newest one: it tells nothing that the count does not tell.
"""

from flask import Response, abort
from flask_babel import gettext as _

from config import current_config
from pledge.core import i18n
from pledge.ledger import queries as ledger
from pledge.share_images.drawing import ShareImage, draw
from pledge.web.embed.blueprint import embed
from pledge.web.limits import limited, token_limit
from pledge.web.ordinals import ordinal
from pledge.web.public.campaign.pages import campaign_or_404
from pledge.web.sample_mark import marked

#: Not kept by the application: there are as many cards as people, and most are asked for once.
CARD_CACHE = "public, max-age=86400"


@embed.get("/share/<slug>/<int(min=1):number>.<language:lang>.png")
@limited(token_limit)
def number_card(slug: str, number: int) -> Response:
    campaign = campaign_or_404(slug)
    count = ledger.count(campaign.id)
    # Who was the 62nd stays the 62nd when others withdraw; the log is never shorter than any number given.
    if number > max(count.people, count.log_size or 0):
        abort(404)
    image = ShareImage(
        site=marked(current_config().site_name_in(i18n.language())),
        title=campaign.title,
        figure=ordinal(number),
        words=_("signature"),
    )
    response = Response(draw(image), content_type="image/png")
    response.headers["Cache-Control"] = CARD_CACHE
    return response
