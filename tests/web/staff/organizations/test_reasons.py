"""The list of reasons that reviewers choose from."""

import pytest
from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.core.db import db
from tests.support.factories import endorsement
from tests.support.rows import again
from tests.web.staff.organizations.screens import DESK, act


def test_a_reason_is_added_used_and_taken_out_again(reviewer):
    new = {
        "code": "no-logo",
        "kind": "changes",
        "wording_ko": "로고가 없습니다.",
        "wording_en": "There is no logo.",
        "active": "y",
    }
    assert reviewer.post("/staff/organizations/reasons", data=new).status_code == 303
    row = endorsement(state="review", lang="en")
    assert "There is no logo." in reviewer.get(f"{DESK}/{row.id}").text
    assert act(reviewer, row, "changes", code="no-logo", note="").status_code == 303
    assert again(row).decision_reason == "There is no logo."
    assert reviewer.post("/staff/organizations/reasons", data={**new, "active": ""}).status_code == 303
    other = endorsement(state="review")
    assert act(reviewer, other, "changes", code="no-logo", note="").status_code == 422


def test_a_built_in_reason_gets_other_words(reviewer):
    page = reviewer.get("/staff/organizations?reason=closed-down")
    assert "The organisation no longer exists." in page.text
    data = {
        "code": "closed-down",
        "kind": "remove",
        "wording_ko": "해산했습니다.",
        "wording_en": "It was dissolved.",
        "active": "y",
    }
    reviewer.post("/staff/organizations/reasons", data=data)
    row = endorsement()
    act(reviewer, row, "remove", code="closed-down", wording_ko="", wording_en="")
    assert again(row).public_reason["en"] == "It was dissolved."


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "Bad Code"}, "begin with a letter"),
        ({"code": ""}, "begin with a letter"),
        ({"kind": "nothing"}, "Choose what it is used for."),
        ({"wording_ko": " "}, "This field is required."),
        ({"wording_en": "a" * 501}, "up to 500 characters"),
        ({"code": "closed-down"}, "belongs to a reason for another act"),
    ],
)
def test_a_reason_must_be_whole(reviewer, changes, error):
    data = {
        "code": "new-one",
        "kind": "changes",
        "wording_ko": "가",
        "wording_en": "a",
        "active": "y",
        **changes,
    }
    reply = reviewer.post("/staff/organizations/reasons", data=data)
    assert reply.status_code == 422
    assert error in reply.text
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_an_unknown_reason_cannot_be_edited(reviewer):
    assert reviewer.get("/staff/organizations?reason=nothing").status_code == 404
