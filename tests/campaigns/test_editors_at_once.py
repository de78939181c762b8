"""Two people at one campaign in the same moment, on connections of their own: one is first, the other is told."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from pledge.campaigns import items, moderation, partners, staff_queries
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import CampaignInWrongState, EditedMeanwhile
from pledge.campaigns.partners import PARTNER
from pledge.campaigns.rules import BadFields, stamp
from pledge.core.languages import Texts
from tests.support.at_once import at_once
from tests.support.audit import actions
from tests.support.factories import EDITOR, draft, write_pledge

CROWD = 8


@pytest.fixture
def crowd(make_app: Callable[..., Flask]) -> Callable[[Callable[[int], Any]], list[Any]]:
    """Run one act by several people at the same moment; what it returned or raised for each."""
    app = make_app(pool_size=CROWD)
    expected = (EditedMeanwhile, CampaignInWrongState, BadFields)
    return lambda act: at_once(app, *(partial(act, number) for number in range(CROWD)), expected=expected)


def test_when_editors_save_the_same_texts_at_once_the_first_wins_and_the_others_see_it(app, crowd):
    draft("air")
    seen = staff_queries.desk("air").texts
    results = crowd(
        lambda number: moderation.edit_texts(
            EDITOR, "air", stamp(seen), {**seen, "title_en": f"By editor {number}"}
        )
    )
    refused = [result for result in results if isinstance(result, EditedMeanwhile)]
    assert len(refused) == CROWD - 1
    kept = staff_queries.desk("air").texts["title_en"]
    assert {result.stored["title_en"] for result in refused} == {kept}
    assert results[int(kept[-1])] is None
    assert len(actions("campaign.texts")) == 2  # the draft's own, and the first editor's


def test_one_address_taken_by_many_at_once_belongs_to_one(app, crowd):
    results = crowd(lambda _: moderation.create(EDITOR, slug="air", title={}))
    assert results.count("air") == 1
    assert sum(isinstance(result, BadFields) for result in results) == CROWD - 1
    assert len(staff_queries.rows()) == 1


def test_partners_added_and_moved_at_once_keep_their_own_places(app, crowd):
    draft("air", secretariat=False)
    fields = partners.PartnerFields(partners.PartnerRole.PARTNER, Texts(ko="동반자", en="Partner"), "")
    added = crowd(lambda _: items.add(PARTNER, EDITOR, "air", fields))
    assert len(set(added)) == CROWD
    crowd(lambda number: items.move(PARTNER, EDITOR, "air", added[number], up=number % 2 == 0))
    assert {row.id for row in items.rows(PARTNER, staff_queries.desk("air").id)} == set(added)


def test_a_text_emptied_while_another_publishes_never_leaves_a_public_gap(app, crowd):
    draft("air")
    seen = staff_queries.desk("air").texts
    write_pledge("air", "하나", "One")

    def act(number):
        if number % 2:
            return moderation.edit_texts(EDITOR, "air", stamp(seen), {**seen, "summary_en": ""})
        try:
            return moderation.move(EDITOR, "air", CampaignState.DRAFT, CampaignState.OPEN)
        except moderation.CampaignIncomplete:
            return None

    crowd(act)
    desk = staff_queries.desk("air")
    assert desk.state == CampaignState.DRAFT or desk.texts["summary_en"]
