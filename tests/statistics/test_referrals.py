"""Through whose link people came: numbers of five and more for staff, of ten and more for others, and nothing about anybody."""

import pytest

from pledge.campaigns.models import PartnerRole
from pledge.core.db import db
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.statistics import referrals
from pledge.statistics.referrals import organization_code
from tests.support.factories import campaign, crowd, endorsement, manage_token, signature

pytestmark = pytest.mark.usefixtures("app")


def partner_code(of):
    return next(f"p{partner.id}" for partner in of.partners if partner.role == PartnerRole.PARTNER)


def shown(of):
    return {line.code: line.people for line in referrals.lines(of.id)}


def test_those_who_are_counted_count_for_whose_link_they_followed():
    air = campaign()
    code = partner_code(air)
    crowd(6, via=code)
    crowd(3)
    for state in ("pending", "withdrawn", "invalidated"):
        signature(state=state, via=code)
    assert shown(air)[code] == 6


def test_fewer_than_five_are_told_to_nobody():
    air = campaign()
    code, organization = partner_code(air), organization_code(endorsement().id)
    crowd(4, via=code)
    crowd(4, via=organization)
    assert shown(air)[code] is None
    assert organization not in shown(air)


@pytest.mark.parametrize(("people", "shown"), [(9, None), (10, 10), (14, 10), (23, 20)])
def test_who_reads_the_page_of_a_group_is_told_whole_fives_from_ten_on(people, shown):
    air = campaign()
    code, quiet = partner_code(air), organization_code(endorsement().id)
    crowd(people, via=code)
    assert referrals.group(air.id, code).people == shown
    assert referrals.public_counts(air.id) == ({code: shown} if shown else {})
    assert referrals.group(air.id, quiet).people is None


def test_a_group_is_told_of_one_less_once_somebody_withdraws():
    air = campaign()
    code = partner_code(air)
    crowd(9, via=code)
    person = signature(via=code)
    assert referrals.group(air.id, code).people == 10
    services.withdraw(manage_token(person))
    assert referrals.group(air.id, code).people is None


def test_the_most_come_first_and_partners_without_anybody_are_listed():
    air = campaign()
    few, many = (organization_code(endorsement().id) for _ in range(2))
    crowd(7, via=few)
    crowd(12, via=many)
    lines = referrals.lines(air.id)
    assert [line.code for line in lines[:2]] == [many, few]
    assert {line.code for line in lines[2:]} == {f"p{partner.id}" for partner in air.partners}


def test_each_campaign_has_its_own_codes():
    air, sea = campaign(), campaign("sea")
    assert partner_code(air) in referrals.codes("blue-skies")
    assert partner_code(air) not in referrals.codes("sea")
    assert referrals.find(sea.id, partner_code(air)) is None
    crowd(10, air, via=partner_code(air))
    assert referrals.public_counts(sea.id) == {}


@pytest.mark.parametrize("state", ["pending", "review", "declined", "withdrawn", "removed"])
def test_an_organisation_has_a_code_while_it_is_on_the_wall(state):
    air = campaign()
    code = organization_code(endorsement(state=state).id)
    assert code not in referrals.codes("blue-skies")
    assert referrals.find(air.id, code) is None


def test_a_code_leads_to_the_names_of_who_has_it():
    air = campaign()
    organization = endorsement(name_en="Haneul Energy")
    referrer = referrals.find(air.id, organization_code(organization.id))
    assert (referrer.name["en"], referrer.endorsement_id) == ("Haneul Energy", organization.id)
    assert referrals.find(air.id, partner_code(air)).name["en"] == "A Partner"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "p",
        "p0",
        "x1",
        "p-1",
        "p1 ",
        "p\N{ARABIC-INDIC DIGIT THREE}",
        "p2147483648",
        "o9223372036854775808",
        "p" * 5000,
    ],
)
def test_what_is_no_code_belongs_to_nobody(code):
    assert referrals.find(campaign().id, code) is None


def test_a_signature_that_is_withdrawn_forgets_whose_link_it_came_through():
    person = signature(via=partner_code(campaign()))
    services.withdraw(manage_token(person))
    db.session.expire_all()
    assert db.session.get(Signature, person.id).via is None
