"""What one reads of a campaign: events, video and letter on its page, permanent addresses of pledge texts, calendar files, its
news as a feed (RFC 4287), what journalists find on one page, and what everybody sees of a delivery.
"""

import hashlib
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar

from pledge.campaigns import items, media, queries, staff_queries
from pledge.campaigns.events import EVENT
from pledge.campaigns.media import VideoFields
from pledge.campaigns.rules import stamp
from pledge.campaigns.video import campaign_video
from pledge.core import clock
from pledge.core.languages import Texts
from pledge.deliveries import services
from pledge.web.caching import cache
from pledge.web.security_headers import CONTENT_SECURITY_POLICY
from tests.support import deliveries, factories, news
from tests.support.factories import ANNA, EDITOR, event_fields, fold_all

PAGE = "/en/c/air"
VIDEO = "https://youtu.be/dQw4w9WgXcQ"


def set_video(address):
    media.set_video(
        EDITOR, "air", media.video_stamp(campaign_video(staff_queries.desk("air"))), VideoFields(address)
    )


@pytest.mark.parametrize(
    ("people", "words", "sky"),
    [
        (0, "Be the first to sign.", 0),
        (3, "37 to go to 40", 0),
        (40, "60 to go to the goal of 100", 2),
    ],
)
def test_the_page_names_the_next_step_and_its_sky_clears_with_each(app, client, people, words, sky):
    air = factories.campaign("air", goal=100, goal_steps=[40])
    if people:
        factories.crowd(people, air)
        fold_all()
    for page in (client.get(PAGE).text, client.get("/en/").text):
        assert words in page
        target = 40 if people < 40 else 100
        assert f'max="{target}" value="{people}"' in page
        assert f'aria-valuetext="{people} of {target}"' in page
    assert f'class="hero sky-{sky}"' in client.get(PAGE).text


def test_the_sentence_about_the_picture_is_the_campaigns_own(client):
    factories.campaign("air")
    assert "hero__sky" not in client.get(PAGE).text
    sentence = Texts(ko="서명이 늘수록 강이 맑아집니다", en="The river clears as signatures grow")
    river = factories.campaign("river", goal=100, goal_steps=[1], picture_sentence=sentence)
    assert ">The river clears as signatures grow</p>" in client.get("/en/c/river").text
    factories.crowd(1, river)
    fold_all()
    assert ">서명이 늘수록 강이 맑아집니다 · 5단계 중 2단계</p>" in client.get("/ko/c/river").text


def test_events_stand_on_the_page_with_their_files_and_past_ones_apart(app, client):
    factories.campaign("air")
    soon = items.add(EVENT, EDITOR, "air", event_fields(title_en="Climate Talk"))
    items.add(
        EVENT,
        EDITOR,
        "air",
        event_fields(title_en="Long ago", starts_at=clock.now() - timedelta(days=9), ends_at=None),
    )
    page = client.get(PAGE).text
    upcoming, _, past = page.partition("Past events")
    assert "Climate Talk" in upcoming
    assert "Long ago" not in upcoming
    assert "Long ago" in past
    assert f'href="/en/c/air/events/{soon}.ics"' in upcoming
    assert 'href="/en/c/air/events.ics"' in page


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_calendar_files_are_in_the_language_of_their_address(app, client, lang):
    factories.campaign("air")
    first = items.add(EVENT, EDITOR, "air", event_fields())
    items.add(EVENT, EDITOR, "air", event_fields(title_ko="둘째", title_en="Second"))
    every = client.get(f"/{lang}/c/air/events.ics")
    assert every.content_type == "text/calendar; charset=utf-8"
    assert "attachment" in every.headers["Content-Disposition"]
    titles = [str(event["SUMMARY"]) for event in Calendar.from_ical(every.data).walk("VEVENT")]
    assert titles == {"ko": ["기후 토크", "둘째"], "en": ["Climate Talk", "Second"]}[lang]
    (entry,) = Calendar.from_ical(client.get(f"/{lang}/c/air/events/{first}.ics").data).walk("VEVENT")
    assert str(entry["SUMMARY"]) == titles[0]


def test_there_is_no_calendar_file_without_an_event_or_of_a_draft(app, client):
    factories.campaign("air")
    assert client.get("/en/c/air/events.ics").status_code == 404
    assert client.get(f"/en/c/air/events/{10**30}.ics").status_code == 404
    factories.draft("sea")
    items.add(EVENT, EDITOR, "sea", event_fields())
    assert client.get("/en/c/sea/events.ics").status_code == 404


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        (VIDEO, "https://www.youtube-nocookie.com"),
        ("https://vimeo.com/123456789", "https://player.vimeo.com"),
    ],
)
def test_the_policy_allows_the_frame_of_the_pages_own_video_and_nothing_else(app, client, address, origin):
    factories.campaign("air")
    assert client.get(PAGE).headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    set_video(address)
    cache.clear()
    page = client.get(PAGE)
    assert page.headers["Content-Security-Policy"] == f"{CONTENT_SECURITY_POLICY}; frame-src {origin}"
    assert "<iframe" not in page.text
    assert not re.search(r'(?:src|srcset)="https?://', page.text), "nothing of theirs is loaded with the page"
    assert f'href="{queries.find("air", "en").video.link}"' in page.text
    for other in ("/en/", "/en/c/air/sign", "/en/privacy", "/en/c/air/pledge/1"):
        assert client.get(other).headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_every_version_of_a_pledge_stays_at_its_address_with_what_proves_it(app, client):
    factories.campaign("air", versions=2)
    for version in (1, 2):
        page = client.get(f"/en/c/air/pledge/{version}")
        assert page.status_code == 200
        assert f"The pledge, version {version}" in page.text
        parts = [client.get(f"/{lang}/c/air/pledge/{version}.md") for lang in ("en", "ko")]
        assert {part.mimetype for part in parts} == {"text/markdown"}
        assert {part.headers["Access-Control-Allow-Origin"] for part in parts} == {"*"}
        english, korean = (part.data for part in parts)
        digest = hashlib.sha256(b"en\0" + english + b"\0ko\0" + korean + b"\0").hexdigest()
        assert digest in page.text, "anyone can compute the fingerprint that the page names"
    assert "A newer version has replaced it" in client.get("/en/c/air/pledge/1").text
    assert "This is the newest version" in client.get("/en/c/air/pledge/2").text


@pytest.mark.parametrize("version", ["0", "3", "9" * 40, "x", "-1"])
def test_a_version_that_does_not_exist_is_not_found(app, client, version):
    factories.campaign("air")
    assert client.get(f"/en/c/air/pledge/{version}").status_code == 404
    assert client.get(f"/en/c/air/pledge/{version}.md").status_code == 404


def test_home_lists_archived_campaigns_apart(app, client):
    factories.campaign("air")
    factories.campaign("old", state="archived")
    main = client.get("/en/").text.partition("<main")[2].partition("</main>")[0]
    current, _, archived = main.partition("Archived campaigns")
    assert ("/en/c/air" in current, "/en/c/old" in current) == (True, False)
    assert ("/en/c/air" in archived, "/en/c/old" in archived) == (False, True)


def test_a_korean_name_on_the_english_page_says_its_language(app, client):
    factories.campaign("air")
    factories.signature(name="홍길동", public_name=True)
    assert '<li class="signers__item" lang="ko">홍길동</li>' in client.get(f"{PAGE}").text
    assert '<li class="signers__item">홍길동</li>' in client.get(PAGE.replace("/en/", "/ko/")).text


QUOTATION = {
    "quotation": {"ko": "하늘은 하나입니다.", "en": "There is one sky."},
    "quotation_name": {"ko": "김하늘", "en": "Kim Haneul"},
    "quotation_role": {},
    "quotation_alt": {},
}


def test_the_press_page_has_number_words_pictures_tables_and_whom_to_ask(app, client):
    of = factories.campaign()
    factories.signatures(3)
    factories.endorsement(of)
    fold_all()
    seen = stamp(staff_queries.desk(factories.SLUG).part(media.QUOTATION))
    media.set_quotation(EDITOR, factories.SLUG, seen, QUOTATION)
    page = client.get(f"/en/c/{factories.SLUG}/press")
    assert page.status_code == 200
    for part in (
        'standing__number">3<',
        'standing__number">1<',
        'id="code-about"',
        "As of <time",
        "There is one sky.",
        "Kim Haneul",
        f"/share/{factories.SLUG}.en.png",
        f"/badge/{factories.SLUG}.svg",
        "/static/img/icon-512",
        *(
            f"/api/v1/campaigns/{factories.SLUG}/{table}.csv"
            for table in ("history", "regions", "countries", "organizations")
        ),
    ):
        assert part in page.text, part
    assert re.search(r"<strong>Press: .*press@pledge\.example", page.text)
    for path in ("", "/spread"):
        assert f'href="/en/c/{factories.SLUG}/press"' in client.get(f"/en/c/{factories.SLUG}{path}").text


ATOM = "{http://www.w3.org/2005/Atom}"


def feed(client, lang="en"):
    answer = client.get(f"/{lang}/c/air/news.atom")
    assert answer.status_code == 200
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.data), answer


def test_the_feed_has_what_was_sent_as_html_that_is_escaped_once(app, client):
    air = factories.campaign("air")
    news.draft(air)
    sent = news.begun(air, title=Texts(ko="하나 < 둘", en="One < two"))
    channel, _ = feed(client)
    assert channel.find(f"{ATOM}author/{ATOM}name").text == "The Secretariat"
    (entry,) = channel.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "One < two"
    assert entry.find(f"{ATOM}id").text == f"http://localhost/en/c/air/news/{sent}"
    assert entry.find(f"{ATOM}content").get("type") == "html"
    assert "<strong>A thousand people</strong>" in entry.find(f"{ATOM}content").text
    assert channel.find(f"{ATOM}updated").text == entry.find(f"{ATOM}updated").text
    assert feed(client, "ko")[0].find(f"{ATOM}entry/{ATOM}title").text == "하나 < 둘"


def test_an_unchanged_feed_is_not_sent_again_and_pages_name_it(app, client):
    news.begun(factories.campaign("air"))
    _, answer = feed(client)
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/en/c/air/news.atom", headers=known).status_code == 304
    for path in ("", "/news"):
        assert (
            'type="application/atom+xml" href="http://localhost/en/c/air/news.atom"'
            in client.get(f"/en/c/air{path}").text
        )


def test_a_campaign_without_news_can_be_followed_already(app, client):
    factories.campaign("air")
    channel, _ = feed(client)
    assert channel.findall(f"{ATOM}entry") == []
    assert channel.find(f"{ATOM}updated").text


def test_the_page_tells_each_delivery_once_it_is_handed_over_and_its_answer(app, client):
    factories.crowd(6)
    address = "/en/c/blue-skies"

    def page():
        cache.clear()
        return client.get(address).text

    number = deliveries.frozen()
    assert "Recipient:" not in page()
    services.hand_over(ANNA, number, services.HandingOver(clock.now(), "in_person", "1AB-2611-001"))
    row, text = deliveries.row(number), page()
    for words in (row.recipient["en"], row.occasion["en"], "1AB-2611-001", "6 signatures handed over"):
        assert words in text
    assert "No answer yet" in text
    second = deliveries.handed_over(recipient=Texts(ko="국회", en="The National Assembly"))
    assert page().index("The National Assembly") < page().index("The Minister of Environment")
    handing_over = services.HandingOver(deliveries.row(second).handed_over_at, "post", "9-9")
    services.hand_over(ANNA, second, handing_over, "a slip")
    assert "9-9" in page()
    for each in (number, second):
        deliveries.answer(each, "검토합니다.", "We will look into it.")
    assert "We will look into it." in page()
    assert "No answer yet" not in page()
