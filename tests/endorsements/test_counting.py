"""The wall and the ledger must tell the same; `flask ledger recount` and the doctor say when they do not."""

import pytest

from pledge.diagnosis.contents import ledger_findings
from pledge.ledger.counting import Mismatch
from pledge.ledger.models import Kind
from pledge.statistics.integrity import mismatches
from tests.support.factories import campaign, endorsement, fold_all, signatures
from tests.support.insider import as_superuser


@pytest.fixture
def blue(app):
    return campaign()


def test_in_all_states_the_wall_and_the_ledger_agree(blue, runner):
    for state in ("pending", "review", "changes", "published", "declined", "withdrawn", "removed"):
        endorsement(state=state)
    signatures(3)
    fold_all()
    assert mismatches() == []
    runner.run("ledger", "recount")
    assert [finding.level.value for finding in ledger_findings()] == ["ok"]


def test_an_organisation_that_is_not_counted_is_named(blue, runner):
    row = endorsement()
    as_superuser("DELETE FROM ledger_entries WHERE subject_id = :id", id=row.id)
    assert mismatches() == [Mismatch(blue.id, Kind.ORGANIZATION, recorded=1, counted=0, places=1)]
    result = runner.run("ledger", "recount", code=1)
    assert "blue-skies: 1 organizations are published, the ledger adds up to 0; not repaired" in result
    assert [finding.level.value for finding in ledger_findings()] == ["problem"]
