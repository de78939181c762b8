"""`?via=`: whose link led to a signature, from the address to the row, and never in the way of signing."""

import pytest
from sqlalchemy import select

from pledge.core.db import db
from pledge.signatures.models import Signature
from pledge.statistics.referrals import organization_code
from tests.support.factories import campaign, endorsement, manage_token, sign_form, signature

SIGN = "/en/c/blue-skies/sign"


@pytest.fixture
def code(app):
    return f"p{campaign().partners[1].id}"


def stored():
    db.session.rollback()
    return db.session.scalars(select(Signature.via)).all()


def test_the_page_of_the_form_carries_the_code_without_javascript(client, code):
    assert f'<input type="hidden" name="via" value="{code}">' in client.get(f"{SIGN}?via={code}").text


def test_a_signature_keeps_the_code_that_the_form_carries(client, code):
    assert client.post(SIGN, data=sign_form(via=code)).status_code == 303
    assert stored() == [code]


def test_a_signature_in_the_widget_keeps_the_code_that_its_form_carries(client, code):
    assert client.post("/embed/blue-skies/sign?lang=en", data=sign_form(via=code)).status_code == 303
    assert stored() == [code]


def test_the_link_of_a_duplicate_organisation_counts_for_the_one_that_stays(client, code):
    stays = endorsement()
    duplicate = endorsement(state="merged", merged_into_id=stays.id)
    client.post(SIGN, data=sign_form(via=organization_code(duplicate.id)))
    assert stored() == [organization_code(stays.id)]


@pytest.mark.parametrize("unknown", ["p987654321", "o1", "someone", '"><script>', "x" * 3000, None])
def test_an_unknown_code_is_ignored_without_a_word(client, code, unknown):
    known, ignored = (client.post(SIGN, data=sign_form(via=via)) for via in (code, unknown))
    assert (ignored.status_code, ignored.data) == (known.status_code, known.data)
    assert sorted(stored(), key=str) == [None, code]


def test_people_see_it_in_what_is_stored_about_them(client, code):
    person = signature(via=code)
    assert client.get(f"/en/me/{manage_token(person)}/download").json["via"] == code
