"""The steps on the way to a goal: which one is next, how far it is, and how clear the sky is."""

import pytest

from pledge.campaigns.goals import MAX_CLEARNESS, check_sentences, next_step, sentences
from pledge.campaigns.rules import Checker, FieldFault


@pytest.mark.parametrize(
    ("people", "target", "remaining"),
    [
        (0, 100, 100),
        (62, 100, 38),
        (99, 100, 1),
        (100, 500, 400),
        (500, 1_000, 500),
        (1_000, 2_000, 1_000),
        (4_999, 5_000, 1),
        (11_842, 20_000, 8_158),
        (50_000, 100_000, 50_000),
    ],
)
def test_the_next_step_is_the_first_one_that_is_not_reached(people, target, remaining):
    step = next_step(people, goal=100_000)
    assert (step.target, step.remaining) == (target, remaining)


def test_the_goal_is_the_last_step_before_the_usual_ones_go_on():
    assert next_step(50, goal=62).target == 62
    assert next_step(50, goal=62).is_goal
    assert next_step(620, goal=700).target == 700
    beyond = next_step(700, goal=700)
    assert (beyond.target, beyond.is_goal, beyond.is_goal_reached) == (1_000, False, True)
    assert next_step(10**9, goal=5).target == 2 * 10**9


def test_the_steps_of_staff_take_the_place_of_the_usual_ones():
    assert [next_step(people, 1_000, [30, 300]).target for people in (0, 30, 299, 300, 1_000)] == [
        *(30, 300, 300, 1_000),
        2_000,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10,000명: 환경부에 공개 질의합니다\n", {10_000: "환경부에 공개 질의합니다"}),
        ("500 : We ask: in public\n\n1000:Over", {500: "We ask: in public", 1_000: "Over"}),
        ("", {}),
    ],
)
def test_a_line_says_what_is_done_at_a_step(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no number: here",
        "500",
        "500:",
        "501: not a step",
        "2,000: beyond the goal",
        "500: a\n500: b",
        f"500: {'a' * 201}",
    ],
)
def test_lines_that_are_not_about_a_step_are_refused(text):
    check = Checker()
    check_sentences(check, 1_000, [500], {"en": text, "ko": "500명: 됩니다"})
    assert check.faults == {"step_sentences_en": FieldFault.STEP_SENTENCES}


def test_the_sky_clears_with_each_step_and_is_clear_at_the_goal():
    levels = [next_step(people, 100_000).clearness for people in (0, 100, 500, 1_000, 5_000, 50_000)]
    assert levels == sorted(levels)
    assert (levels[0], levels[1]) == (0, 1)
    assert levels[-1] < MAX_CLEARNESS
    assert next_step(100_000, 100_000).clearness == MAX_CLEARNESS
