"""The page after signing says what comes next."""

from datetime import timedelta

import pytest
from markupsafe import Markup

from pledge.campaigns import items
from pledge.campaigns.events import EVENT
from pledge.core import clock
from pledge.core.languages import Texts
from pledge.statistics import places
from tests.support.factories import (
    EDITOR,
    campaign,
    crowd,
    event_fields,
    fold_all,
    press_key,
    signature,
)
from tests.support.pages import thanks_parts

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]


def thanks(client, lang="en", slug="blue-skies"):
    return client.get(f"/{lang}/c/{slug}/thanks").text


def words(page):
    return Markup(page).striptags()


def test_the_campaign_thanks_in_its_own_words_where_staff_have_written_some(client):
    campaign(thanks=Texts(en="Thank you for <clear> skies."))
    assert "Thank you for &lt;clear&gt; skies." in thanks(client)
    assert "한 분만 더 초대해 주세요" in thanks(client, "ko"), "none is written in Korean"


def test_the_next_two_events_are_named_and_no_past_one(client):
    campaign()
    for days, title in ((-9, "Long ago"), (3, "First"), (5, "Second"), (7, "Third")):
        items.add(
            EVENT,
            EDITOR,
            "blue-skies",
            event_fields(title_en=title, starts_at=clock.now() + timedelta(days=days), ends_at=None),
        )
    page = thanks(client)
    assert [title in page for title in ("Long ago", "First", "Second", "Third")] == [False, True, True, False]


SAID = {
    "KR-11": "You are counted in Seoul. For its size it has the 2nd most signatures of all provinces and cities.",
    "KR-26": "You are counted in Busan. No other province or city has more signatures for its size.",
    "KR-49": "You are counted in Jeju.",
}


@pytest.mark.parametrize("region", list(SAID))
def test_who_says_a_province_hears_its_place_where_everybody_may_see_it(client, region):
    """Jeju has fewer people than are ever shown by themselves."""
    for number, shown in ((30, "KR-11"), (20, "KR-26"), (20, "KR-41"), (2, "KR-49"), (9, None)):
        crowd(number, region=shown)
    person = signature(region=None)
    fold_all()
    places.renew_places()
    key = press_key(person)
    assert client.post(f"/en/confirm/{key}/region", data={"region": "KR-99"}).status_code == 400
    saved = client.post(f"/en/confirm/{key}/region", data={"region": region})
    assert (saved.status_code, saved.location) == (303, "/en/c/blue-skies/thanks#region")
    notice = words(thanks_parts(client, key, done="region").partition('id="done"')[2].partition("</div>")[0])
    assert notice.endswith("Saved" + SAID[region])
