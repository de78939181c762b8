"""What monitoring hears of a step of the worker."""

from collections.abc import Callable

from pledge.core import clock, metrics, tracing


def measured(name: str, step: Callable[[], float]) -> float:
    """Run a step in a span of its own, and note for monitoring when it succeeded and how long it took."""
    began = clock.monotonic()
    with tracing.step(name):
        rest = step()
    metrics.step_seconds.labels(name).observe(clock.monotonic() - began)
    metrics.step_succeeded.labels(name).set(clock.now().timestamp())
    return rest
