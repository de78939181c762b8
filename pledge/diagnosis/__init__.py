"""Checks of this installation: for `flask doctor`, for /readyz, and for the start of a production process. Here: what a check finds.

The start imports `start` alone; the modules of the doctor are imported by the doctor.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    OK = "ok"
    WARNING = "warning"  #: works, but look at it
    PROBLEM = "problem"  #: must be put right


@dataclass(frozen=True)
class Finding:
    level: Severity
    subject: str
    text: str  #: what was found and, unless all is well, what to do


def ok(subject: str, text: str) -> Finding:
    return Finding(Severity.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    return Finding(Severity.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    return Finding(Severity.PROBLEM, subject, text)
