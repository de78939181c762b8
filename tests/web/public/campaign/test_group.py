"""The page of a group: how many signed through its link, from ten on, and nothing about who."""

import re

import pytest

from pledge.campaigns import moderation
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.db import transaction
from pledge.statistics.referrals import organization_code
from tests.support import deliveries
from tests.support.factories import EDITOR, campaign, crowd, endorse_manage_token, endorsement, partner_goal
from tests.support.rows import again

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def page_of(client, code, lang="ko"):
    return client.get(f"/{lang}/c/blue-skies/with/{code}", follow_redirects=True)


def test_the_page_of_a_partner_shows_its_number_its_goal_and_the_way_to_sign_under_its_link(client):
    code = partner_goal(campaign(), 200)
    crowd(129, via=code)
    text = page_of(client, code).text
    assert '<strong class="count__number">125</strong><span class="count__label">명 / 200명</span>' in text
    assert '<progress class="count__bar" max="200" value="125"' in text
    assert f'href="/ko/c/blue-skies/sign?via={code}"' in text
    assert "poster-a4.pdf?via=" in text
    assert "qr__code" in text


@pytest.mark.parametrize(("people", "shown"), [(9, None), (10, 10), (14, 10), (15, 15)])
def test_text_bar_own_page_and_programs_tell_the_same_whole_fives(client, people, shown):
    campaign()
    row = endorsement(group_goal=12)
    code = organization_code(row.id)
    crowd(people, via=code)
    own = client.get(f"/ko/endorse/me/{endorse_manage_token(row)}").text
    for text in (page_of(client, code).text, own):
        assert re.findall(r'count__number">(\d+)', text) == ([str(shown)] if shown else [])
        assert re.findall(r'<progress[^>]* value="(\d+)"', text) == ([str(min(shown, 12))] if shown else [])
    (organization,) = client.get("/api/v1/campaigns/blue-skies/organizations").get_json()["organizations"]
    assert (organization["group_goal"], organization["group_people"]) == (12, shown)


def test_the_code_of_an_organisation_that_has_left_or_was_merged_leads_to_what_is_there(client):
    campaign()
    left, stays = endorsement(state="withdrawn"), endorsement()
    twice = endorsement(state="merged", merged_into_id=stays.id)
    gone, moved = (page_of(client, organization_code(row.id)) for row in (left, twice))
    assert (gone.status_code, gone.request.path) == (410, f"/ko/c/blue-skies/organizations/{left.id}")
    assert (moved.status_code, moved.request.path) == (200, f"/ko/c/blue-skies/organizations/{stays.id}")
    assert page_of(client, "o" + "9" * 19).status_code == 404


def test_a_code_without_a_goal_leads_to_the_campaign_under_its_link_and_an_unknown_one_nowhere(client):
    partner = campaign().partners[1]
    answer = client.get(f"/ko/c/blue-skies/with/p{partner.id}")
    assert answer.headers["Location"] == f"/ko/c/blue-skies?via=p{partner.id}"
    assert client.get("/ko/c/blue-skies/with/p999999999").status_code == 404


def test_a_campaign_that_is_over_keeps_the_number_and_asks_nobody(client):
    of = campaign()
    code = partner_goal(of, 20)
    crowd(20, via=code)
    deliveries.handed_over(of)
    moderation.move(EDITOR, of.slug, CampaignState.OPEN, CampaignState.CLOSED, "it is over")
    text = page_of(client, code, "en").text
    for asked in ("/sign?via=", "poster-a4.pdf", "scan this code", "so far"):
        assert asked not in text
    assert '<progress class="count__bar" max="20" value="20"' in text
    assert "Recipient: The Minister of Environment" in text


def test_once_the_signatures_are_deleted_it_says_that_the_number_is_gone(client):
    air = campaign(state="archived")
    code = partner_goal(air, 200)
    crowd(20, via=code)
    with transaction() as session:
        session.get_one(Campaign, air.id).forgotten_at = clock.now()
    text = page_of(client, code, "en").text
    assert "the signatures of this campaign were deleted on" in text
    assert "<progress" not in text
    assert "Not ten people yet" not in text


def test_kakaotalk_shares_the_page_of_the_group(make_app):
    app = make_app(kakao_key="a" * 32)
    with app.app_context():
        code = partner_goal(campaign(), 200)
    client = app.test_client()
    way = f"/ko/c/blue-skies/share/kakao?via={code}"
    assert f'href="{way}"' in page_of(client, code).text
    assert f"/ko/c/blue-skies/with/{code}" in client.get(way).text


def test_an_organisation_sets_its_goal_on_its_own_page(client):
    campaign()
    row = endorsement()
    own = f"/ko/endorse/me/{endorse_manage_token(row)}"
    refused = client.post(f"{own}/group", data={"group_goal": "9"})
    assert refused.status_code == 422
    assert "10부터 1,000,000까지의 정수를 입력해 주세요" in refused.text
    assert 'value="9"' in refused.text
    assert client.post(f"{own}/group", data={"group_goal": "1,200"}).status_code == 303
    assert again(row).group_goal == 1200
    assert 'value="1200"' in client.get(own).text


def own_page_of(client, of):
    return client.get(f"/en/endorse/me/{endorse_manage_token(of)}").text


def test_an_organisation_finds_its_link_and_its_badge_to_copy(client):
    row = endorsement()
    page = own_page_of(client, row)
    assert f"/en/c/blue-skies?via={organization_code(row.id)}</textarea>" in page
    assert f"/badge/blue-skies/{row.id}.svg" in page


@pytest.mark.parametrize("state", ["review", "declined", "withdrawn", "removed"])
def test_one_that_is_not_on_the_wall_has_neither(client, state):
    page = own_page_of(client, endorsement(state=state))
    assert "?via=" not in page
    assert "/badge/" not in page
