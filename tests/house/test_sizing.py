"""docs/sizing.md says what follows from the figures of the last replay."""

from bench import sizing


def test_the_page_about_sizes_follows_from_the_measured_figures():
    page = sizing.PAGE.read_text("utf-8")
    assert all(f"<!-- sizing: {name} -->" in page for name in sizing.BLOCKS)
    assert sizing.filled_in(page) == page, "python -m bench.sizing"
