"""The story of a campaign: what is before it, the nearest first, and what is behind it, the newest first."""

import re
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from pledge.campaigns import queries
from pledge.core.languages import Texts
from pledge.deliveries import services
from pledge.files import services as files
from pledge.statistics.history import days_reached
from pledge.timeline.queries import timeline
from tests.support import deliveries, factories, news
from tests.support.factories import BORA, SLUG, crowd, fold_all
from tests.support.pictures import PDF

pytestmark = pytest.mark.usefixtures("app")

SENTENCES = Texts(ko="20명: 공개 질의합니다", en="20: We ask in public\n1,000: We hand it over\n")
START = datetime(2027, 1, 4, 3, tzinfo=UTC)


def set_clock(frozen_clock, moment):
    frozen_clock.move(seconds=(moment - frozen_clock.now()).total_seconds())


def shown(people, lang="en"):
    campaign = queries.find(SLUG, lang)
    story = timeline(campaign, people)
    return [
        [(entry.kind, entry.day and entry.day.isoformat(), entry.step) for entry in part]
        for part in (story.ahead, story.past)
    ]


def test_the_story_has_everything_by_its_day(frozen_clock):
    set_clock(frozen_clock, START)
    dates = {"opens_at": START, "closes_at": datetime(2027, 2, 1, 15, tzinfo=UTC)}
    factories.campaign(goal=1000, goal_steps=[5, 10, 20, 50], step_sentences=SENTENCES, **dates)
    crowd(12, at=START)
    frozen_clock.move(days=2)
    news.begun()
    frozen_clock.move(days=1)
    deliveries.handed_over(answer_due=date(2027, 1, 20))
    deliveries.answered()
    fold_all()
    assert shown(12) == [
        [
            ("step", None, 20),
            ("answer_due", "2027-01-20", 0),
            ("closing", "2027-02-01", 0),
            ("step", None, 1000),
        ],
        [
            ("answered", "2027-01-07", 0),
            ("handed_over", "2027-01-07", 0),
            ("handed_over", "2027-01-07", 0),
            ("news", "2027-01-06", 0),
            ("step", "2027-01-04", 10),
            ("step", "2027-01-04", 5),
            ("opening", "2027-01-04", 0),
        ],
    ]
    assert [entry.sentence for entry in timeline(queries.find(SLUG, "en"), 12).ahead] == [
        *("We ask in public", "", "", "We hand it over")
    ]


def test_an_overdue_answer_stays_the_newest_of_what_was(frozen_clock):
    set_clock(frozen_clock, START)
    factories.campaign(goal=10, closes_at=START + timedelta(days=5))
    crowd(1, at=START)
    deliveries.handed_over(answer_due=date(2027, 1, 6))
    frozen_clock.move(days=6)
    assert shown(1) == [
        [],
        [("answer_due", "2027-01-06", 0), ("closing", "2027-01-09", 0), ("handed_over", "2027-01-04", 0)],
    ]


@pytest.mark.parametrize(("lang", "late"), [("ko", "답변 없음, 기한 %s일 지남"), ("en", "No answer, %s day")])
def test_silence_is_called_silence_from_the_korean_day_after_the_last_one(client, frozen_clock, lang, late):
    set_clock(frozen_clock, START)
    factories.campaign()
    crowd(1, at=START)
    deliveries.handed_over(answer_due=date(2027, 1, 6))

    def lateness():
        (delivery,) = client.get(f"/api/v1/campaigns/{SLUG}/activity").json["deliveries"]
        assert delivery["answer_due"] == "2027-01-06"
        days = delivery["days_late"]
        return days, client.get(f"/{lang}/c/{SLUG}").text.count(late % days)

    set_clock(frozen_clock, datetime(2027, 1, 6, 14, 59, tzinfo=UTC))  # one minute to midnight in Seoul
    assert lateness() == (0, 0)
    frozen_clock.move(minutes=1)
    assert lateness() == (1, 2), "where it was handed over, and by its last day"
    frozen_clock.move(days=1)
    assert lateness() == (2, 2)


def test_an_answer_that_came_late_is_not_late_any_more(frozen_clock):
    set_clock(frozen_clock, START)
    factories.campaign()
    crowd(1, at=START)
    number = deliveries.handed_over(answer_due=date(2027, 1, 6))
    frozen_clock.move(days=9)
    assert deliveries.row(number).days_late == 7
    deliveries.answer(number)
    assert deliveries.row(number).days_late == 0


def test_before_the_opening_everything_is_ahead(frozen_clock):
    set_clock(frozen_clock, START)
    factories.campaign(goal=10, goal_steps=[5], opens_at=START + timedelta(days=1))
    assert shown(0) == [[("opening", "2027-01-05", 0), ("step", None, 5), ("step", None, 10)], []]


def test_the_next_step_is_named_once_also_where_the_further_ones_are_folded(client):
    factories.campaign(goal=1000, goal_steps=[10, 20, 50], step_sentences=SENTENCES)
    page = client.get(f"/en/c/{SLUG}").text
    assert (page.count(">Next step<"), page.count(">Further step<")) == (1, 2)


def test_a_step_is_reached_on_the_korean_day_on_which_the_count_first_came_there(frozen_clock):
    set_clock(frozen_clock, START)
    campaign = factories.campaign()
    crowd(9, at=START)
    crowd(1, at=START + timedelta(hours=13))  # after midnight in Seoul
    crowd(30, at=START + timedelta(days=3))
    fold_all()
    assert days_reached(campaign.id, [9, 10, 40, 41]) == {
        9: date(2027, 1, 4),
        10: date(2027, 1, 5),
        40: date(2027, 1, 7),
    }


def test_an_answer_that_was_corrected_is_told_with_what_it_said_before(client):
    factories.campaign()
    crowd(1)
    number = deliveries.answered(ko="2045년까지 하겠습니다.", en="We will, by 2045.")
    for _again in range(2):  # the second one corrects no word
        deliveries.correct(number, "2050년까지 하겠습니다.", "We will, by 2050.")
    fold_all()

    page = client.get(f"/en/c/{SLUG}").text
    assert (
        page.index("We will, by 2050.")
        < page.index("Until it was corrected")
        < page.index("We will, by 2045.")
    )
    assert (page.count("We will, by 2050."), page.count("We will, by 2045.")) == (1, 1)
    assert "2045년까지 하겠습니다." in client.get(f"/ko/c/{SLUG}").text


def test_the_document_of_an_answer_that_was_corrected_is_linked_from_its_former_words(client):
    factories.campaign()
    crowd(1)
    number, hashes = deliveries.handed_over(), []
    for year in (2045, 2050):
        content = PDF + b"\n%% " + str(year).encode() + b"\n%%EOF\n"
        hashes.append(sha256(content).hexdigest())
        document = files.store_document(content, "application/pdf")
        words = f"{year}년까지 하겠습니다.", f"We will, by {year}."
        services.publish_answer(
            BORA, number, deliveries.proposed(number, *words, "a slip", document=document)
        )
    fold_all()
    files.sweep()

    former = client.get(f"/en/c/{SLUG}").text.partition("Until it was corrected")[2]
    link = re.search(r'href="(/files/[^"]+\.pdf)"', former)[1]
    assert sha256(client.get(link).data).hexdigest() == hashes[0]
    assert former.count(hashes[0]) == 1
    assert hashes[1] not in former
