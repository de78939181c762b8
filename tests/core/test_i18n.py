"""Languages: the address decides; where it says nothing, the browser's wish does."""

from datetime import UTC, date, datetime

import pytest

from pledge.core import i18n
from pledge.core.languages import language_of_script
from tests.support.factories import campaign

pytestmark = pytest.mark.sqlite_only


@pytest.mark.parametrize(
    ("wish", "lang"),
    [
        (None, "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("EN-us", "en"),
        ("fr,en;q=0.5,ko;q=0.4", "en"),
        ("ja,fr", "ko"),
        ("*", "ko"),
        (";;;,,,q=1", "ko"),
        ("en" * 2000, "ko"),
        ("\u00ff\u00fe", "ko"),
    ],
)
def test_the_root_leads_to_the_language_that_the_browser_asks_for(client, wish, lang):
    answer = client.get("/", headers={} if wish is None else {"Accept-Language": wish})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/{lang}/"
    assert answer.headers["Vary"] == "Accept-Language"


def test_the_address_is_stronger_than_the_browser(client):
    campaign()
    assert '<html lang="ko"' in client.get("/ko/", headers={"Accept-Language": "en"}).text
    assert '<html lang="en"' in client.get("/en/", headers={"Accept-Language": "ko"}).text


@pytest.mark.parametrize("path", ["/zz/", "/KO/", "/ko-KR/", "/zz/c/blue-skies", "/zz/me", "/e/", "/enko/"])
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_language_that_we_do_not_have_is_not_found_in_one_that_we_have(client, path, lang):
    answer = client.get(path, headers={"Accept-Language": lang})
    assert answer.status_code == 404
    assert f'<html lang="{lang}"' in answer.text


def test_dates_are_those_of_a_clock_in_seoul(shared_app):
    moment = datetime(2026, 12, 31, 15, 5, tzinfo=UTC)  # already the new year there
    with shared_app.test_request_context("/ko/"):
        assert i18n.format_datetime(moment) == "2027년 1월 1일 00:05"
        assert i18n.format_date(moment) == "2027년 1월 1일"
        assert i18n.format_date(moment, "en") == "1 January 2027"
        assert i18n.format_count(1234567) == "1,234,567"
    with shared_app.test_request_context("/en/"):
        assert i18n.format_datetime(moment) == "1 January 2027, 00:05"


def test_switching_the_language_keeps_the_page(app, client):
    campaign()
    assert 'href="/en/c/blue-skies"' in client.get("/ko/c/blue-skies").text
    assert 'href="/ko/c/blue-skies"' in client.get("/en/c/blue-skies").text
    assert 'href="/ko/me"' in client.get("/en/me").text


def test_a_day_under_a_chart_is_written_as_its_language_does():
    day = date(2026, 11, 20)
    assert (i18n.format_axis_day(day, "en"), i18n.format_axis_day(day, "ko")) == ("20 Nov", "11월 20일")
    assert i18n.format_axis_day(day, "en", with_year=True) == "Nov 2026"
    assert i18n.format_axis_day(day, "ko", with_year=True) == "2026년 11월"


@pytest.mark.parametrize(
    ("name", "lang"),
    [("홍길동", "ko"), ("J. 김", "ko"), ("さくら", "ja"), ("カナ", "ja"), ("Anna Müller", ""), ("", "")],
)
def test_a_name_is_read_in_the_language_of_its_script(name, lang):
    assert language_of_script(name) == lang
