"""Captions of a video: checking WebVTT as staff enter it, and reading its words (W3C WebVTT, section 4.1)."""

import html
import re

_MOMENT = r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"
_TIMING = re.compile(rf"{_MOMENT}[ \t]+-->[ \t]+{_MOMENT}(?:[ \t].*)?")
_TAG = re.compile(r"<[^>]*>")


class BadCaptions(ValueError):
    """Not WebVTT, or a line with times that browsers would skip."""


def check(text: str) -> None:
    """Raises BadCaptions unless every browser shows all of it: the first line, and times that are written correctly."""
    first, _, rest = text.partition("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", first):
        raise BadCaptions
    times = [line for line in rest.split("\n") if "-->" in line]
    if not times or not all(map(_TIMING.fullmatch, times)):
        raise BadCaptions


def words(text: str) -> list[str]:
    """What is said or shown, one line for each caption, without markup: for people who read instead of watching."""
    found = []
    for block in re.split(r"\n{2,}", text):
        lines = block.split("\n")
        timed = next((number for number, line in enumerate(lines) if "-->" in line), None)
        if timed is not None:
            found.append(html.unescape(_TAG.sub("", " ".join(lines[timed + 1 :]))).strip())
    return [line for line in found if line]
