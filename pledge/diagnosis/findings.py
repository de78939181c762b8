"""The result of a check. No text of a finding contains a secret, an address or a person's name."""

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
