"""How a moment is written for programs."""

from datetime import UTC, datetime, timedelta

import pytest

from pledge.core.clock import from_iso_utc, iso_utc
from pledge.core.i18n import SEOUL


def test_a_moment_of_any_zone_is_written_in_utc_to_the_second():
    assert iso_utc(datetime(2026, 11, 26, 19, 30, 5, 999_999, SEOUL)) == "2026-11-26T10:30:05Z"


def test_what_was_written_is_read_back():
    moment = datetime(2026, 11, 26, 10, 30, 5, tzinfo=UTC)
    assert from_iso_utc(iso_utc(moment)) == moment
    assert from_iso_utc(iso_utc(moment)).utcoffset() == timedelta()


@pytest.mark.parametrize(
    "text", ["", "2026-11-26", "2026-11-26T10:30:05", "2026-11-26T10:30:05+00:00", "2026-13-01T00:00:00Z"]
)
def test_a_moment_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match="time data"):
        from_iso_utc(text)
