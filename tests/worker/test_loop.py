"""What a step of the worker may do without ending it."""

from structlog.testing import capture_logs

from pledge.delivery import announcing
from pledge.mail import queries as outbox
from pledge.worker.loop import BETWEEN_BATCHES, IDLE_NEWS, LONGEST_WITHOUT_DATABASE, Pauses, Worker
from tests.support import deliveries
from tests.support.factories import crowd


def test_a_step_that_fails_is_tried_again(app):
    worker = Worker(app)
    calls = []

    def step():
        calls.append(len(calls))
        if len(calls) == 1:
            raise ZeroDivisionError("hong@example.org")
        worker.stopping.set()
        return 0.0

    with capture_logs() as lines:
        worker.repeat("fold", step)

    assert calls == [0, 1]
    assert [line["event"] for line in lines] == ["worker: step failed", "worker: working again"]


def test_pauses_grow_to_their_limit_and_begin_anew():
    pauses = Pauses(LONGEST_WITHOUT_DATABASE)

    grown = [pauses.next() for _ in range(30)]
    assert grown[:3] == [0.5, 1.0, 2.0]
    assert grown[-1] == LONGEST_WITHOUT_DATABASE
    pauses.reset()
    assert pauses.next() == 0.5


def test_the_news_of_a_delivery_goes_at_the_pace_of_the_settings(make_app):
    app = make_app(news_pace=60)
    with app.app_context():
        crowd(100, updates=True)
        deliveries.announced()
        worker = Worker(app)
        assert worker.announce() == BETWEEN_BATCHES
        assert worker.announce() == IDLE_NEWS
        assert outbox.outbox().later == announcing.AHEAD.seconds
