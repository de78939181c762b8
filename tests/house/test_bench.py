"""The bench, which no run of the tests starts."""

from importlib import import_module

import pytest

from bench import sizing
from config import ROOT


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "bench").glob("*.py")))
def test_a_module_of_the_bench_finds_all_that_it_imports(name, monkeypatch):
    monkeypatch.setenv("YARDSTICK_DATABASE_URL", "sqlite://")
    monkeypatch.setenv("YARDSTICK_REDIS_URL", "memory://")
    import_module(f"bench.{name}")


def test_the_page_about_sizes_follows_from_the_measured_figures():
    page = sizing.PAGE.read_text("utf-8")
    assert all(f"<!-- sizing: {name} -->" in page for name in sizing.BLOCKS)
    assert sizing.filled_in(page) == page, "python -m bench.sizing"
