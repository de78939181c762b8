"""What an organisation on the wall finds on its own page to share the campaign, and how many came through its link."""

import pytest

from pledge.statistics.referrals import organization_code
from tests.support.factories import crowd, endorse_manage_token, endorsement

pytestmark = pytest.mark.usefixtures("app")


def own_page(client, of):
    return client.get(f"/en/endorse/me/{endorse_manage_token(of)}").text


@pytest.mark.parametrize(
    ("people", "words"), [(9, "Not ten people yet."), (14, '<strong class="count__number">10</strong>')]
)
def test_an_organisation_sees_in_fives_how_many_came_through_its_link(client, people, words):
    row = endorsement()
    crowd(people, via=organization_code(row.id))
    assert words in own_page(client, row)


def test_an_organisation_finds_its_link_and_its_badge_to_copy(client):
    row = endorsement()
    page = own_page(client, row)
    assert f"/en/c/blue-skies?via={organization_code(row.id)}</textarea>" in page
    assert f"/badge/blue-skies/{row.id}.svg" in page


@pytest.mark.sqlite_only
@pytest.mark.parametrize("state", ["review", "declined", "withdrawn", "removed"])
def test_one_that_is_not_on_the_wall_has_neither(client, state):
    page = own_page(client, endorsement(state=state))
    assert "?via=" not in page
    assert "/badge/" not in page
