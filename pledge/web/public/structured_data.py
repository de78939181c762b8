"""What a page says to programs that read schema.org (JSON-LD): the site, who runs it, events and numbers.

It is a data block (HTML Standard, 4.12.1), not a script, so the Content-Security-Policy need not allow it.
"""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _

from config import current_config
from pledge.campaigns.models import CampaignEvent
from pledge.campaigns.partners import PartnerView
from pledge.campaigns.queries import CampaignView
from pledge.campaigns.rules import shown_link
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import i18n
from pledge.core.clock import iso_utc
from pledge.core.urls import public_url, site_name
from pledge.files.services import stored_at
from pledge.news.models import NewsItem
from pledge.statistics.history import Progress
from pledge.web.api.campaigns import TABLES
from pledge.web.public.campaign.pages import CampaignPage
from pledge.web.templating import asset

CONTEXT = "https://schema.org"


def site_facts() -> dict[str, Any]:
    config = current_config()
    lang = i18n.language()
    contact = config.contact_in(lang)
    name = config.site_name_in(lang)
    home = public_url("public.home")
    organization = {
        "@type": "Organization",
        "name": name,
        "url": home,
        "logo": config.base_url + asset("img/icon-512.png"),
        "email": contact.email,
        "telephone": config.telephone,
        "address": contact.postal_address,
    }
    site = {"@type": "WebSite", "name": name, "url": home, "inLanguage": lang, "publisher": organization}
    return {"@context": CONTEXT, **site}


def campaign_facts(page: CampaignPage, events: Iterable[CampaignEvent]) -> dict[str, Any]:
    """Who runs the campaign, and the events that are still to come."""
    organizers = [_organization(partner) for partner in page.extras.secretariat]
    trail = ((site_name(i18n.language()), public_url("public.home")), (page.title, page.url))
    crumbs = [
        {"@type": "ListItem", "position": place, "name": name, "item": url}
        for place, (name, url) in enumerate(trail, 1)
    ]
    shown = {"name": page.title, "description": page.summary}
    graph: list[dict[str, Any]] = [
        {
            "@type": "WebPage",
            **shown,
            "image": public_url("embed.share_image", slug=page.slug, lang=i18n.language()),
            "url": page.url,
            "inLanguage": i18n.language(),
            "publisher": organizers,
            "breadcrumb": {"@type": "BreadcrumbList", "itemListElement": crumbs},
        },
    ]
    if page.video:
        graph.append({"@type": "VideoObject", **shown} | _video(page.video))
    graph += [_event(event, page, organizers) for event in events]
    return {"@context": CONTEXT, "@graph": graph}


def news_facts(item: NewsItem, campaign: CampaignView) -> dict[str, Any]:
    """One piece of news of a campaign."""
    lang = i18n.language()
    article: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": item.title.in_language(lang),
        "datePublished": iso_utc(item.begun_at or item.changed_at),
        "inLanguage": item.body.language_for(lang),
        "image": public_url("embed.news_image", slug=campaign.slug, news_id=item.id, lang=lang),
        "url": public_url("public.news_item", lang=lang, slug=campaign.slug, news_id=item.id),
        "publisher": {"@type": "Organization", "name": campaign.secretariat_line or site_name(lang)},
    }
    return {"@context": CONTEXT, **article}


def data_facts(campaign: CampaignView, progress: Progress, file: str | None) -> dict[str, Any]:
    """The numbers of a campaign as a data set, which search engines for data list and people cite.

    `file`: the address of all of them in one zip.
    """
    lang, slug = i18n.language(), campaign.slug
    page = public_url("public.progress", lang=lang, slug=slug)
    files = [("text/csv", public_url("api.table", slug=slug, table=name)) for name in TABLES]
    if file:
        files.append(("application/zip", file))
    opened = {"temporalCoverage": f"{iso_utc(campaign.row.opens_at)}/.."} if campaign.row.opens_at else {}
    data: dict[str, Any] = {
        "@type": "Dataset",
        "name": _("Signatures in numbers: %(title)s", title=campaign.title),
        "description": _(
            "How many people signed, how the number grew, where they live, how signatures are counted, and how to check the count yourself."
        ),
        "url": page,
        "inLanguage": lang,
        "license": current_config().data_licence,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": campaign.secretariat_line or site_name(lang)},
        "dateModified": iso_utc(progress.totals.as_of),
        "version": progress.log_size,
        **opened,
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": media_type, "contentUrl": address}
            for media_type, address in files
        ],
    }
    return {"@context": CONTEXT, **{name: value for name, value in data.items() if value is not None}}


def _organization(partner: PartnerView) -> dict[str, Any]:
    logo = partner.logo and public_url("files.picture", name=partner.logo, size=320)
    facts = {"name": partner.name, "url": partner.url, "logo": logo}
    return {"@type": "Organization"} | {key: value for key, value in facts.items() if value}


def _video(video: Video | OwnVideo) -> dict[str, str]:
    """Where the film lies, or is played; its picture and when it was published, where that is known."""
    still = {"thumbnailUrl": public_url("files.picture", name=video.still, size=1080)} if video.still else {}
    if not isinstance(video, OwnVideo):
        return still | {"embedUrl": video.player}
    stored = stored_at(video.file)
    date = {"uploadDate": iso_utc(stored)} if stored else {}
    return still | date | {"contentUrl": public_url("files.video", name=video.file, ending=video.format)}


def _event(event: CampaignEvent, page: CampaignPage, organizers: list[dict[str, Any]]) -> dict[str, Any]:
    """Online events are held at their link, or else announced on the campaign's page. What is not known is left out."""
    lang, link = i18n.language(), shown_link(event.url) or f"{page.url}#events"
    place = event.place.in_language(lang)
    places = [{"@type": "Place", "name": place, "address": place}] if place else []
    if event.is_online:
        places.append({"@type": "VirtualLocation", "url": shown_link(event.join_url) or link})
    mode = ("Mixed" if place else "Online") if event.is_online else "Offline"
    speakers = event.speakers.in_language(lang)
    moments = {"startDate": event.starts_at, "endDate": event.ends_at or (event.all_day and event.starts_at)}
    return {
        "@type": "Event",
        "name": event.title.in_language(lang),
        **({"description": speakers} if speakers else {}),
        "image": public_url("embed.share_image", slug=page.slug, lang=lang),
        **{
            name: moment.astimezone(i18n.SEOUL).date().isoformat() if event.all_day else iso_utc(moment)
            for name, moment in moments.items()
            if moment
        },
        "eventStatus": f"{CONTEXT}/EventScheduled",
        **(
            {"eventAttendanceMode": f"{CONTEXT}/{mode}EventAttendanceMode", "location": places}
            if places
            else {}
        ),
        "organizer": organizers,
        "url": link,
    }
