"""Staff hear of a step that a campaign reaches while it is watched."""

from sqlalchemy import select

from pledge.abuse.models import Alert
from pledge.core.db import db
from pledge.statistics.steps import StepWatch
from tests.support import factories
from tests.support.factories import crowd, fold_all


def told():
    db.session.rollback()
    return [(row.about, row.facts["people"]) for row in db.session.scalars(select(Alert).order_by(Alert.id))]


def look(watch, people):
    """Let so many more people be counted, and look."""
    crowd(people)
    fold_all()
    watch.look()


def test_a_step_is_told_when_it_is_reached_and_once_by_all_workers(app):
    factories.campaign(goal=1000, goal_steps=[10, 20, 50])
    watch, another = StepWatch(), StepWatch()
    look(watch, 9)
    another.look()
    assert told() == []
    look(watch, 2)
    another.look()
    assert told() == [("blue-skies 10", 11)]
    look(watch, 5)
    assert len(told()) == 1
    look(watch, 40)
    assert told()[1:] == [("blue-skies 50", 56)], "of two at once the larger one"


def test_a_step_from_before_the_watch_began_is_not_told(app):
    factories.campaign(goal=1000, goal_steps=[10])
    look(StepWatch(), 30)
    assert told() == []


def test_a_closed_campaign_is_not_watched(app):
    factories.campaign(goal=1000, goal_steps=[10], state="closed")
    watch = StepWatch()
    look(watch, 5)
    look(watch, 20)
    assert told() == []
