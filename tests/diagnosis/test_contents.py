"""What the doctor says of keys and campaigns."""

from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from config import Config
from pledge.core.db import db, transaction
from pledge.diagnosis import Severity, contents, state
from pledge.diagnosis.state import readiness
from tests.support import factories, ledger
from tests.support.insider import as_superuser
from tests.support.mails import Notes, deliver
from tests.support.production import PRODUCTION
from tools.demo.fill import SampleState, mark_sample_data

OLD, NEW = SecretStr("o" * 40), SecretStr("n" * 40)


def findings(results) -> list[tuple[Severity, str]]:
    return [(finding.level, finding.text) for finding in results]


def change(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement))


def test_the_keys_that_sealed_what_is_stored_are_in_order(app):
    assert findings(contents.key_findings()) == [(Severity.OK, "nothing is stored yet")]
    factories.signature()
    assert [level for level, _ in findings(contents.key_findings())] == [Severity.OK, Severity.OK]


def test_a_missing_data_key_is_a_problem(app, make_app):
    factories.signature()
    with make_app(data_keys=(NEW,)).app_context():
        results = findings(contents.key_findings())
    assert [level for level, _ in results] == [Severity.PROBLEM, Severity.PROBLEM]
    assert "PLEDGE_DATA_KEYS" in results[0][1]
    assert NEW.get_secret_value() not in results[0][1]


def test_a_key_that_is_missing_for_the_oldest_signature_only_is_noticed(make_app, clock):
    with make_app(data_keys=(OLD,)).app_context():
        factories.signature(at=clock.now() - timedelta(days=300))
    with make_app(data_keys=(NEW,)).app_context():
        factories.signature()
        results = findings(contents.key_findings())
    assert [level for level, _ in results] == [Severity.OK, Severity.PROBLEM]


def test_a_new_key_put_first_is_in_order_and_put_last_it_is_a_problem(make_app):
    with make_app(data_keys=(OLD,)).app_context():
        factories.signature()
    with make_app(data_keys=(NEW, OLD)).app_context():
        assert {level for level, _ in findings(contents.key_findings())} == {Severity.OK}
    with make_app(data_keys=(OLD, NEW)).app_context():
        level, text = findings(contents.key_findings())[0]
    assert level is Severity.PROBLEM
    assert "one person could sign twice" in text


def test_a_complete_campaign_is_in_order_and_none_is_a_warning(app):
    assert findings(contents.campaign_findings())[0][0] is Severity.WARNING
    factories.campaign()
    assert findings(contents.campaign_findings()) == [(Severity.OK, "blue-skies is complete in ko and en")]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            'UPDATE campaigns SET title = \'{"ko": "x"}\', recipient = \'{"ko": "x"}\'',
            "texts: title_en, texts: recipient_en",
        ),
        ('UPDATE campaigns SET body = \'{"ko": " ", "en": "x"}\'', "texts: body_ko"),
        ("DELETE FROM pledge_texts", "pledge: wording_ko, pledge: wording_en"),
        (
            'UPDATE pledge_texts SET wording = \'{"ko": "x", "en": "y"}\'',
            "the pledge text 1 that people signed: its wording was changed",
        ),
        ('UPDATE partners SET name = \'{"ko": "x"}\' WHERE position = 1', "partners: {partner} in en"),
    ],
)
def test_what_a_campaign_lacks_is_named(app, statement, message):
    partner = factories.campaign().partners[1].id
    change(statement)
    lacks = f"blue-skies lacks {message.format(partner=partner)}"
    assert findings(contents.campaign_findings()) == [(Severity.PROBLEM, lacks)]


def test_an_unfinished_draft_is_only_a_warning(app):
    factories.campaign(state="draft")
    change("UPDATE campaigns SET title = '{}'")
    assert findings(contents.campaign_findings())[0][0] is Severity.WARNING


def test_entries_that_nothing_stands_behind_are_a_problem(app):
    factories.signature()
    factories.fold_all()
    assert findings(contents.ledger_findings()) == [
        (Severity.OK, "signatures, the wall and the batches on paper agree with the ledger"),
    ]
    factories.plant_entry()
    factories.fold_all()
    (level, message), _ = findings(contents.ledger_findings())
    assert level is Severity.PROBLEM
    assert message.startswith("1 entries of blue-skies are set aside")
    assert "flask ledger verify blue-skies" in message


def test_a_count_that_the_signatures_do_not_bear_out_is_a_problem(app):
    factories.signatures(2)
    factories.fold_all()
    change("UPDATE signatures SET country = 'JP', region = NULL")
    assert findings(contents.ledger_findings()) == [
        (
            Severity.PROBLEM,
            "blue-skies: the confirmed signatures and the ledger differ in 2 countries or regions: see `flask ledger recount`",
        )
    ]


def test_sample_data_are_a_problem_in_production_alone(app):
    config = app.extensions["pledge.config"]
    assert findings(contents.sample_findings(config)) == []
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLED)
    assert [level for level, _ in findings(contents.sample_findings(config))] == [Severity.OK]
    real = Config(**PRODUCTION, instance_dir=config.instance_dir)
    assert [level for level, _ in findings(contents.sample_findings(real))] == [Severity.PROBLEM]


def test_the_hourly_comparison_is_told_until_what_differs_is_put_right(app):
    factories.staff("admin", email="admin@example.org")
    factories.signatures(2)
    factories.fold_all()
    assert contents.compare() == 0
    as_superuser("UPDATE ledger_heads SET people = people + 1000")
    assert contents.compare() == 1
    message = (
        "blue-skies: the head said 2 entries, 1002 people and 0 organizations, the entries say 2, 2 and 0"
    )
    assert readiness().warnings == [f"{message}: see `flask ledger recount` and `flask doctor`"]
    assert {figure.name: figure.value for figure in state.figures()}["ledger_differences"] == {
        ("blue-skies",): 1
    }
    notes = Notes()
    deliver(notes)
    assert notes.recipients == ["admin@example.org"]
    ledger.recount()
    assert contents.compare() == 0
    assert readiness().warnings == []
    change('UPDATE pledge_texts SET wording = \'{"ko": "x", "en": "y"}\'')
    assert contents.compare() == 1
    message = "blue-skies: the pledge text 1 that people signed: its wording was changed"
    assert readiness().warnings == [f"{message}: see `flask ledger recount` and `flask doctor`"]
