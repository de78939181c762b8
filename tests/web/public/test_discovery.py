"""What search engines and devices are told: robots.txt, the sitemap, icons, the web manifest, facts in JSON-LD."""

import json
import re
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from pledge.campaigns import items, media
from pledge.campaigns.events import EVENT
from pledge.campaigns.media import VideoFields
from pledge.campaigns.models import Partner
from pledge.core import clock
from pledge.core.clock import iso_utc
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.news.models import NewsItem, NewsState
from pledge.web.caching import cache
from tests.support import factories
from tests.support import news as newsletters
from tests.support.factories import EDITOR, event_fields

pytestmark = pytest.mark.sqlite_only  # what the databases answer is tested where the pages are

BASE = "http://localhost"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def facts_of(page):
    """The JSON-LD of a page."""
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    return json.loads(block)


def test_robots_may_read_all_but_the_staff_area_and_are_told_of_the_sitemap(app, client):
    lines = client.get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow: /staff/", f"Sitemap: {BASE}/sitemap.xml"]


def test_whoever_finds_a_weakness_reads_whom_to_tell(app, client):
    lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").text.splitlines())
    assert lines["Contact"].startswith("mailto:")
    assert clock.now() < datetime.fromisoformat(lines["Expires"]) < clock.now() + timedelta(days=365)
    assert lines["Preferred-Languages"] == "ko, en"


def listed(client):
    answer = client.get("/sitemap.xml")
    assert answer.mimetype == "application/xml"
    root = ET.fromstring(answer.data)  # our own answer
    return {url.findtext(f"{SITEMAP}loc"): url for url in root}


def test_the_sitemap_lists_each_page_that_may_be_found_in_each_language(app, client):
    factories.campaign("air")
    factories.draft("secret")
    factories.endorsement()
    pages = listed(client)
    for lang in ("ko", "en"):
        for path in (
            "",
            "privacy",
            "verify",
            "developers",
            "how-it-works",
            "accessibility",
            "contact",
            "c/air",
            "c/air/sign",
            "c/air/endorse",
            "c/air/spread",
            "c/air/live",
            "c/air/pledge/1",
        ):
            page = pages[f"{BASE}/{lang}/{path}"]
            others = {link.get("hreflang"): link.get("href") for link in page if link.get("hreflang")}
            assert others == {
                "ko": f"{BASE}/ko/{path}",
                "en": f"{BASE}/en/{path}",
                "x-default": f"{BASE}/ko/{path}",
            }
    assert not [url for url in pages if "secret" in url]


def test_no_page_of_the_sitemap_asks_search_engines_to_leave_it(app, client):
    factories.endorsement(factories.campaign("air"))
    pages = listed(client)
    assert any("/organizations/" in url for url in pages)
    for url in pages:
        page = client.get(url.removeprefix(BASE))
        assert page.status_code == 200, url
        assert "noindex" not in page.text, url
        assert f'<link rel="canonical" href="{url}">' in page.text, url
        assert '<meta property="og:image" content="http' in page.text, url


def test_news_is_in_the_sitemap_and_says_when_it_came_once_it_was_sent(app, client):
    air = factories.campaign("air")
    assert f"{BASE}/en/c/air/news" not in listed(client)
    sent = newsletters.begun(air)
    with transaction() as session:
        session.get_one(NewsItem, sent).state = NewsState.SENDING
    cache.clear()
    url = f"{BASE}/en/c/air/news/{sent}"
    assert {url, f"{BASE}/en/c/air/news"} <= set(listed(client))
    facts = facts_of(client.get(url.removeprefix(BASE)))
    assert (facts["@type"], facts["headline"]) == ("NewsArticle", newsletters.TITLE["en"])
    assert facts["datePublished"].endswith("Z")
    assert facts["publisher"]["name"] == "The Secretariat"


def test_the_sitemap_says_when_a_text_changed_only_where_that_is_known(app, client):
    organization = factories.endorsement(factories.campaign("air"))
    pages = listed(client)
    for path in ("pledge/1", f"organizations/{organization.id}"):
        changed = datetime.fromisoformat(pages[f"{BASE}/en/c/air/{path}"].findtext(f"{SITEMAP}lastmod"))
        assert timedelta() <= clock.now() - changed < timedelta(hours=2)
    assert pages[f"{BASE}/en/c/air"].find(f"{SITEMAP}lastmod") is None


def test_a_form_that_was_sent_or_is_closed_is_not_for_search_engines(app, client):
    factories.campaign("air")
    assert "noindex" in client.post("/en/c/air/sign", data={}).text
    factories.campaign("old", state="closed")
    assert "noindex" in client.get("/en/c/old/sign").text
    assert f"{BASE}/en/c/old/sign" not in listed(client)


def test_the_manifest_names_the_site_and_its_icons(app, client):
    page = client.get("/ko/privacy").text
    (path,) = re.findall(r'<link rel="manifest" href="(.*?)">', page)
    answer = client.get(path)
    assert answer.mimetype == "application/manifest+json"
    manifest = answer.json
    assert (manifest["name"], manifest["lang"], manifest["start_url"]) == ("서약", "ko", "/ko/")
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        with client.get(icon["src"]) as answer:
            assert answer.status_code == 200


def test_home_says_which_site_it_is_and_who_runs_it(app, client):
    facts = facts_of(client.get("/en/"))
    assert (facts["@type"], facts["name"], facts["url"]) == ("WebSite", "Pledge", f"{BASE}/en/")
    assert facts["publisher"]["@type"] == "Organization"
    assert facts["publisher"]["email"] == "privacy@localhost"


@pytest.mark.parametrize(
    ("facts", "kinds", "mode"),
    [
        ({}, ["Place"], "Offline"),
        ({"place_ko": "", "place_en": ""}, None, None),
        ({"is_online": True}, ["Place", "VirtualLocation"], "Mixed"),
        (
            {"is_online": True, "place_ko": "", "place_en": "", "join_url": "https://live.example"},
            ["VirtualLocation"],
            "Online",
        ),
    ],
)
def test_an_event_says_where_one_takes_part_to_programs_people_and_calendars(client, facts, kinds, mode):
    factories.campaign("air")
    day = clock.now() + timedelta(days=1)
    facts["speakers"] = Texts(ko="김하늘", en="Kim Haneul")
    items.add(EVENT, EDITOR, "air", event_fields(all_day=True, starts_at=day, ends_at=None, **facts))
    page = client.get("/en/c/air")
    (event,) = [fact for fact in facts_of(page)["@graph"] if fact["@type"] == "Event"]
    places = event.get("location")
    assert (places and [place["@type"] for place in places]) == kinds
    assert not places or places[-1].get("url") == facts.get(
        "join_url", (mode == "Mixed" and event["url"]) or None
    )
    assert event["description"] == "Kim Haneul"
    assert event.get("eventAttendanceMode") == (mode and f"https://schema.org/{mode}EventAttendanceMode")
    assert event["endDate"] == event["startDate"]
    assert ("Online</p>" in page.text) == (mode in ("Mixed", "Online"))
    assert '<a href="https://example.org/talk" rel="noopener">Details<' in page.text
    assert "https://example.org/talk" in client.get("/en/c/air/events.ics").text


def test_a_campaign_says_where_it_stands_what_it_shows_and_whose_it_is(app, client):
    factories.campaign("air")
    media.set_video(EDITOR, "air", media.video_stamp(None), VideoFields("https://vimeo.com/123456789"))
    with transaction() as session:
        session.execute(update(Partner).values(logo="logo"))
    page, film = facts_of(client.get("/en/c/air"))["@graph"]
    trail = [(item["position"], item["item"]) for item in page["breadcrumb"]["itemListElement"]]
    assert trail == [(1, f"{BASE}/en/"), (2, f"{BASE}/en/c/air")]
    assert page["image"].startswith(f"{BASE}/share/air.en.png")
    assert page["publisher"][0]["logo"] == f"{BASE}/files/logo/320.webp"
    assert film["embedUrl"].startswith("https://player.vimeo.com/video/123456789")
    assert film["@type"] == "VideoObject"
    assert not {"thumbnailUrl", "uploadDate"} & set(film)  # nobody knows them


def test_the_numbers_are_a_data_set_with_tables_and_a_licence(app, client, frozen_clock):
    factories.campaign()
    factories.crowd(7)
    factories.fold_all()
    facts = facts_of(client.get("/en/c/blue-skies/progress"))
    assert facts["@type"] == "Dataset"
    assert (facts["url"], facts["inLanguage"]) == (f"{BASE}/en/c/blue-skies/progress", "en")
    assert facts["version"] == client.get("/api/v1/campaigns/blue-skies/count").json["checkpoint"] == 7
    assert facts["dateModified"] == iso_utc(clock.now())
    assert facts["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert 50 <= len(facts["description"]) <= 5000, "as search engines for data want it"
    for table in facts["distribution"]:
        answer = client.get(table["contentUrl"].removeprefix(BASE))
        assert (answer.status_code, answer.mimetype) == (200, table["encodingFormat"])


def test_a_film_of_our_own_has_its_own_picture_and_the_day_it_was_published(app, client):
    factories.campaign("air")
    fields = VideoFields(file=factories.stored_video(), still=factories.stored_picture(wide=True))
    media.set_video(EDITOR, "air", media.video_stamp(None), fields)
    _page, film = facts_of(client.get("/en/c/air"))["@graph"]
    assert film["contentUrl"].startswith(f"{BASE}/files/")
    assert film["thumbnailUrl"].endswith("/1080.webp")
    assert timedelta() <= clock.now() - datetime.fromisoformat(film["uploadDate"]) < timedelta(minutes=5)


def test_a_campaign_tells_its_coming_events_and_no_text_can_end_the_block(app, client):
    factories.campaign("air")
    tomorrow, yesterday = (clock.now() + timedelta(days=days) for days in (1, -1))
    title = "</script><script>alert(1)</script>"
    add = {"title": Texts({"en": title, "ko": "행사"}), "place": Texts({"en": "Seoul", "ko": "서울"})}
    items.add(EVENT, EDITOR, "air", event_fields(starts_at=tomorrow, ends_at=None, **add))
    items.add(EVENT, EDITOR, "air", event_fields(starts_at=yesterday, ends_at=None))
    (event,) = [fact for fact in facts_of(client.get("/en/c/air"))["@graph"] if fact["@type"] == "Event"]
    assert (event["name"], event["location"][0]["name"]) == (title, "Seoul")
    assert event["image"].startswith(f"{BASE}/share/air.en.png")
    assert "description" not in event  # the campaign's summary would describe something else
    assert event["startDate"] == clock.iso_utc(tomorrow)
