"""The wall of organisations: who stands on it, how one finds somebody, who has left, and a page for each."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.endorsements import queries
from pledge.endorsements.queries import initials
from pledge.endorsements.review import moderation
from pledge.endorsements.review import queries as review
from pledge.statistics.referrals import organization_code
from tests.support.factories import campaign, crowd, endorsement, version_of

WALL = "/en/c/blue-skies/organizations"


@pytest.fixture(autouse=True)
def blue(app):
    return campaign()


def names(reply):
    assert reply.status_code == 200
    return re.findall(r'organization__name"><a [^>]*>([^<]+)</a>', reply.text)


def chips(reply):
    """The kinds that can be chosen, with how many there are of each."""
    matches = re.findall(r'wall-kinds__kind"[^>]*>([^<]+)<span class="wall-kinds__number">(\d+)<', reply.text)
    return [f"{text.strip()} {number}" for text, number in matches]


# --- Who stands there ---


def test_only_what_staff_published_is_on_the_wall(client):
    for state in ("pending", "review", "changes", "declined"):
        endorsement(state=state, name_en=f"Nobody {state}")
    endorsement(name_en="Sky Foundation")
    reply = client.get(WALL)
    assert names(reply) == ["Sky Foundation"]
    assert "Nobody" not in reply.text


def test_a_card_has_initials_and_level_and_the_page_behind_it_what_the_organisation_says(client):
    row = endorsement(
        name_en="Green Harbour",
        level="domain",
        target_year=2045,
        interim_year=2030,
        interim_percent=55,
        base_year=2018,
        scope="own",
        plan_url="https://harbour.example/plan",
        statement_en="We start now.",
    )
    wall, page = client.get(WALL).text, client.get(f"{WALL}/{row.id}").text
    for word in ("Verified by its e-mail domain", "●●○", ">GH<"):
        assert word in wall
        assert word in page
    promise = ("not checked by us", ">2045<", ">55<", ">2018<", "Its own operations", "harbour.example/plan")
    for word in (*promise, "We start now."):
        assert word not in wall
        assert word in page


def published(row, **facts):
    version_of(row, **facts)
    moderation.publish(COMMAND_LINE, row.id, review.find(row.id).seen)


def test_a_promise_that_became_weaker_says_so_beside_it_and_every_version_stays_with_its_date(client):
    moments = [datetime(2026, 12, day, 3, tzinfo=UTC) for day in (1, 3, 5)]
    row = endorsement(target_year=2040, at=moments[0])
    for moment, year in zip(moments[1:], (2045, 2030), strict=True):
        with clock.pretend(moment):
            published(row, target_year=year)
    page = client.get(f"{WALL}/{row.id}").text
    assert re.findall(r"Weakened\. ([^<]+)<", page) == [
        "Net-zero target year: 2040 → 2045 on 3 December 2026"
    ]
    assert "Net-zero target year: 2045 → 2030 on 5 December 2026" in page
    days = re.findall(r"<strong>([^<]+ 2026)</strong>", page)
    assert days == ["5 December 2026", "3 December 2026", "1 December 2026"]
    assert "itself on 5 December 2026, not checked by us" in page


def test_an_organisation_without_a_promise_has_no_place_for_one(client):
    row = endorsement(target_year=None, at=datetime(2020, 1, 1, tzinfo=UTC))
    page = client.get(f"{WALL}/{row.id}").text
    assert "not checked by us" not in page
    assert "Not heard since" not in page + client.get(WALL).text


@pytest.mark.parametrize(
    ("lang", "plan", "report", "silent", "silence"),
    [
        ("en", "Plan linked", "Reported 2025", "Not heard since 2024", "Not heard"),
        ("ko", "이행 계획 링크 있음", "2025년 이행 보고", "2024년 이후 소식 없음", "소식 없음"),
    ],
)
def test_wall_and_page_say_what_is_linked_and_since_when_nothing_was_heard_with_korean_years(
    client, lang, plan, report, silent, silence
):
    last_year = datetime(2024, 12, 31, 14, 59, tzinfo=UTC)  # a minute before the new year in Korea
    now = clock.now()
    silent_row = endorsement(at=last_year, asked_at=now, plan_url="https://sky.example/plan")
    reporting, not_asked = (endorsement(at=last_year) for _ in range(2))
    with clock.pretend(last_year + timedelta(minutes=1)):
        published(reporting, report_url="https://sky.example/report")
    published(reporting, report_url="https://sky.example/report", target_year=2045)
    heard, unheard = (
        endorsement(at=last_year, asked_at=now, affirmed_at=now - timedelta(days=days)) for days in (395, 397)
    )
    expected = {
        silent_row: f"{plan} · {silent}",
        reporting: report,
        heard: "",
        not_asked: "",
        unheard: silent.replace("2024", str((now - timedelta(days=397)).astimezone(SEOUL).year)),
    }
    address = WALL.replace("/en/", f"/{lang}/")
    cards = client.get(address).text.split('<li class="organization">')
    for row, words in expected.items():
        (card,) = [card for card in cards if str(row.id) in card]
        page = client.get(f"{address}/{row.id}").text
        for shown in (card, page):
            assert words in shown
            assert (silence in shown) is (silence in words)


def test_a_name_in_one_language_stands_in_the_other_marked_as_that_language(client):
    row = endorsement(name_ko="푸른항구", name_en="", statement_ko="지금 시작합니다.", statement_en="")
    assert 'lang="ko">푸른항구</a>' in client.get(WALL).text
    assert re.search(r'quote" lang="ko">지금 시작합니다\.', client.get(f"{WALL}/{row.id}").text)


def test_organisations_are_sorted_by_the_name_that_the_page_shows(client):
    endorsement(name_ko="나무", name_en="Ash")
    endorsement(name_ko="가람", name_en="Birch")
    endorsement(name_ko="Bamboo", name_en="")
    assert names(client.get(WALL)) == ["Ash", "Bamboo", "Birch"]
    assert names(client.get(WALL.replace("/en/", "/ko/"))) == ["Bamboo", "가람", "나무"]


def test_local_governments_and_schools_come_before_businesses_each_sorted_by_name(client):
    for kind, name in (("business", "Z"), ("business", "a"), ("academia", "B"), ("city", "M")):
        endorsement(type=kind, name_en=f"{name} organisation")
    reply = client.get(WALL)
    assert names(reply) == ["M organisation", "B organisation", "a organisation", "Z organisation"]
    assert chips(reply) == ["All 4", "City or province 1", "Academia or school 1", "Business 2"]


def test_an_empty_wall_invites_the_first_and_has_nothing_to_search(client):
    page = client.get(WALL).text
    assert "Yours can be the first." in page
    assert 'role="search"' not in page


# --- Finding ---


@pytest.mark.parametrize(
    "asked",
    ["sky", "SKY", "ｓｋｙ", "foundation sky", "하늘재단", "하늘 재단", "École", "école du ciel"],
)
def test_search_is_in_both_languages_whatever_the_case_width_and_spacing(client, asked):
    endorsement(name_ko="하늘재단", name_en="Sky Foundation École du Ciel")
    endorsement(name_ko="바다협회", name_en="Sea Society")
    shown = names(client.get(WALL, query_string={"q": asked}))
    assert shown == ["Sky Foundation École du Ciel"]


@pytest.mark.parametrize("asked", ["%", "_", "\\", "sk%y", "' OR 1=1 --"])
def test_signs_of_sql_are_only_signs(client, asked):
    endorsement(name_en="Sky Foundation")
    assert names(client.get(WALL, query_string={"q": asked})) == []


def test_kind_and_country_narrow_it_and_are_counted(client):
    endorsement(type="business", country="KR", name_en="Posco")
    endorsement(type="business", country="JP", name_en="Toyo")
    endorsement(type="city", country="JP", name_en="Kyoto")
    assert names(client.get(f"{WALL}?type=business")) == ["Posco", "Toyo"]
    assert names(client.get(f"{WALL}?country=JP")) == ["Kyoto", "Toyo"]
    reply = client.get(f"{WALL}?country=JP&type=city&q=kyo")
    assert names(reply) == ["Kyoto"]
    assert "Japan (2)" in reply.text
    assert "Business 2" in chips(reply)
    assert '<option value="JP" selected>' in reply.text
    assert '<input type="hidden" name="type" value="city">' in reply.text, "a search stays within the kind"
    assert f'href="{WALL}?q=kyo&amp;type=business&amp;country=JP"' in reply.text, "a kind keeps the search"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("type=circus", 400),
        ("country=XX", 400),
        ("country=kr", 400),
        ("page=0", 404),
        ("page=2", 404),
        ("page=-1", 404),
        ("page=x", 404),
        ("page=%EF%BC%91", 404),
        ("page=999999999999999999999", 404),
        ("q=%FF", 400),
        ("q=" + "a" * 5000, 200),
        ("type=&country=&q=&page=1", 200),
    ],
)
def test_an_address_that_makes_no_sense_gets_a_clear_answer(client, query, status):
    assert client.get(f"{WALL}?{query}").status_code == status


def test_long_walls_have_pages_that_keep_the_filter(client, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    for number in range(5):
        endorsement(name_en=f"Member {number}", country="JP")
    first = client.get(f"{WALL}?country=JP")
    assert names(first) == ["Member 0", "Member 1"]
    assert "Page 1 of 3" in first.text
    (address,) = re.findall(r'href="([^"]+)" rel="next"', first.text)
    second = client.get(address.replace("&amp;", "&"))
    assert names(second) == ["Member 2", "Member 3"]
    assert names(client.get(f"{WALL}?country=JP&page=3")) == ["Member 4"]
    assert client.get(f"{WALL}?country=JP&page=4").status_code == 404


# --- Who has left ---


def test_who_withdrew_or_was_removed_stays_as_a_line_with_the_date_and_the_reason(client, frozen_clock):
    left = clock.now()
    endorsement(state="withdrawn", name_en="Left Ltd.", ended_at=left, published_at=left - timedelta(days=3))
    endorsement(
        state="removed",
        name_en="Gone Inc.",
        ended_at=left,
        public_reason=Texts(ko="해산했습니다.", en="It no longer exists."),
    )
    text = client.get(WALL).text
    assert "No longer endorsing" in text
    line = next(line for line in text.splitlines() if "Left Ltd." in line)
    assert "withdrew on" in line
    line = next(line for line in text.splitlines() if "Gone Inc." in line)
    assert "removed on" in line
    assert "It no longer exists." in line
    assert "해산했습니다." in client.get(WALL.replace("/en/", "/ko/")).text
    assert names(client.get(WALL)) == []


@pytest.mark.parametrize("state", ["withdrawn", "removed"])
def test_the_page_of_who_has_left_says_so_and_shows_nothing_else(client, state):
    row = endorsement(
        state=state, name_en="Left Ltd.", statement_en="We were here.", public_reason=Texts(en="A reason.")
    )
    reply = client.get(f"{WALL}/{row.id}")
    assert reply.status_code == 410
    assert "Left Ltd." in reply.text
    assert "We were here." not in reply.text
    assert ("A reason." in reply.text) == (state == "removed")


# --- A page for each ---


def test_each_has_a_page_with_what_a_share_card_needs(client):
    row = endorsement(
        name_en="Green Harbour",
        name_ko="푸른항구",
        website="https://harbour.example",
        statement_en="We start now.",
        spokesperson="Kim Haneul, Director",
    )
    text = client.get(f"{WALL}/{row.id}").text
    assert '<meta property="og:title" content="Green Harbour endorses “Blue Skies”">' in text
    assert '<meta property="og:description" content="We start now.">' in text
    assert f'<link rel="canonical" href="http://localhost{WALL}/{row.id}">' in text
    for word in (
        "Green Harbour",
        "푸른항구",
        "https://harbour.example",
        "We start now.",
        "Kim Haneul, Director",
    ):
        assert word in text


@pytest.mark.parametrize("number", ["1", "0", "-1", "x", str(2**63 - 1), str(2**63), "9" * 40])
def test_a_page_of_nobody_is_404(client, number):
    assert client.get(f"{WALL}/{number}").status_code == 404


@pytest.mark.parametrize("state", ["published", "review"])
def test_the_address_of_a_duplicate_leads_to_the_one_that_stays_or_while_that_waits_to_the_wall(
    client, state
):
    keep, twice = endorsement(state=state), endorsement()
    moderation.merge(COMMAND_LINE, twice.id, review.find(twice.id).seen, keep.id, "same")
    reply = client.get(f"{WALL}/{twice.id}")
    expected = {"published": (301, f"{WALL}/{keep.id}"), "review": (302, WALL)}
    assert (reply.status_code, reply.location) == expected[state]


def test_whoever_signs_from_its_page_signs_by_its_own_link_while_the_campaign_is_open(client, blue):
    row = endorsement(name_ko="푸른항구")
    page = client.get(f"{WALL.replace('/en/', '/ko/')}/{row.id}").text
    assert "푸른 하늘’ 서약에 함께합니다" in page
    assert f'href="/ko/c/blue-skies/sign?via=o{row.id}"' in page
    with transaction() as session:
        session.get_one(Campaign, blue.id).state = "closed"
    assert "/sign?via=" not in client.get(f"{WALL}/{row.id}").text


@pytest.mark.parametrize(
    ("people", "shown"), [(9, None), (10, "At least 10 people"), (14, "At least 10 people")]
)
def test_its_page_says_how_many_came_by_its_link_from_ten_on(client, people, shown):
    row = endorsement()
    crowd(people, via=organization_code(row.id))
    page = client.get(f"{WALL}/{row.id}").text
    assert (shown or "people have signed through") in page if shown else "have signed through" not in page


def test_an_organisation_without_a_website_has_a_page_without_one(client):
    row = endorsement(website="")
    assert "Website" not in client.get(f"{WALL}/{row.id}").text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sky Foundation", "SF"),
        ("posco", "P"),
        ("(주)하늘", "하"),
        ("㈜ 하늘", "하"),
        ("기후변화센터", "기"),
        ("École du Ciel", "ÉD"),
        ("… !", "·"),
        ("3M", "3"),
    ],
)
def test_an_organisation_without_a_logo_shows_its_initials(name, shown):
    assert initials(name) == shown
