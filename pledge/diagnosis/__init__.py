"""Checks of this installation: for `flask doctor`, for /readyz, and for the start of a production process. Here: what a check finds.

The start imports `start` alone; the modules of the doctor are imported by the doctor.
"""

from dataclasses import dataclass
from enum import StrEnum

from config import Config


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


def advice(config: Config, subject: str, fault: str, remedy: str) -> Finding:
    """What is fine on a development machine, and in production a warning that says what to do."""
    return warning(subject, f"{fault}; {remedy}") if config.is_production else ok(subject, fault)
