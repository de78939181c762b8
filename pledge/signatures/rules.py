"""What a name may be. The form asks here for the shape, the service asks again for the meaning."""

from pledge.lines import clean_line

LONGEST_NAME = 80


def clean_name(text: str) -> str:
    """A name as it will be kept: 1–80 characters. Raises BadLine."""
    return clean_line(text, LONGEST_NAME)
