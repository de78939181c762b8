"""Sharing: the links of the pages, and the page that opens KakaoTalk."""

import pytest

from pledge.web.public.campaign.sharing import KAKAO_INTEGRITY, KAKAO_SCRIPT
from pledge.web.security_headers import CONTENT_SECURITY_POLICY
from tests.support.factories import campaign, endorsement

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
