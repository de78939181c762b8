"""The steps on the way to a goal: 100, 500, 1,000, 2,000, 5,000 and so on, up to the goal and beyond.

Staff may set other steps for a campaign; the goal is always the last of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, takewhile

from pledge.campaigns.rules import Checker, FieldFault
from pledge.core.languages import Texts

MAX_STEPS = 30
#: What a group may set itself (Partner.group_goal, Endorsement.group_goal).
GROUP_GOALS = range(10, 1_000_001)
MAX_SENTENCE = 200
#: How far the sky of a page can clear, in levels.
MAX_CLEARNESS = 5

#: A line about a step: `10,000: We ask the Ministry in public`, `10,000명: 환경부에 공개 질의합니다`.
_ABOUT_STEP = re.compile(r"([0-9][0-9,]{0,12})[^:：\d]{0,10}[:：]\s*(\S.*)")


@dataclass(frozen=True)
class GoalStep:
    """The next step of a campaign, seen from a number of people."""

    people: int
    target: int  #: the next step; always more than `people`
    goal: int
    passed: int  #: steps that are behind, in all
    ahead: int  #: steps from here to the goal; 0 once it is reached

    @property
    def remaining(self) -> int:
        """People still missing for the next step; at least 1."""
        return self.target - self.people

    @property
    def is_goal(self) -> bool:
        """Whether the next step is the goal itself."""
        return self.target == self.goal

    @property
    def is_goal_reached(self) -> bool:
        return self.ahead == 0

    @property
    def clearness(self) -> int:
        """0 (nothing reached) to MAX_CLEARNESS (the goal): how clear the sky of the page is. Each of the first steps shows."""
        if self.is_goal_reached:
            return MAX_CLEARNESS
        return -(-self.passed * (MAX_CLEARNESS - 1) // (self.passed + self.ahead))


def next_step(people: int, goal: int, own: Sequence[int] = ()) -> GoalStep:
    """Progress of a campaign at this number of people. `own`: steps set by staff; empty: the usual ones."""
    people = max(0, people)
    passed = sum(1 for _ in takewhile(lambda step: step <= people, steps_of(goal, own)))
    to_goal = sum(1 for _ in takewhile(lambda step: step <= goal, steps_of(goal, own)))
    target = next(step for step in steps_of(goal, own) if step > people)
    return GoalStep(people, target, goal, passed, max(0, to_goal - passed))


def steps_of(goal: int, own: Sequence[int] = ()) -> Iterator[int]:
    """All steps of a campaign, rising without end: those before the goal, the goal, and the usual ones after it."""
    yield from own or takewhile(lambda step: step < goal, _usual())
    yield goal
    yield from (step for step in _usual() if step > goal)


def check_steps(check: Checker, goal: int, own: Sequence[int]) -> None:
    """Note a fault of `goal_steps` unless these are at most MAX_STEPS numbers that rise from 1 and stay below the goal."""
    rising = all(before < after for before, after in pairwise([0, *own, goal]))
    if own and (len(own) > MAX_STEPS or not rising):
        check.add("goal_steps", FieldFault.STEPS)


def check_group_goal(check: Checker, goal: int | None) -> None:
    """Note a fault of `group_goal`; a group may have none."""
    if goal is not None and goal not in GROUP_GOALS:
        check.add("group_goal", FieldFault.GROUP_GOAL)


def sentences(text: str) -> dict[int, str]:
    """What is done at each step, by the number of people, from one language of `Campaign.step_sentences`."""
    matches = filter(None, map(_ABOUT_STEP.fullmatch, text.splitlines()))
    return {int(line[1].replace(",", "")): line[2].strip() for line in matches}


def check_sentences(check: Checker, goal: int, own: Sequence[int], given: Mapping[str, str]) -> Texts:
    """The sentences as they are kept; notes a fault unless each line is about a step up to the goal, of which none has two."""
    kept = check.texts("step_sentences", given)
    steps = set(takewhile(lambda step: step <= goal, steps_of(goal, own)))
    for lang, text in kept.items():
        by_step = sentences(text)
        lines = [line for line in text.splitlines() if line.strip()]
        is_long = any(len(sentence) > MAX_SENTENCE for sentence in by_step.values())
        if len(by_step) < len(lines) or is_long or not steps.issuperset(by_step):
            check.add(f"step_sentences_{lang}", FieldFault.STEP_SENTENCES)
    return kept


def _usual() -> Iterator[int]:
    """100, 500, 1,000, 2,000, 5,000, 10,000, …"""
    yield from (100, 500)
    yield from (step * 10**power for power in count(3) for step in (1, 2, 5))
