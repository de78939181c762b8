"""The organisations behind a campaign: added at the end, put in order, corrected, removed; each with its logo."""

from dataclasses import replace

import pytest

from pledge.campaigns import items, moderation, partners, staff_queries
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import FieldFault
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core.languages import Texts
from tests.support.factories import EDITOR, draft, stored_picture
from tests.support.refusals import faults_of
from tests.support.rows import is_kept

pytestmark = pytest.mark.usefixtures("app")


def fields(name="기후변화센터", **changes):
    names = Texts(
        ko=changes.pop("name_ko", name),
        en=changes.pop("name_en", f"{name} en"),
    )
    return PartnerFields(**{"role": PartnerRole.PARTNER, "name": names, "url": "", **changes})


def names(slug="air"):
    return [row.fields.name["ko"] for row in items.rows(PARTNER, staff_queries.desk(slug).id)]


def stored(partner_id, slug="air"):
    return items.get(PARTNER, staff_queries.desk(slug).id, partner_id)


def test_partners_stand_in_the_order_that_staff_choose():
    draft("air", secretariat=False)
    first, second, third = (items.add(PARTNER, EDITOR, "air", fields(name)) for name in ("하나", "둘", "셋"))
    items.move(PARTNER, EDITOR, "air", third, up=True)
    assert names() == ["하나", "셋", "둘"]
    items.move(PARTNER, EDITOR, "air", first, up=False)
    assert names() == ["셋", "하나", "둘"]
    items.move(PARTNER, EDITOR, "air", third, up=True)
    items.move(PARTNER, EDITOR, "air", second, up=False)
    assert names() == ["셋", "하나", "둘"], "at the ends of the list nothing happens"
    items.remove(PARTNER, EDITOR, "air", first, seen=stored(first).stamp, reason="left")
    items.move(PARTNER, EDITOR, "air", second, up=True)
    assert names() == ["둘", "셋"]


def test_the_number_of_a_removed_partner_is_given_to_no_other():
    """It is in its link and beside the signatures of those who followed it."""
    draft("air", secretariat=False)
    removed = items.add(PARTNER, EDITOR, "air", fields("하나"))
    items.remove(PARTNER, EDITOR, "air", removed, seen=stored(removed).stamp, reason="left")
    assert items.add(PARTNER, EDITOR, "air", fields("둘")) > removed


def test_the_page_shows_them_by_role_and_language():
    draft("air", secretariat=False)
    items.add(PARTNER, EDITOR, "air", fields("사무국", role=PartnerRole.SECRETARIAT, url="example.org"))
    items.add(PARTNER, EDITOR, "air", fields("동반자"))
    shown = partners.shown_partners(staff_queries.desk("air").id, "en")
    assert [(row.name, row.url) for row in shown[PartnerRole.SECRETARIAT]] == [
        ("사무국 en", "https://example.org")
    ]
    assert [row.name for row in shown[PartnerRole.PARTNER]] == ["동반자 en"]


def test_a_name_in_one_language_is_enough_for_a_draft_and_is_told_as_missing():
    draft("air", secretariat=False)
    partner = items.add(PARTNER, EDITOR, "air", fields(name_en=""))
    assert [
        (item.section, item.field, item.lang) for item in staff_queries.missing(staff_queries.desk("air"))
    ] == [
        ("partners", "secretariat", ""),
        ("partners", str(partner), "en"),
    ]
    assert faults_of(items.add, PARTNER, EDITOR, "air", fields(name_ko="", name_en=" ")) == {
        "name_ko": FieldFault.MISSING
    }


def test_the_last_secretariat_of_a_public_campaign_stays():
    slug = draft("air")
    (first,) = items.rows(PARTNER, staff_queries.desk(slug).id)
    moderation.move(EDITOR, slug, CampaignState.DRAFT, CampaignState.OPEN)
    as_partner = replace(first.fields, role=PartnerRole.PARTNER)
    for act in (
        lambda: items.remove(PARTNER, EDITOR, slug, first.id, seen=first.stamp, reason="left"),
        lambda: items.change(PARTNER, EDITOR, slug, first.id, as_partner, seen=first.stamp),
    ):
        assert faults_of(act) == {"role": FieldFault.SECRETARIAT}
    items.add(PARTNER, EDITOR, slug, fields("새 사무국", role=PartnerRole.SECRETARIAT))
    items.remove(PARTNER, EDITOR, slug, first.id, seen=first.stamp, reason="left")
    assert names() == ["새 사무국"]


def test_a_logo_is_kept_replaced_and_let_go_of():
    draft("air", secretariat=False)
    old, new = stored_picture(), stored_picture()
    partner = items.add(PARTNER, EDITOR, "air", fields(), old)
    assert is_kept(old)
    items.change(PARTNER, EDITOR, "air", partner, fields(), seen=stored(partner).stamp, logo=new)
    assert (is_kept(old), is_kept(new)) == (False, True)
    items.change(PARTNER, EDITOR, "air", partner, fields("새 이름"), seen=stored(partner).stamp)
    assert stored(partner).logo == new, "a correction leaves the logo alone"
    items.change(PARTNER, EDITOR, "air", partner, fields(), seen=stored(partner).stamp, drop_logo=True)
    assert (stored(partner).logo, is_kept(new)) == ("", False)
    last = stored_picture()
    other = items.add(PARTNER, EDITOR, "air", fields("둘"), last)
    items.remove(PARTNER, EDITOR, "air", other, seen=stored(other).stamp, reason="left")
    assert not is_kept(last)


def test_a_partner_of_another_campaign_is_out_of_reach():
    draft("air", secretariat=False)
    draft("sea", secretariat=False)
    partner = items.add(PARTNER, EDITOR, "air", fields())
    for act in (
        lambda: items.remove(PARTNER, EDITOR, "sea", partner, seen=stored(partner).stamp, reason="left"),
        lambda: items.move(PARTNER, EDITOR, "sea", partner, up=True),
        lambda: items.change(PARTNER, EDITOR, "sea", partner, fields("x"), seen=stored(partner).stamp),
        lambda: items.remove(PARTNER, EDITOR, "air", 10**30, seen=stored(partner).stamp, reason="left"),
    ):
        with pytest.raises(NoSuchCampaign):
            act()
    assert names() == ["기후변화센터"]


def test_the_first_partners_are_shown_at_once_and_the_others_by_kind():
    at_once = partners.MAX_AT_ONCE
    kinds = [*["embassy"] * at_once, "media", "", "business", "business"]
    shown = [partners.PartnerView(f"{number}", "", type=kind) for number, kind in enumerate(kinds)]
    wall = partners.wall(shown)
    assert [partner.name for partner in wall.first] == [str(number) for number in range(at_once)]
    assert [(kind, [partner.name for partner in group]) for kind, group in wall.more] == [
        ("business", [str(at_once + 2), str(at_once + 3)]),
        ("media", [str(at_once)]),
        ("other", [str(at_once + 1)]),
    ]
    assert wall.number_of_more == 4


def test_a_few_partners_have_no_others_and_those_without_a_kind_are_one_group():
    assert partners.wall([]) == partners.PartnerWall([], [])
    shown = partners.MAX_AT_ONCE
    untyped = [partners.PartnerView(str(number), "") for number in range(shown + 1)]
    assert partners.wall(untyped[:shown]) == partners.PartnerWall(untyped[:shown], [])
    assert partners.wall(untyped) == partners.PartnerWall(untyped[:shown], [("", untyped[shown:])])


@pytest.mark.parametrize("goal", [9, 1_000_001])
def test_the_goal_of_a_partners_link_is_from_ten_to_a_million(goal):
    draft("air")
    assert faults_of(items.add, PARTNER, EDITOR, "air", fields(group_goal=goal)) == {
        "group_goal": FieldFault.GROUP_GOAL
    }
    number = items.add(PARTNER, EDITOR, "air", fields(group_goal=200))
    assert stored(number).fields.group_goal == 200
