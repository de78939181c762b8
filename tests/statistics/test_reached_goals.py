"""Staff hear of a step that a campaign reaches, once, whichever worker sees it and whenever it was started."""

from sqlalchemy import select

from pledge.abuse.models import Alert
from pledge.campaigns import moderation, staff_queries
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import stamp
from pledge.core.db import db, load
from pledge.statistics.dashboard import alert_reached_goals
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.factories import EDITOR, crowd, fold_all


def recorded_alerts():
    return [(row.about, row.facts["people"]) for row in load(select(Alert).order_by(Alert.id))]


def count_and_alert(people=0):
    """Let so many more people be counted, and alert."""
    if people:
        crowd(people)
    fold_all()
    alert_reached_goals()


def test_a_step_is_told_when_it_is_reached_and_once(app):
    factories.campaign(goal=1000, goal_steps=[10, 20, 50])
    count_and_alert(9)
    assert recorded_alerts() == []
    count_and_alert(2)
    assert recorded_alerts() == [("blue-skies 10", 11)]
    count_and_alert(5)
    assert len(recorded_alerts()) == 1
    count_and_alert(40)
    assert recorded_alerts()[1:] == [("blue-skies 50", 56)], "of two at once the larger one"


def test_of_several_workers_that_look_at_once_one_tells(app):
    factories.campaign(goal=1000, goal_steps=[10])
    count_and_alert()
    crowd(12)
    fold_all()
    at_once(app, *[alert_reached_goals] * 4)
    assert recorded_alerts() == [("blue-skies 10", 12)]


def test_a_step_from_before_the_first_look_is_not_told(app):
    factories.campaign(goal=1000, goal_steps=[10, 40])
    count_and_alert(30)
    assert recorded_alerts() == []
    count_and_alert(10)
    assert recorded_alerts() == [("blue-skies 40", 40)]


def test_a_step_is_not_told_again_once_its_alert_is_deleted(app):
    factories.campaign(goal=1000, goal_steps=[10])
    count_and_alert()
    count_and_alert(10)
    db.session.query(Alert).delete()
    db.session.commit()
    count_and_alert(1)
    assert recorded_alerts() == []
    assert db.session.scalars(select(Campaign.alerted_step)).one() == 10


def test_a_closed_campaign_is_not_watched(app):
    factories.campaign(goal=1000, goal_steps=[10], state="closed")
    count_and_alert(5)
    count_and_alert(20)
    assert recorded_alerts() == []


def test_a_step_that_staff_set_below_the_count_is_not_told(app):
    factories.campaign(goal=1000, goal_steps=[10, 40])
    count_and_alert(30)
    stored = staff_queries.desk("blue-skies").schedule
    moderation.edit_schedule(EDITOR, "blue-skies", stamp(stored), **{**stored, "goal_steps": [10, 20, 40]})
    count_and_alert()
    assert recorded_alerts() == []
    count_and_alert(10)
    assert recorded_alerts() == [("blue-skies 40", 40)]
