"""/healthz says that the process lives, /readyz that people can sign and be counted."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

import pledge.core.clock
from pledge.core.db import db, snapshots
from pledge.diagnosis import doctor
from pledge.diagnosis import state as diagnosis
from pledge.mail.models import MailKind
from tests.support import factories
from tests.support.factories import fold
from tests.support.mails import enqueue


@pytest.fixture
def nowhere(app_on):
    """An application whose database cannot be reached."""
    return app_on("postgresql://nobody@127.0.0.1:1/nothing")


def test_a_process_that_serves_is_alive(client, statements):
    with statements() as seen:
        response = client.get("/healthz")
    assert (response.status_code, response.text, response.mimetype) == (200, "ok\n", "text/plain")
    assert seen == [], "it asks no database"


READY = {
    "ready": True,
    "database": "ok",
    "outbox_age_seconds": 0.0,
    "fold_lag_seconds": 0.0,
    "problems": [],
    "warnings": [],
    "paused": [],
    "valve_closed": False,
    "breaker_open": False,
}


def test_an_idle_site_is_ready(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (200, READY)
    assert response.headers["Cache-Control"] == "no-store"


def test_a_request_that_nobody_answers_makes_the_mails_overdue(client, frozen_clock):
    """A worker that is gone enqueues no mail that could be overdue."""
    factories.campaign()
    client.post("/ko/c/blue-skies/sign", data=factories.sign_form())
    frozen_clock.move(minutes=11)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json["outbox_age_seconds"] == 11 * 60


def test_a_site_without_its_database_is_not_ready_and_says_so(nowhere):
    response = nowhere.test_client().get("/readyz")
    assert response.status_code == 503
    unknown = dict.fromkeys(("outbox_age_seconds", "fold_lag_seconds"))
    assert response.json == READY | unknown | {
        "ready": False,
        "database": "unreachable",
        "problems": ["the database does not answer: OperationalError Connection refused"],
    }


def test_a_site_whose_database_is_empty_is_not_ready(app_on, tmp_path):
    app = app_on(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.json["database"]) == (503, "refused")
    assert "run `flask db upgrade`" in response.json["problems"][0]


@pytest.mark.postgresql_only
def test_a_site_without_a_right_says_which_and_so_does_the_doctor(new_database, app_on, postgres_server):
    url = make_url(new_database("postgresql", "grants"))
    postgres_server.execute("CREATE ROLE without_rights LOGIN")
    try:
        app = app_on(str(url.set(username="without_rights")))
        response = app.test_client().get("/readyz")
        assert (response.status_code, response.json["database"]) == (503, "refused")
        assert "permission denied for table" in response.json["problems"][0]
        with app.app_context():
            findings = [finding.text for finding in doctor.diagnose_stored()]
        assert any("42501 permission denied for table" in text for text in findings)
    finally:
        postgres_server.execute("DROP ROLE without_rights")


@pytest.mark.parametrize(("minutes", "status"), [(9, 200), (10, 503)])
def test_a_mail_that_waits_ten_minutes_is_an_alarm(client, frozen_clock, minutes, status):
    enqueue()
    frozen_clock.move(minutes=minutes)
    response = client.get("/readyz")
    assert response.status_code == status
    assert response.json["outbox_age_seconds"] == minutes * 60
    assert len(response.json["problems"]) == (status == 503)


@pytest.mark.parametrize(("hours", "warnings"), [(3, 0), (4, 1)])
@pytest.mark.parametrize("kind", [MailKind.THANKS, MailKind.NEWS])
def test_thanks_and_news_that_wait_for_other_mails_are_no_alarm_but_after_hours_a_warning(
    client, frozen_clock, kind, hours, warnings
):
    enqueue(kind=kind)
    frozen_clock.move(hours=hours)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json["outbox_age_seconds"] == 0
    assert len(response.json["warnings"]) == warnings


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 503)])
def test_an_entry_that_waits_a_minute_for_the_fold_is_an_alarm(client, frozen_clock, seconds, status):
    factories.signature(at=frozen_clock.now())
    frozen_clock.move(seconds=seconds)
    response = client.get("/readyz")
    assert response.status_code == status
    assert response.json["fold_lag_seconds"] == seconds

    fold()
    assert client.get("/readyz").status_code == 200


def test_entries_that_nothing_stands_behind_are_named_though_people_can_sign(client):
    factories.signature()
    factories.plant_entry()
    fold()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json["warnings"] == [
        "1 entries of the log of blue-skies are set aside: see `flask ledger verify`"
    ]


@pytest.mark.postgresql_only
@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_clock_that_is_not_the_databases_is_an_alarm(client, monkeypatch, seconds):
    """A stopped one too, some seconds later."""
    wrong = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr(pledge.core.clock, "machine_time", lambda: wrong)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "clock is 6" in response.json["problems"][0] or "clock is 5" in response.json["problems"][0]


@pytest.mark.postgresql_only
def test_a_database_without_room_is_an_alarm_though_it_can_be_read(app, client, postgres_server):
    """As on a full disk: what does not fit into memory finds no room beside the tables."""
    name = db.session.execute(text("SELECT current_database()")).scalar_one()
    db.session.remove()
    postgres_server.execute(f"ALTER DATABASE \"{name}\" SET temp_file_limit = '64kB'")
    db.engine.dispose()
    try:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json["database"] == "ok"
        assert (
            "takes no writes: OperationalError 53400 temporary file size exceeds"
            in response.json["problems"][0]
        )
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" RESET temp_file_limit')
        db.engine.dispose()
    snapshots.clear()
    assert client.get("/readyz").status_code == 200


def test_a_folder_without_room_is_an_alarm(client, monkeypatch):
    full = SimpleNamespace(free=20 * 2**20)
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda _folder: full)
    response = client.get("/readyz")
    assert (response.status_code, response.json["problems"]) == (503, ["the instance folder has 20 MB left"])


@pytest.mark.sqlite_only
def test_a_file_that_cannot_be_written_is_an_alarm(client):
    def only_read(connection, *_):
        connection.execute("PRAGMA query_only = ON")

    snapshots.clear()
    event.listen(db.engine, "checkout", only_read)  # whichever connection of the pool is asked
    try:
        response = client.get("/readyz")
    finally:
        event.remove(db.engine, "checkout", only_read)
        db.engine.dispose()
    assert response.status_code == 503
    assert "takes no writes" in response.json["problems"][0]


def test_whoever_asks_often_does_not_make_it_write_often(client, frozen_clock, monkeypatch):
    writes = []
    monkeypatch.setattr(diagnosis, "_write", lambda: writes.append(1))
    for _ in range(5):
        client.get("/readyz")
    assert len(writes) == 1
    frozen_clock.move(seconds=11)
    client.get("/readyz")
    assert len(writes) == 2
