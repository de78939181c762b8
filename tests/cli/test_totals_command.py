"""`flask totals` as staff meet it."""

import pytest

from tests.support import ledger
from tests.support.ledger import fold


@pytest.fixture(autouse=True)
def campaign(app) -> None:
    campaign = ledger.campaign("blue-skies")
    for _ in range(6):
        ledger.confirm(campaign, region="KR-11")
    fold()


def test_csv_is_written_to_the_screen_unless_asked_otherwise(runner):
    result = runner.invoke(args=["totals", "blue-skies"])
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(b"\xef\xbb\xbf")
    assert '"total","people","서명한 사람","People",6' in result.stdout


def test_a_file_may_be_in_one_language(runner):
    result = runner.invoke(args=["totals", "blue-skies", "--lang", "ko"])
    assert '"total","people","서명한 사람",6' in result.stdout


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_a_file_holds_what_the_screen_would_show(runner, tmp_path, frozen_clock, form):
    file = tmp_path / f"totals.{form}"
    shown = runner.invoke(args=["totals", "blue-skies", "--format", form]).stdout_bytes

    result = runner.invoke(args=["totals", "blue-skies", "--format", form, "--out", str(file)])

    assert (result.exit_code, result.stdout_bytes) == (0, b"")
    assert result.stderr.startswith("6 people as of ")
    assert file.read_bytes() == shown or form == "xlsx"
    assert file.read_bytes()[:4] == shown[:4]


def test_an_unknown_campaign_is_refused_and_the_known_ones_are_named(runner, tmp_path):
    file = tmp_path / "totals.csv"
    result = runner.invoke(args=["totals", "blue-sky", "--out", str(file)])
    assert result.exit_code == 2
    assert "there is no campaign 'blue-sky'; known: blue-skies" in result.stderr
    assert not file.exists()


def test_an_export_that_cannot_be_finished_leaves_no_file(runner, tmp_path, monkeypatch):
    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pledge.cli.campaigns.write_export", fill)
    result = runner.invoke(args=["export", "blue-skies", "ledger", "--out", str(tmp_path / "rows.zip")])
    assert (result.exit_code, "No space left" in result.output, [*tmp_path.iterdir()]) == (1, True, [])
