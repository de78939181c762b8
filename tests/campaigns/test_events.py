"""Events: what the page shows, what calendars take over, what staff may do."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from pledge.campaigns import items, moderation, staff_queries
from pledge.campaigns.events import EVENT, campaign_events, ics
from pledge.campaigns.models import CampaignEvent, CampaignState
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from tests.support import factories
from tests.support.factories import EDITOR, draft, event_fields
from tests.support.refusals import faults_of

pytestmark = pytest.mark.usefixtures("app")


def add(slug="air", **facts):
    return items.add(EVENT, EDITOR, slug, event_fields(**facts))


def shown(slug="air"):
    return campaign_events(staff_queries.desk(slug).id)


def stored(event_id, slug="air"):
    return items.get(EVENT, staff_queries.desk(slug).id, event_id)


def midnight(year, month, day):
    return datetime(year, month, day, tzinfo=SEOUL)


def test_events_are_shown_by_time(frozen_clock):
    draft("air")
    add(title_ko="나중", title_en="Later", starts_at=frozen_clock.now() + timedelta(days=9), ends_at=None)
    add(title_ko="먼저", title_en="Sooner", place_ko="부산", place_en="Busan")
    assert [event.title["ko"] for event in shown()] == ["먼저", "나중"]


def test_an_event_is_over_when_it_ends(frozen_clock):
    draft("air")
    now = frozen_clock.now()
    add(starts_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=1))
    add(starts_at=now - timedelta(hours=4), ends_at=None)
    add(starts_at=midnight(*now.astimezone(SEOUL).timetuple()[:3]), ends_at=None, all_day=True)
    assert [event.is_over for event in sorted(shown(), key=lambda event: event.id)] == [False, True, False]
    frozen_clock.move(days=1)
    assert all(event.is_over for event in shown())


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"title_ko": "", "title_en": ""}, {"title_ko": FieldFault.MISSING}),
        ({"place_en": ""}, {"place_en": FieldFault.ONE_LANGUAGE}),
        ({"url": "javascript:alert(1)"}, {"url": FieldFault.LINK}),
        ({"ends_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"ends_at": FieldFault.ORDER}),
        ({"title_ko": "x" * 201}, {"title_ko": FieldFault.TOO_LONG}),
        ({"is_online": True, "join_url": "http://live.example"}, {"join_url": FieldFault.NO_HTTPS}),
        ({"join_url": "https://live.example"}, {"join_url": FieldFault.NOT_ONLINE}),
        ({"speakers": Texts(ko="김하늘")}, {"speakers_en": FieldFault.ONE_LANGUAGE}),
    ],
)
def test_what_makes_no_event_is_refused(changes, faults):
    draft("air")
    assert faults_of(add, **changes) == faults
    assert shown() == []


@pytest.mark.parametrize("values", [{"join_url": "http://live.example"}, {"is_online": False}])
def test_the_database_keeps_no_unsafe_way_to_join_and_none_where_nobody_can(values):
    draft("air")
    add(is_online=True, join_url="https://live.example")
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(CampaignEvent).values(**values))


def test_what_became_of_an_event_is_shown_once_it_is_over(client, frozen_clock):
    factories.campaign("air")
    add(outcome=Texts(ko="백 명이 함께했습니다", en="A hundred people came"))
    assert "A hundred people came" not in client.get("/en/c/air").text
    frozen_clock.move(days=30)
    assert "A hundred people came" in client.get("/en/c/air").text
    assert "백 명이 함께했습니다" in client.get("/ko/c/air").text


def test_a_page_links_nothing_that_is_no_web_address(client):
    factories.campaign("air")
    add()
    with transaction() as session:
        session.execute(update(CampaignEvent).values(url="javascript:alert(1)"))
    page = client.get("/en/c/air")
    assert "Climate Talk" in page.text
    assert "javascript:" not in page.text


def test_an_event_of_a_public_campaign_needs_both_titles():
    draft("air")
    add(title_en="")
    assert [(item.section, item.lang) for item in staff_queries.missing(staff_queries.desk("air"))] == [
        ("events", "en")
    ]
    draft("sea")
    moderation.move(EDITOR, "sea", CampaignState.DRAFT, CampaignState.OPEN)
    with pytest.raises(BadFields):
        add("sea", title_en="")


def test_a_changed_event_is_the_same_event_to_a_calendar():
    draft("air")
    event = add()
    before = shown()[0]
    moved = event_fields(place_ko="부산", place_en="Busan")
    items.change(EVENT, EDITOR, "air", event, moved, seen=stored(event).stamp)
    after = shown()[0]
    assert (after.uid, after.sequence) == (before.uid, before.sequence + 1)
    items.change(EVENT, EDITOR, "air", event, stored(event).fields, seen=stored(event).stamp)
    assert shown()[0].sequence == after.sequence, "saving the same is no revision"


# --- Calendar files ---


def parsed(name="푸른 하늘"):
    made = Calendar.from_ical(ics(shown(), name, "ko"))
    return made, list(made.walk("VEVENT"))


def test_a_calendar_file_says_when_in_seoul_with_the_zone_written_out():
    draft("air")
    add(starts_at=datetime(2027, 9, 7, 1, 0, tzinfo=UTC), ends_at=datetime(2027, 9, 7, 3, 30, tzinfo=UTC))
    text = ics(shown(), "푸른 하늘", "ko").decode()
    assert "DTSTART;TZID=Asia/Seoul:20270907T100000\r\n" in text
    assert "DTEND;TZID=Asia/Seoul:20270907T123000\r\n" in text
    made, (event,) = parsed()
    (zone,) = made.walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Seoul"
    assert zone.to_tz().utcoffset(datetime(2027, 9, 7, 10, tzinfo=SEOUL).replace(tzinfo=None)) == timedelta(
        hours=9
    )
    assert event["UID"].endswith("@localhost")
    assert (event["SUMMARY"], event["LOCATION"], event["URL"]) == (
        "기후 토크",
        "서울",
        "https://example.org/talk",
    )


def test_a_calendar_says_where_one_joins_online_and_who_speaks():
    draft("air")
    both = Texts(ko="김하늘, 이바다", en="Kim Haneul, Lee Bada")
    add(is_online=True, join_url="https://live.example/room", speakers=both, place_ko="", place_en="")
    uid = shown()[0].uid
    _, (event,) = parsed()
    assert event["UID"] == f"{uid}@localhost"
    assert event["URL"] == event["LOCATION"] == "https://live.example/room"
    assert event["DESCRIPTION"].splitlines() == [
        *("연사: 김하늘, 이바다", "온라인으로 참여하기: https://live.example/room"),
        "자세히 보기·참여 신청: https://example.org/talk",
    ]


@pytest.mark.parametrize(("days", "end"), [(0, "20270908"), (2, "20270910")])
def test_a_whole_day_ends_where_the_next_one_begins(days, end):
    draft("air")
    first = midnight(2027, 9, 7)
    add(all_day=True, starts_at=first, ends_at=first + timedelta(days=days))
    text = ics(shown(), "x", "ko").decode()
    assert "DTSTART;VALUE=DATE:20270907\r\n" in text
    assert f"DTEND;VALUE=DATE:{end}\r\n" in text


def test_the_same_events_give_the_same_bytes(frozen_clock):
    draft("air")
    add()
    first = ics(shown(), "x", "ko")
    frozen_clock.move(hours=1)
    assert ics(shown(), "x", "ko") == first


def test_words_of_an_event_cannot_become_lines_of_the_file():
    draft("air")
    add(title_ko="가; 나, 다\\ 라", title_en="x")
    _, (event,) = parsed("이름\r\nX-INJECTED: 1")
    assert event["SUMMARY"] == "가; 나, 다\\ 라"
    assert b"\r\nX-INJECTED" not in ics(shown(), "이름\r\nX-INJECTED: 1", "ko")
