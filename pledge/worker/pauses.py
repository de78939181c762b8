"""Growing pauses while the database or the mail server is away."""

from dataclasses import dataclass

#: Seconds of the first one.
FIRST_PAUSE = 0.5


@dataclass
class Pauses:
    """Growing pauses while something is unreachable."""

    max_pause: float
    used: int = 0

    def next(self) -> float:
        self.used += 1
        return min(FIRST_PAUSE * 2.0 ** min(self.used - 1, 10), self.max_pause)

    def reset(self) -> None:
        self.used = 0
