"""What a frozen delivery says: the same numbers and organisations as everywhere else at its checkpoint."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.core import clock as time
from pledge.core.db import db, transaction
from pledge.deliveries.document import from_json
from pledge.deliveries.freezing import CountInDoubt
from pledge.deliveries.models import Delivery
from pledge.deliveries.pack.packing import readme
from pledge.endorsements import services as endorsement_services
from pledge.endorsements.models import EndorsementState, VersionState
from pledge.endorsements.review import moderation
from pledge.endorsements.review.queries import SeenState
from pledge.ledger import services
from pledge.ledger.models import Kind
from pledge.signatures import services as signers
from pledge.statistics.totals import DoesNotAddUp, campaign_facts, totals_at
from tests.deliveries.frozen import freeze, newest, preview
from tests.support import ledger
from tests.support.factories import (
    ANNA,
    campaign,
    endorse_manage_token,
    endorsement,
    fold_all,
    manage_token,
    plant_entry,
    signature,
    signatures,
    version_of,
)
from tests.support.insider import as_superuser

# --- the numbers ---


def test_an_earlier_checkpoint_keeps_its_numbers_whatever_comes_after(app):
    number = ledger.campaign("blue-skies")
    places = (("KR", "KR-11", 12), ("KR", "KR-26", 7), ("KR", None, 6), ("JP", None, 8), ("FR", None, 2))

    def sign():
        for country, region, people in places:
            for person in range(people):
                ledger.confirm(number, country, region, hours=person)
        ledger.fold()

    sign()
    checkpoint, page = newest(number), totals_at(campaign_facts("blue-skies"))
    ledger.confirm(number, "US", None, kind=Kind.ORGANIZATION)
    sign()

    document = preview("blue-skies", checkpoint.id)

    assert document.checkpoint.size == checkpoint.size < newest(number).size
    assert document.checkpoint.note == checkpoint.note
    assert document.checkpoint.people == page.people
    assert document.by_country == page.by_country
    assert document.by_region == page.by_region
    assert document.by_day == page.by_day
    assert totals_at(campaign_facts("blue-skies")).people == 2 * page.people


def test_a_pack_of_an_earlier_checkpoint_also_names_the_newest_one(app):
    """So that a number of before many withdrew cannot be handed over as today's."""
    of = campaign("blue-skies")
    people = signatures(6, of)
    fold_all()
    peak = newest(of.id)
    for person in people[:4]:
        signers.withdraw(manage_token(person))
    fold_all()
    made = preview("blue-skies", peak.id)
    assert (made.checkpoint.people, made.newest.people) == (6, 2)
    text = readme(made).decode("utf-8-sig")
    assert f"the newest checkpoint had {made.newest.size} entries: 2 people and 0\r\norganisations." in text
    assert "사람 2명, 단체 0곳이 집계되어 있었습니다" in text
    assert from_json(made.to_json()) == made


def test_what_the_log_did_is_told_by_reason(app):
    of = campaign()
    signatures(6, of)
    signature(of, state="withdrawn")
    signature(of, state="invalidated")
    endorsement(of)
    endorsement(of, state="removed")
    fold_all()

    document = preview(of.slug)

    assert vars(document.people_moves) == {
        "confirmed": 8,
        "withdrawn": 0,
        "invalidated": 0,
        "reinstated": 0,
        "removed": 2,
    }
    assert document.people_moves.count == document.checkpoint.people == 6
    assert document.organization_moves.count == document.checkpoint.organizations == 1


def test_the_pledge_texts_are_those_that_were_signed(app):
    of = campaign(versions=3)
    signature(of, pledge_text_id=of.pledges[0].id)
    signature(of, pledge_text_id=of.pledges[2].id)
    fold_all()

    pledges = preview(of.slug).pledges

    assert [(pledge.version, pledge.text["ko"]) for pledge in pledges] == [(1, "서약 1판"), (3, "서약 3판")]
    assert pledges[0].sha256 == of.pledges[0].sha256.hex()


def test_entries_that_do_not_add_up_to_the_checkpoint_are_not_frozen(app):
    of = campaign()
    signatures(3, of)
    fold_all()
    as_superuser("UPDATE checkpoints SET people = people + 1")
    with pytest.raises(DoesNotAddUp):
        freeze(of)
    assert db.session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize(
    ("planted", "number"),
    [
        (lambda of: plant_entry(), 1),
        (lambda of: as_superuser("UPDATE signatures SET state = 'pending' WHERE region = 'KR-26'"), 0),
        (
            lambda of: as_superuser(
                "UPDATE ledger_entries SET country = 'JP', region = NULL WHERE number = 1"
            ),
            0,
        ),
        (lambda of: as_superuser("UPDATE endorsements SET state = 'removed'"), 0),
    ],
    ids=["set aside", "fewer signatures", "another place", "not on the wall"],
)
def test_nothing_is_frozen_over_what_nothing_stands_behind(app, planted, number):
    of = campaign()
    signatures(2, of)
    signature(of, region="KR-26")
    endorsement(of)
    fold_all()
    planted(of)
    fold_all()
    with pytest.raises(CountInDoubt) as doubt:
        freeze(of)
    assert doubt.value.set_aside == number
    assert db.session.scalars(select(Delivery)).all() == []
    other = campaign("other")
    signature(other)
    fold_all()
    assert freeze(other), "what is wrong with one campaign holds up no other"


def test_what_was_looked_into_holds_up_no_delivery(app):
    of = campaign()
    signatures(2, of)
    plant_entry()
    fold_all()
    assert services.dismiss(ANNA, of.id, of.slug, "put in by a test") == 1
    assert freeze(of)


# --- organisations ---


def test_organizations_come_by_kind_and_then_by_name(app):
    of = campaign()
    for kind, name in (("youth", "가람"), ("business", "나무"), ("business", "가나다"), ("city", "서울")):
        endorsement(of, type=kind, name_ko=name)
    endorsement(of, state="review", name_ko="아직")
    fold_all()

    organizations = preview(of.slug).named_organizations

    assert [(row.type, row.name["ko"]) for row in organizations] == [
        ("city", "서울"),
        ("youth", "가람"),
        ("business", "가나다"),
        ("business", "나무"),
    ]


def test_an_organization_says_what_it_said_when_the_checkpoint_was_signed(app, frozen_clock):
    of = campaign()
    row = endorsement(of, name_en="Old Name", statement_en="As before.")
    fold_all()
    before = newest(of.id)
    frozen_clock.move(hours=2)
    version_of(row, name_en="New Name", statement_en="As of now.")
    moderation.publish(ANNA, row.id, SeenState(EndorsementState.PUBLISHED, 2, VersionState.PROPOSED))
    frozen_clock.move(hours=2)
    signature(of)
    fold_all()

    then, now = (
        preview(of.slug, checkpoint.id).named_organizations[0] for checkpoint in (before, newest(of.id))
    )

    assert (then.name["en"], then.statement["en"]) == ("Old Name", "As before.")
    assert (now.name["en"], now.statement["en"]) == ("New Name", "As of now.")


def test_what_waits_for_review_or_was_declined_is_never_inside(app, frozen_clock):
    of = campaign()
    row = endorsement(of, name_en="Reviewed")
    version_of(row, name_en="Unreviewed")
    frozen_clock.move(hours=1)
    fold_all()
    assert [named.name["en"] for named in preview(of.slug).named_organizations] == ["Reviewed"]

    moderation.ask_for_changes(
        ANNA, row.id, SeenState(EndorsementState.PUBLISHED, 2, VersionState.PROPOSED), "logo-unclear"
    )
    frozen_clock.move(hours=1)
    assert [named.name["en"] for named in preview(of.slug).named_organizations] == ["Reviewed"]


def test_one_that_left_is_in_earlier_checkpoints_only(app):
    of = campaign()
    row = endorsement(of)
    fold_all()
    before = newest(of.id)
    endorsement_services.withdraw(endorse_manage_token(row))
    fold_all()

    assert len(preview(of.slug, before.id).named_organizations) == 1
    assert preview(of.slug).named_organizations == []


def test_one_whose_content_is_gone_is_counted_without_a_name(app):
    of = campaign()
    rows = [endorsement(of) for _ in range(3)]
    fold_all()
    with transaction() as session:
        session.delete(session.get_one(type(rows[0]), rows[0].id))

    document = preview(of.slug)

    assert document.checkpoint.organizations == 3
    assert (len(document.named_organizations), document.unnamed_organizations) == (2, 1)


def test_an_organisation_joined_on_the_korean_day_of_its_newest_confirmation(app, frozen_clock):
    of = campaign()
    at_night = time.now().replace(hour=16, minute=30) - timedelta(days=3)  # 01:30 of the next day in Seoul
    endorsement(of, at=at_night)
    fold_all()
    [organization] = preview(of.slug).named_organizations
    assert organization.published_on == (at_night + timedelta(hours=9)).date().isoformat()
