"""Whoever takes over the web server has its database role. With it, nothing can be written that the worker signs, and what can
be written is named within seconds or in the night, and mailed (docs/adr/0046). Only PostgreSQL has roles.

Rows that are copied in `signatures` together with their entries cannot be told from people by anybody: docs/log.md says so.
"""

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config import ROOT
from pledge.accounts import moderation, staff_alerts
from pledge.accounts import queries as queries_of_staff
from pledge.accounts.models import StaffRole
from pledge.audit.models import COMMAND_LINE, Actor
from pledge.audit.services import note, record
from pledge.campaigns.moderation import new_pledge_text
from pledge.campaigns.queries import pledge_versions, published_slugs
from pledge.core.db import db, migrations, transaction
from pledge.diagnosis import contents, staff
from pledge.diagnosis.state import readiness
from pledge.ledger import log, log_queries, queries
from pledge.ledger.models import Dimension
from pledge.paper import services as paper
from pledge.retention import services as retention
from pledge.signatures import entries, services
from pledge.signatures import services as signatures
from pledge.statistics.integrity import mismatches
from tests.support import apps, factories, ledger
from tests.support.at_once import at_once
from tests.support.insider import ROLES
from tests.support.mails import Notes, deliver

#: What would have the true key sign a lie, hide one, or keep people from being counted.
DENIED = {
    "number invented entries": "UPDATE ledger_entries SET number = 99 WHERE number IS NULL",
    "say what an entry takes back": "UPDATE ledger_entries SET takes_back = 0",
    "change somebody's number": "UPDATE ledger_entries SET count_after = 7",
    "never count real people": "UPDATE ledger_entries SET set_aside = 'dismissed' WHERE number IS NULL",
    "hide what was set aside": "UPDATE ledger_entries SET set_aside = 'dismissed' WHERE set_aside IS NOT NULL",
    "remove entries": "DELETE FROM ledger_entries",
    "raise the number that is shown": "UPDATE ledger_heads SET people = people + 1000",
    "make a head": "INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (7, 1, 1, now())",
    "remove a head": "DELETE FROM ledger_heads",
    "raise a breakdown": "UPDATE tallies SET count = count + 1000",
    "invent a breakdown": "INSERT INTO tallies VALUES (1, 'person', 'country', 'US', 30)",
    "take a correction itself": "UPDATE ledger_places SET size = 1",
    "hide a correction": "UPDATE ledger_places SET set_aside = 'dismissed'",
    "put a key of its own in": "INSERT INTO log_keys VALUES (1, 'stranger+00000000+AA', now())",
    "remove a key": "DELETE FROM log_keys",
    "publish a checkpoint": """
        INSERT INTO checkpoints (campaign_id, size, root, people, organizations, note, signed_at)
        SELECT campaign_id, size, root, 9999, 0, note, now() FROM checkpoints""",
    "change a checkpoint": "UPDATE checkpoints SET people = 9999",
    "write a tile": "INSERT INTO log_tiles SELECT campaign_id, 9, 9, hashes FROM log_tiles",
    "change a tile": "UPDATE log_tiles SET hashes = hashes || hashes",
    "cosign a state": "INSERT INTO cosignatures VALUES (1, 'stranger', 1, '', now(), '', NULL)",
    "hide that a witness has seen more": "UPDATE cosignatures SET other_size = NULL",
    "say that witnesses have seen it": "INSERT INTO witnessed_checkpoints VALUES (1, 1, '')",
    "hide what was found": "DELETE FROM ledger_differences",
    "invent what was found": "INSERT INTO ledger_differences VALUES (1, 1, 'all is well')",
    "invent a loss": """INSERT INTO log_losses
        SELECT id, 1, 9, 'root', 0, 'root', now() FROM campaigns""",
    "say what was compared": "UPDATE ledger_comparisons SET fingerprint = '', in_full_at = now()",
    "announce a batch on paper": "INSERT INTO paper_notices VALUES (1, 100000, 'x', now() - interval '2 days', 1)",
    "have a batch on paper counted": "UPDATE paper_notices SET entry_id = 1",
    "say which changes were mailed": "INSERT INTO audit_watched VALUES (1, 9999)",
    "write an entry of the audit log before others": """
        INSERT INTO audit_entries (id, at, actor, network, action, subject, reason, details, previous_hash, hash)
        VALUES (-1, now(), 'x', '', 'staff.invite', 'staff:1', '', '{}', '', '')""",
    "truncate": "TRUNCATE ledger_heads, tallies, ledger_differences",
    "become the worker": "SET ROLE pledge_worker",
    "step past the guards": "SET session_replication_role = replica",
}

#: What nobody does without a trace in the audit log.
UNTRACED = {
    "make a viewer an administrator": "UPDATE staff_roles SET role = 'admin' WHERE role = 'viewer'",
    "give somebody another's roles": "UPDATE staff_roles SET staff_id = (SELECT max(id) FROM staff) WHERE role = 'admin'",
    "give one more role": "INSERT INTO staff_roles SELECT max(id), 'editor' FROM staff",
    "take a role": "DELETE FROM staff_roles WHERE role = 'admin'",
    "invent an account": """
        INSERT INTO staff (email, lang, active, password, passkey_handle, created_at)
        VALUES ('ghost@example.org', 'ko', true, 'x', 'ghost', now())""",
    "remove an account": "DELETE FROM staff",
    "close an account": "UPDATE staff SET active = false, closed_at = now()",
    "choose a password": "UPDATE staff SET password = 'x'",
    "let mails go elsewhere": "UPDATE staff SET email = id || '@example.net'",
    "have nobody told": "UPDATE staff SET alerts = '[]'",
    "sign in with a passkey of one's own": """
        INSERT INTO staff_passkeys (staff_id, credential_id, public_key, sign_count, name, created_at, last_used_at)
        SELECT min(id), 'x', 'x', 0, 'x', now(), now() FROM staff""",
    "exchange the words": """UPDATE pledge_texts SET wording = '{"ko": "x", "en": "y"}'""",
    "exchange the words with their hash": "UPDATE pledge_texts SET sha256 = sha256 || sha256",
    "write other words": """
        INSERT INTO pledge_texts (campaign_id, version, wording, sha256, created_at)
        SELECT campaign_id, 9, wording, sha256, now() FROM pledge_texts""",
    "move words to another version": "UPDATE pledge_texts SET version = 9",
}

SCRIPT = ROOT / "deploy" / "postgresql-roles.sql"

OWNED_BY_ONE_ROLE = """
    DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT oid::regclass AS name FROM pg_class
                    WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace
                      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i'))
        LOOP EXECUTE 'ALTER TABLE ' || one.name || ' OWNER TO pledge'; END LOOP; END $$"""


@pytest.fixture
def site(three_roles):
    """Three people are counted, and an administrator is told of alarms."""
    with three_roles.owner.app_context():
        factories.signatures(3, region="KR-11")
        for role in ("admin", "viewer"):
            factories.staff(role, email=f"{role}@example.org", recorded=True)
        db.session.remove()
    as_worker(three_roles, factories.fold_all)
    return three_roles


def as_worker(site, work):
    with site.worker.app_context():
        return work()


def steal(statement, **values):
    """One statement of whoever has the web server's role."""
    with db.engine.begin() as connection:
        return connection.execute(text(statement), values).rowcount


def invent(number=1, **changes):
    """Entries +1 that look like those of the first person."""
    values = {"campaign_id": "campaign_id", "pledge_text_id": "pledge_text_id", "hour": "hour", **changes}
    steal(f"""
        INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                                    pledge_text_id, commitment)
        SELECT {values["campaign_id"]}, kind, delta, reason, 7000 + n, country, region, {values["hour"]}, occurred_at,
               {values["pledge_text_id"]}, commitment
          FROM ledger_entries, generate_series(1, {number}) AS n WHERE number = 1""")


def people():
    return queries.count(factories.the_campaign().id).people


def mailed(site):
    """The subjects of what staff are mailed when the worker has compared once."""

    def work():
        notes = Notes()
        contents.compare()
        staff.alert_changes()
        staff.alert_differences()
        deliver(notes)
        return [str(mail["Subject"]) for mail in notes.mails if mail["To"] == "admin@example.org"]

    return as_worker(site, work)


def is_refused(statement):
    try:
        steal(statement)
    except DBAPIError as error:
        return "permission denied" in str(error)
    return False


def test_the_web_server_can_write_nothing_of_what_the_worker_signs(site):
    invent()
    assert [attack for attack, statement in DENIED.items() if not is_refused(statement)] == []
    as_worker(site, factories.fold_all)
    assert people() == 3
    assert len(log_queries.verifiers(factories.the_campaign().id)) == 1


def take_out(state, **changes):
    """As a use case would, but for the mail: everybody gets that state and a -1."""
    extra = "".join(f", {column} = {value}" for column, value in changes.items())
    steal(f"UPDATE signatures SET state = '{state}', withdrawn_at = now(){extra}")
    steal("""
        INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at, pledge_text_id)
        SELECT campaign_id, kind, -1, 'withdrawn', subject_id, country, region, hour, now(), pledge_text_id
          FROM ledger_entries WHERE delta = 1""")


def test_nobody_is_taken_out_of_the_count_without_hearing_of_it(site):
    take_out("withdrawn")
    as_worker(site, factories.fold_all)
    assert people() == 0

    def work():
        notes = Notes()
        deliver(notes)
        return [str(mail["Subject"]) for mail in notes.mails]

    assert len(as_worker(site, work)) == 3


@pytest.mark.parametrize("changes", [{}, {"hold_reason": "'staff'"}])
def test_whoever_only_waits_again_is_not_taken_out(site, changes):
    """No mail would say so."""
    take_out("held" if changes else "pending", **changes)
    as_worker(site, factories.fold_all)
    assert people() == 3
    assert any("3 entries of the log of blue-skies are set aside" in line for line in readiness().warnings)


def test_invented_entries_are_not_counted_and_are_named_and_mailed(site):
    invent(25)
    as_worker(site, factories.fold_all)
    assert people() == 3
    assert readiness().warnings == [
        "25 entries of the log of blue-skies are set aside: see `flask ledger verify`"
    ]
    assert len(mailed(site)) == 1


def test_invented_places_are_not_counted_and_are_named_and_mailed(site):
    steal("""
        INSERT INTO ledger_places (campaign_id, subject_id, delta, country, occurred_at)
        SELECT campaign_id, subject_id, 1, 'US', now() FROM ledger_entries, generate_series(1, 10)""")
    as_worker(site, factories.fold_all)
    assert queries.breakdown(factories.the_campaign().id, Dimension.COUNTRY) == {"KR": 3}
    assert readiness().warnings == [
        "30 entries of the log of blue-skies are set aside: see `flask ledger verify`"
    ]
    assert len(mailed(site)) == 1
    assert mismatches() == []


def test_a_correction_counts_though_invented_ones_stand_beside_it(site):
    person = factories.signature(region="KR-11")
    as_worker(site, factories.fold_all)
    for country in ("US", "KR"):
        steal(
            "INSERT INTO ledger_places (campaign_id, subject_id, delta, country, region, occurred_at) "
            "VALUES (:campaign, :subject, 1, :country, NULL, now())",
            campaign=person.campaign_id,
            subject=person.id,
            country=country,
        )
    entries.set_region_by_key(factories.press_key(person), "KR-26")
    as_worker(site, factories.fold_all)
    regions = queries.breakdown(person.campaign_id, Dimension.REGION)
    assert {region: number for region, number in regions.items() if number} == {"KR-11": 3, "KR-26": 1}
    assert mismatches() == []


@pytest.mark.parametrize("changes", [{"campaign_id": "999"}, {"pledge_text_id": "999"}])
def test_an_entry_of_nothing_that_there_is_stops_nobody_from_being_counted(site, changes):
    invent(**changes)
    factories.signature()
    assert as_worker(site, factories.fold_all)
    assert people() == 4
    assert any("set aside" in warning for warning in readiness().warnings)


def test_signatures_without_entries_are_named_and_mailed_within_a_day(site):
    steal("UPDATE signatures SET state = 'withdrawn', withdrawn_at = now()")
    assert len(mailed(site)) == 1
    assert readiness().warnings == [
        "blue-skies: 0 signatures are confirmed, the ledger adds up to 3: see `flask ledger recount` and `flask doctor`"
    ]
    steal("UPDATE signatures SET state = 'confirmed', withdrawn_at = NULL")
    assert mailed(site) == []
    assert readiness().warnings == []


def test_a_batch_on_paper_that_two_ghosts_agreed_on_is_mailed_to_administrators_a_day_before_it_could_count(
    site,
):
    """With its row, an entry and what the audit log would say: all that the web server can write (findings A6)."""
    of = factories.the_campaign()
    steal(
        """
        INSERT INTO paper_batches (campaign_id, state, place, collected_on, sheets, signatures, scan, scan_sha256, proposed_by,
                                   proposed_name, proposed_at, decided_by, decided_name, decided_at, checked_signatures)
        VALUES (:campaign, 'agreed', '{"ko": "x"}', now(), 9, 100000, '', :scan, 901, 'ghost', now(), 902, 'ghost', now(), 100000)""",
        campaign=of.id,
        scan=bytes(32),
    )
    (batch,) = db.session.scalars(text("SELECT id FROM paper_batches"))
    for ghost, action in ((901, "paper.enter"), (902, "paper.agree")):
        note(Actor(ghost, "ghost", ""), action, f"paper:{batch}", counted=100_000, place="x")
    steal(
        """
        INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, hour, occurred_at, commitment)
        VALUES (:campaign, 'paper', 100000, 'confirmed', :batch, '', '2026-11-20T05', now(), :scan)""",
        campaign=of.id,
        batch=batch,
        scan=bytes(32),
    )
    as_worker(site, paper.announce_and_count)
    as_worker(site, factories.fold_all)
    assert queries.count(of.id).paper == 0
    assert any("1 entries of the log of blue-skies are set aside" in line for line in readiness().warnings)
    assert any("100,000" in subject or "10만" in subject for subject in mailed(site))


# --- Staff and texts ---


@pytest.mark.parametrize("statement", UNTRACED.values(), ids=UNTRACED)
def test_accounts_and_texts_change_with_an_entry_of_the_audit_log_only(site, statement):
    with pytest.raises(DBAPIError, match="has no entry in the audit log"):
        steal(statement)


def test_an_entry_about_somebody_else_or_of_before_explains_nothing(site):
    admin, viewer = (queries_of_staff.member(email=f"{role}@example.org") for role in ("admin", "viewer"))
    promote = StaffRole(staff_id=viewer.id, role="admin")
    note(COMMAND_LINE, "staff.set_roles", f"staff:{viewer.id}", before=["viewer"], after=["admin"])
    with pytest.raises(DBAPIError, match="has no entry in the audit log"), transaction() as session:
        session.add(promote)
        record(session, COMMAND_LINE, "staff.set_roles", f"staff:{admin.id}", before=[], after=["admin"])
        record(session, COMMAND_LINE, "staff.sign_in", f"staff:{viewer.id}")


def test_a_viewer_who_is_made_administrator_is_mailed_to_administrators_whatever_they_chose(site):
    mailed(site)
    admin, viewer = (queries_of_staff.member(email=f"{role}@example.org") for role in ("admin", "viewer"))
    staff_alerts.choose(Actor(admin.id, admin.email, ""), [])
    moderation.set_roles(COMMAND_LINE, viewer.id, ["admin"])
    (subject,) = mailed(site)
    assert "역할" in subject
    assert mailed(site) == []


def test_an_entry_that_says_something_else_is_named_by_the_comparison(site):
    mailed(site)
    viewer = queries_of_staff.member(email="viewer@example.org")
    with transaction() as session:
        session.add(StaffRole(staff_id=viewer.id, role="admin"))
        record(session, COMMAND_LINE, "staff.set_roles", f"staff:{viewer.id}", before=[], after=["viewer"])
    _, of_the_difference = mailed(site)
    assert str(viewer.id) in of_the_difference
    assert staff.unlike_audit_log() == {viewer.id}
    assert mailed(site) == []  # once a day


def test_another_pledge_text_is_mailed_to_administrators(site):
    mailed(site)
    campaign = factories.the_campaign()
    pledge = pledge_versions(campaign.id)[0]
    with transaction() as session:
        session.add(new_pledge_text(campaign.id, 2, pledge.wording))
        record(session, COMMAND_LINE, "campaign.pledge", "campaign:blue-skies")
    assert len(mailed(site)) == 1


def test_the_owner_is_asked_nothing(site):
    with site.owner.app_context():
        steal("UPDATE staff SET password = 'x'")
        db.session.remove()


# --- What each role has to be able to do ---


def test_a_new_site_begins_with_three_roles(postgres_server, app_on, tmp_path, worker_name):
    url = postgres_server.create_database(f"new_site_{worker_name}")
    assert postgres_server.run_script(SCRIPT, url.rpartition("/")[2])
    web, worker, owner = (url.replace("postgres@", f"{role}@") for role in ROLES)
    apps.migrate(owner, tmp_path / "owner")
    with app_on(owner).app_context():
        factories.campaign()
        db.session.remove()
    with app_on(web).app_context():
        factories.signature()
        with pytest.raises(DBAPIError, match="permission denied"):
            factories.fold_all()
        db.session.remove()
    with app_on(worker).app_context():
        assert factories.fold_all() == 1
        db.session.remove()


def test_web_and_worker_can_do_all_their_work(site):
    person = factories.signature(state="pending", region="KR-11")
    assert signatures.confirm(person.id)
    entries.set_region_by_key(factories.press_key(person), "KR-26")
    assert as_worker(site, factories.fold_all)
    services.withdraw(factories.manage_token(person))
    assert as_worker(site, factories.fold_all)
    with site.worker.app_context(), ledger.settings(base_url="https://sky.example"):
        assert log.sign_missing_checkpoints(published_slugs) == 1
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE ledger_entries SET count_after = 5"))
        assert [drift.repaired for drift in ledger.recount()] == [True]
        retention.run({}, {})
        assert contents.compare() == 0
        assert ledger.verify(person.campaign_id, "blue-skies").faults == []


def test_a_migration_gives_each_role_its_rights_again(site):
    with site.owner.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("REVOKE ALL ON signatures, ledger_entries FROM pledge"))
            connection.execute(text("GRANT UPDATE ON ledger_heads TO pledge"))
        migrations.upgrade()
    assert factories.signature()
    assert is_refused("UPDATE ledger_heads SET people = 9")


def test_three_roles_are_turned_on_while_people_sign(three_roles, new_database, postgres_server, app_on):
    """As docs/production.md says of a site that one role owned. Its worker has its new role already, a member of the old one."""
    url = new_database("postgresql", "one_role")
    name = url.rpartition("/")[2]
    postgres_server.execute(OWNED_BY_ONE_ROLE, name)
    web, worker = (app_on(url.replace("postgres@", f"{role}@")) for role in ROLES[:2])

    def people_sign():
        for _ in range(40):
            assert signatures.confirm(factories.signature(state="pending").id)

    def the_worker_folds():
        with worker.app_context():
            for _ in range(40):
                factories.fold_all()

    def turn_on():
        while not postgres_server.run_script(SCRIPT, name):  # it gave way to somebody who signed
            time.sleep(0.1)

    with web.app_context():
        factories.campaign()
        at_once(web, people_sign, the_worker_folds, turn_on)
        with worker.app_context():
            factories.fold_all()
        assert people() == 40
        assert is_refused("UPDATE ledger_heads SET people = 9")
