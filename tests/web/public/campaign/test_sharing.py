"""Sharing: the links of the pages, and the page that opens KakaoTalk."""

import re
from html import unescape
from urllib.parse import parse_qs

import pytest
import segno
from sqlalchemy import update

from pledge.campaigns.models import Campaign
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.web.caching import cache
from pledge.web.public.campaign.sharing import KAKAO_INTEGRITY, KAKAO_SCRIPT
from pledge.web.security_headers import CONTENT_SECURITY_POLICY
from tests.support.factories import (
    campaign,
    endorse_manage_token,
    endorsement,
    partner_goal,
    version_of,
)
from tests.support.pdf import pdf_text

pytestmark = pytest.mark.sqlite_only

KAKAO = "/ko/c/blue-skies/share/kakao"


@pytest.fixture
def with_key(make_app):
    app = make_app(kakao_key="0123456789abcdef" * 2)
    with app.app_context():
        yield app.test_client()


def directives(answer):
    parts = (part.partition(" ") for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: values for name, _, values in parts}


def test_kakaotalk_is_offered_where_a_key_is_set_and_nowhere_else(app, client, with_key):
    row = endorsement(campaign())
    organization = f"/ko/c/blue-skies/organizations/{row.id}"
    for page, way in (("/ko/c/blue-skies", KAKAO), (organization, f"{organization}/share/kakao")):
        link = f'href="{way}"'
        assert link in with_key.get(page).text
        assert link not in client.get(page).text
        assert with_key.get(way).status_code == 200
        assert client.get(way).status_code == 404


def test_the_privacy_notice_says_what_kakao_learns_where_a_key_is_set_and_nowhere_else(client, with_key):
    host = "t1.kakaocdn.net"
    assert host in with_key.get("/ko/privacy").text
    without = client.get("/ko/privacy").text
    assert host not in without
    assert "{kakao}" not in without


def test_only_the_page_for_kakaotalk_allows_its_script_and_only_that_file(with_key):
    campaign()
    usual = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    answer = with_key.get(KAKAO)
    changed = {name: values for name, values in directives(answer).items() if values != usual[name]}
    assert changed == {
        "script-src": f"'self' {KAKAO_SCRIPT}",
        "connect-src": "'self' https://kapi.kakao.com",
        "form-action": "'self' https://sharer.kakao.com",
    }
    assert f'data-integrity="{KAKAO_INTEGRITY}"' in answer.text
    assert KAKAO_SCRIPT not in with_key.get("/ko/c/blue-skies").text
    assert with_key.get("/ko/c/blue-skies").headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("state", ["withdrawn", "review"])
def test_an_organisation_that_is_not_on_the_wall_cannot_be_shared(with_key, state):
    row = endorsement(campaign(), state=state)
    assert with_key.get(f"/ko/c/blue-skies/organizations/{row.id}/share/kakao").status_code == 404


def shared(page):
    """The address and the sentence that the share section of a page offers."""
    return [unescape(part) for part in re.findall(r'data-url="([^"]*)" data-text="([^"]*)"', page)[-1]]


def test_an_organisation_on_the_wall_shares_its_own_page_under_the_name_that_is_public(app, client):
    row = endorsement(campaign(), name_en="Posco", website="https://posco.example")
    version_of(row, name_en="Another name")  # waits for review
    address = f"{app.extensions['pledge.config'].base_url}/en/c/blue-skies/organizations/{row.id}"
    sentence = "Posco endorses “Blue Skies”"
    assert shared(client.get(f"/en/endorse/me/{endorse_manage_token(row)}").text) == [address, sentence]
    assert shared(client.get(f"/en/c/blue-skies/organizations/{row.id}").text) == [address, sentence]


def test_before_it_is_on_the_wall_it_shares_the_campaign(client):
    campaign()
    address, sentence = shared(client.get("/en/c/blue-skies/endorse/thanks").text)
    assert address.endswith("/en/c/blue-skies")
    assert "Organization" not in sentence


def test_staff_write_what_is_said_in_each_channel_while_people_can_sign(client):
    texts = {"all": Texts(ko="모두 함께"), "x": Texts(ko="하늘 & 바다"), "copy": Texts(ko="같이 해요")}
    of = campaign(share_texts=texts)
    page = unescape(client.get("/ko/c/blue-skies").text)
    assert shared(page)[1] == "모두 함께"
    for name, text in (
        ("twitter.com", "하늘 & 바다"),
        ("www.threads.com", "모두 함께"),
        ("mailto:", "모두 함께"),
    ):
        query = re.search(rf'href="[^"]*{name}[^"]*\?([^"]*)"', page)[1]
        assert text in " ".join(value for values in parse_qs(query).values() for value in values)
    assert re.search(r'data-copy-text="같이 해요\nhttp', page)
    assert shared(client.get("/en/c/blue-skies").text)[1].startswith("“Blue Skies”"), "none is written"
    with transaction() as session:
        session.execute(update(Campaign).where(Campaign.id == of.id).values(state="closed"))
    cache.clear()
    assert "모두 함께" not in client.get("/ko/c/blue-skies").text


@pytest.mark.parametrize(("asked", "lang"), [("en", "en"), ("ko,en;q=0.5", "ko"), ("", "ko")])
def test_an_address_without_a_language_leads_to_the_one_of_the_browser(client, asked, lang):
    campaign(short_name="sky")
    for path in ("/c/blue-skies", "/go/sky", "/go/SKY"):
        answer = client.get(f"{path}?via=p999999999", headers={"Accept-Language": asked})
        assert (answer.status_code, answer.location) == (302, f"/{lang}/c/blue-skies?via=p999999999")
        assert answer.headers["Vary"] == "Accept-Language"


def test_the_codes_of_a_group_lead_to_its_page_from_a_poster_and_from_a_picture(client, monkeypatch):
    links = []
    make = segno.make
    monkeypatch.setattr(segno, "make", lambda link, **how: links.append(link) or make(link, **how))
    code = partner_goal(campaign(short_name="sky"), 200)
    assert client.get(f"/qr/blue-skies.png?via={code}").status_code == 200
    poster = client.get(f"/ko/c/blue-skies/poster-a4.pdf?via={code}")
    assert links[0].removeprefix("http://") in pdf_text(poster.data)
    led = client.get(links[0].removeprefix("http://localhost"), follow_redirects=True)
    assert led.request.path == f"/ko/c/blue-skies/with/{code}"


def test_an_address_of_no_public_campaign_leads_nowhere(client):
    campaign("air", state="draft", short_name="air")
    for path in ("/go/air", "/go/sky", "/c/air", "/c/sky"):
        assert client.get(path).status_code == 404, path


def test_pages_show_the_short_address(client):
    campaign(short_name="sky")
    assert "localhost/go/sky" in client.get("/ko/c/blue-skies/live").text
    assert "/go/sky" in client.get("/ko/c/blue-skies/spread").text
