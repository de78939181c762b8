"""The page of the switches: turning each with a reason, and who turned what."""

import pytest

from pledge.audit.queries import Search, page
from pledge.core.languages import Texts
from pledge.switches import queries
from pledge.switches.registry import Switches

TURNS = {
    "signing": ({"signing-paused": "y", "signing-reason": "attack"}, Switches(signing_paused=True)),
    "banner": (
        {"banner-text_ko": "점검 중", "banner-text_en": "At work", "banner-reason": "upkeep"},
        Switches(banner=Texts(ko="점검 중", en="At work")),
    ),
    "mail": ({"mail-paused": "y", "mail-reason": "the relay is full"}, Switches(mail_paused=True)),
    "limits": (
        {"limits-factor": "5", "limits-hours": "4", "limits-reason": "a hall"},
        Switches(limit_factor=5),
    ),
}


@pytest.mark.parametrize("name", TURNS)
def test_a_turn_holds_and_is_recorded_with_its_reason(admin, name):
    data, expected = TURNS[name]
    response = admin.post(f"/staff/switches/{name}", data=data)
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/switches")
    assert queries.stored() == expected
    (entry,) = page(Search(action="switch")).lines
    assert (entry.actor, entry.subject) == (admin.member.email, f"switch:{name}")
    assert entry.reason == data[f"{name}-reason"]
    text = admin.get("/staff/switches").text
    assert admin.member.email in text
    assert entry.reason in text
    assert "This ends on " in text


def test_the_history_says_to_what_each_switch_was_turned(admin):
    for name, (data, _) in TURNS.items():
        admin.post(f"/staff/switches/{name}", data=data)
    text = admin.get("/staff/switches").text
    for words in ("Signing: Paused", "Banner: 점검 중 / At work", "Limit of sign-ups: Times 5"):
        assert f"<strong>{words}</strong>" in text


def test_a_switch_that_does_not_exist_is_not_found(admin):
    assert admin.post("/staff/switches/nothing", data={"nothing-reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("signing", {"signing-paused": "y"}, "signing-reason"),
        ("banner", {"banner-text_ko": "점검", "banner-reason": "x"}, "banner-text_en"),
        ("banner", {"banner-text_en": "work", "banner-reason": "x"}, "banner-text_ko"),
        (
            "banner",
            {"banner-text_ko": "가", "banner-text_en": "x" * 301, "banner-reason": "x"},
            "banner-text_en",
        ),
        ("limits", {"limits-factor": "3", "limits-reason": "x"}, "limits-factor"),
        ("limits", {"limits-reason": "x"}, "limits-factor"),
        ("limits", {"limits-factor": "5", "limits-hours": "9", "limits-reason": "x"}, "limits-hours"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_turns_nothing(admin, name, data, field):
    response = admin.post(f"/staff/switches/{name}", data=data)
    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert queries.stored() == Switches()
    assert page(Search(action="switch")).lines == []
