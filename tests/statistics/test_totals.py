"""What the totals hold: both languages, Korean days, small cells merged, and parts that add up."""

from pledge.core.languages import Texts
from pledge.ledger import queries as ledger_queries
from pledge.ledger.models import Kind
from pledge.statistics.cells import Cell
from pledge.statistics.totals import (
    SignedVersion,
    Totals,
    campaign_facts,
    signed_versions,
    totals_at,
)
from tests.support import factories, ledger
from tests.support.ledger import fold


def totals(slug: str) -> Totals:
    return totals_at(campaign_facts(slug))


def sign(campaign: int, people: int, *place: str | None, hours: int = 0) -> None:
    for _ in range(people):
        ledger.confirm(campaign, *place, hours=hours)


def parts(lines: list[Cell]) -> dict[str, int]:
    return {line.key: line.people for line in lines}


def test_people_are_counted_by_country_region_and_korean_day(app, frozen_clock):
    campaign = ledger.campaign("blue-skies")
    sign(campaign, 6, "KR", "KR-26")
    sign(campaign, 7, "KR", "KR-11", hours=2)  # 23:00 in Seoul
    sign(campaign, 8, "JP", None, hours=3)  # midnight in Seoul: the next day
    fold()

    counted = totals("blue-skies")

    assert (counted.people, counted.organizations, counted.as_of) == (21, 0, frozen_clock.now())
    assert counted.by_country == [
        Cell("KR", Texts(ko="대한민국", en="Republic of Korea"), 13),
        Cell("JP", Texts(ko="일본", en="Japan"), 8),
    ]
    assert counted.by_region == [
        Cell("KR-11", Texts(ko="서울특별시", en="Seoul"), 7),
        Cell("KR-26", Texts(ko="부산광역시", en="Busan"), 6),
        Cell("none", Texts(ko="해외 또는 지역 미기재", en="Outside Korea or no region given"), 8),
    ]
    assert counted.by_day == [
        Cell("2026-11-24", Texts(ko="2026년 11월 24일", en="24 November 2026"), 13),
        Cell("2026-11-25", Texts(ko="2026년 11월 25일", en="25 November 2026"), 8),
    ]


def test_organizations_are_a_number_of_their_own_and_in_no_breakdown(app):
    campaign = ledger.campaign("blue-skies")
    sign(campaign, 6, "KR", "KR-26")
    for _ in range(7):
        ledger.confirm(campaign, "KR", "KR-26", kind=Kind.ORGANIZATION)
    fold()

    counted = totals("blue-skies")

    assert (counted.people, counted.organizations) == (6, 7)
    assert parts(counted.by_country) == {"KR": 6}


def test_a_withdrawal_counts_on_the_day_it_was_made(app):
    campaign = ledger.campaign("blue-skies")
    people = [ledger.confirm(campaign) for _ in range(12)]
    sign(campaign, 9, hours=24)
    ledger.withdraw(campaign, people[0], hours=24)
    fold()

    assert parts(totals("blue-skies").by_day) == {"2026-11-24": 12, "2026-11-25": 8}


def test_small_countries_regions_and_days_are_merged_and_come_last(app):
    campaign = ledger.campaign("blue-skies")
    sign(campaign, 20, "KR", "KR-11")
    sign(campaign, 3, "KR", "KR-49", hours=-24)
    sign(campaign, 3, "FR", None, hours=-48)
    sign(campaign, 2, "JP", None, hours=-48)
    fold()

    counted = totals("blue-skies")

    assert parts(counted.by_country) == {"KR": 23, "other": 5}
    # Beside the 23 of Korea, the 20 of Seoul would say that three signed in Jeju.
    assert parts(counted.by_region) == {"other": 28}
    assert parts(counted.by_day) == {"2026-11-24": 20, "other": 8}
    assert counted.by_country[-1] == Cell("other", Texts(ko="기타", en="Other"), 5)


def test_a_region_is_never_given_away_by_those_who_have_none(app):
    campaign = ledger.campaign("blue-skies")
    sign(campaign, 20, "KR", "KR-11")
    sign(campaign, 3, "JP")
    fold()

    # Seoul alone would say that three signed from elsewhere.
    assert parts(totals("blue-skies").by_region) == {"other": 23}
    assert parts(totals("blue-skies").by_country) == {"other": 23}


def test_a_fold_between_two_reads_cannot_tear_the_totals(app, monkeypatch):
    """Total and parts come from one statement."""
    campaign = ledger.campaign("blue-skies")
    sign(campaign, 9)
    fold()
    read = ledger_queries.tallies

    def then_fold(campaign_id: int):
        counted = read(campaign_id)
        sign(campaign, 30)
        fold()
        return counted

    monkeypatch.setattr(ledger_queries, "tallies", then_fold)
    counted = totals("blue-skies")
    assert counted.people == sum(line.people for line in counted.by_day) == 9


# --- Who is bound to which words ---


def test_people_and_organizations_are_counted_under_the_version_they_signed(app):
    of = factories.campaign()
    factories.signature(of)
    factories.signature(of, state="withdrawn")
    factories.endorsement(of)
    factories.fold_all()
    assert signed_versions(of.id) == [SignedVersion(version=1, people=1, organizations=1)]


def test_an_entry_that_is_set_aside_binds_nobody(app):
    of = factories.campaign()
    factories.signature(of)
    factories.plant_entry()
    factories.fold_all()
    assert signed_versions(of.id) == [SignedVersion(version=1, people=1, organizations=0)]
