"""Single steps of the worker's timetable."""

from pledge.worker.loop import measured, timetable


def run_step(app, name):
    """Run a step once, measured as the worker does it; returns how many seconds it would rest then."""
    config = app.extensions["pledge.config"]
    (step,) = [step for step in timetable(config, lambda: False) if step.name == name]
    return measured(name, step)
