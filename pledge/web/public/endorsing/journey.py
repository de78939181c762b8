"""An organisation's endorsement as a journey of mailed links: its use cases and what its pages show."""

from typing import Any

from pledge.campaigns.queries import CampaignView
from pledge.core.tokens import Purpose
from pledge.endorsements import services
from pledge.endorsements.queries import open_link, own_endorsement
from pledge.mail.models import RequestKind
from pledge.web.public.campaign.sharing import campaign_links
from pledge.web.public.mailed_links.journey import Journey


def thanks_context(campaign: CampaignView) -> dict[str, Any]:
    return {"share": campaign_links(campaign)}


ENDORSEMENT = Journey(
    name="endorsement",
    form="public.endorse",
    form_template="public/endorsing/endorse.html",
    confirm_template="public/endorsing/confirm.html",
    thanks_template="public/endorsing/thanks.html",
    words="public/endorsing/words.html",
    questions="public/endorsing/questions.html",
    ticket=Purpose.ENDORSE_TICKET,
    link=Purpose.ENDORSE_CONFIRM,
    pressed=Purpose.ENDORSE_PRESSED,
    own=Purpose.ENDORSE_MANAGE,
    link_request=RequestKind.ENDORSE_LINK,
    use_cases=services,
    open_link=open_link,
    find_own=own_endorsement,
    thanks_context=thanks_context,
)
