"""What a check found. No text of a finding holds a secret, an address or a name of a person."""

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
    text: str  #: what is so and, unless all is well, what to do


def ok(subject: str, text: str) -> Finding:
    return Finding(Severity.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    return Finding(Severity.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    return Finding(Severity.PROBLEM, subject, text)
