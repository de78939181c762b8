"""Checks of this installation: for `flask doctor`, /readyz and the start in production. This module: the findings.

The start imports `start` alone; the other modules are imported by the doctor.
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
    text: str  #: the result and, unless all is well, what to do


def ok(subject: str, text: str) -> Finding:
    return Finding(Severity.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    return Finding(Severity.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    return Finding(Severity.PROBLEM, subject, text)


def advice(config: Config, subject: str, fault: str, remedy: str) -> Finding:
    """A warning in production; fine on a development machine."""
    return warning(subject, f"{fault}; {remedy}") if config.is_production else ok(subject, fault)
