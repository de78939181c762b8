"""What a step of the worker may do without ending it."""

from structlog.testing import capture_logs

from pledge.worker.loop import LONGEST_WITHOUT_DATABASE, Pauses, Worker


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
