"""The file of a list of names: for the recipient's eyes alone, never in the clear on a disk, gone after a day."""

import io
import tempfile
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519
from sqlalchemy import select

from config import current_config
from pledge.core.db import db
from pledge.jobs import services
from pledge.jobs.models import Job, JobKind
from pledge.name_lists import queries
from pledge.name_lists import rows as list_rows
from pledge.name_lists import services as named_lists
from pledge.name_lists.models import NamedList
from pledge.name_lists.services import NoFile
from tests.name_lists.lists import acts, make, row, take
from tests.support.factories import ANNA, BORA, TERMS, list_terms, signature


def test_only_the_recipient_opens_the_list(ask):
    signature(name="홍길동", list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    data = take(ANNA, which, "to hand it over")
    assert data.startswith(b"age-encryption.org/v1\n")
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(data, [x25519.Identity.generate()])


def files_below(*folders):
    return [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]


def test_no_clear_byte_ever_reaches_a_file(app, ask, opened, tmp_path, monkeypatch):
    """Every write to a temporary file is looked at, and every file that there is, while it is made and afterwards."""
    known = "세종대왕 Nobody-Else-Has-This-Name"
    asked = list_terms()
    ids = [signature(name=known, list_terms_id=asked.id).id for _ in range(3)]
    monkeypatch.setattr(list_rows, "BATCH", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    instance = current_config().instance_dir
    secrets = [known.encode(), TERMS["recipient_ko"].encode(), TERMS["recipient_en"].encode()]
    looks, written = [], []

    class Watched:
        """The job's file, with an eye on what is written to it."""

        def __init__(self, file):
            self._file = file

        def write(self, data):
            written.append(bytes(data))
            return self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    def look(*_):
        found = [path for path in files_below(tmp_path, instance) if path.suffix not in (".sqlite3", ".log")]
        looks.append([path for path in found if any(secret in path.read_bytes() for secret in secrets)])

    def maker(list_id, file, progress):
        def stepped(done, total):
            file.flush()
            look()
            progress(done, total)

        return list_rows.make(list_id, Watched(file), stepped)

    which = ask()
    named_lists.approve(BORA, which)
    assert services.advance({JobKind.LIST: maker})
    look()
    assert looks == [[]] * (len(ids) + 1)
    assert written
    assert not any(secret in b"".join(written) for secret in secrets)
    assert opened(which).count(known) == 3, "what was looked for is really in it"


def test_a_fault_while_it_is_made_is_told_as_it_is_and_leaves_nothing(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)

    def taken(*_):
        raise services.LeaseLost

    with pytest.raises(services.LeaseLost):
        list_rows.make(which, io.BytesIO(), taken)
    assert row(which).unreadable is None


def test_the_list_is_there_for_a_day_and_then_gone(ask, frozen_clock):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    frozen_clock.move(hours=23, minutes=59)
    assert queries.find(which, "ko").has_file
    take(ANNA, which, "in time")
    assert services.sweep() == 0
    assert named_lists.note_expired() == 0
    frozen_clock.move(minutes=1)
    assert not queries.find(which, "ko").has_file
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "too late, though nothing was swept yet")
    key = db.session.scalars(select(Job.file)).one()
    stored = current_config().instance_dir / "files" / key
    assert stored.exists()
    assert services.sweep() == 1
    assert not stored.exists()
    assert named_lists.note_expired() == 1
    assert named_lists.note_expired() == 0, "once"
    assert acts()[-1].action == "list.expired"
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "far too late")


def test_each_download_is_recorded_with_who_whence_and_why(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    take(ANNA, which, "for the courier")
    take(BORA, which, "the disk was broken")
    taken = [entry for entry in acts() if entry.action == "list.download"]
    assert [(entry.actor, entry.network, entry.subject, entry.reason) for entry in taken] == [
        (ANNA.name, ANNA.network, f"list:{which}", "for the courier"),
        (BORA.name, BORA.network, f"list:{which}", "the disk was broken"),
    ]


def test_neither_the_audit_log_nor_the_tables_hold_a_name(ask):
    signature(name="홍길동", email="hong@example.org", list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    said = " ".join(f"{entry.reason} {entry.details}" for entry in acts("list"))
    found = row(which)
    kept = " ".join(str(getattr(found, column.name)) for column in NamedList.__table__.c)
    assert "홍길동" not in said + kept
    assert "hong@" not in said + kept
