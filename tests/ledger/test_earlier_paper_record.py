"""The record of paper signatures that was beside the log before migration 0044: its lines become entries that name their hash."""

import json
from collections.abc import Iterator
from hashlib import sha256

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from pledge.core.db import db
from pledge.ledger import queries as ledger_queries
from pledge.paper import services
from pledge.statistics.integrity import mismatches
from tests.support import apps, ledger, paper
from tests.support.factories import SLUG, fold_all, signature
from tests.support.paper import COUNTER, row
from tests.support.published_log import lines


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier(request, new_database, tmp_path) -> Iterator[Flask]:
    """An application on a database of its own, which the test takes back to the earlier version."""
    app = apps.build(tmp_path, database_url=new_database(request.param, "record"))
    with app.app_context():
        yield app
    apps.dispose(app)


def write_record(campaign_id, changes):
    """The lines of that record, as docs/paper.md had them."""
    before, written = "0" * 64, []
    with db.engine.begin() as connection:
        for number, (batch, change) in enumerate(changes):
            scan = connection.execute(
                text("SELECT scan_sha256 FROM paper_batches WHERE id = :id"), {"id": batch}
            )
            said = {
                "v": 1,
                "entry": number,
                "batch": batch,
                "change": change,
                "decided": "2026-11-27",
                "collected": "2026-11-20",
                "sheets": 9,
                "place": {"en": "Busan", "ko": "부산"},
                "scan": bytes(scan.scalar_one()).hex(),
                "before": before,
            }
            line = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
            connection.execute(
                text("INSERT INTO paper_entries VALUES (:campaign, :number, :batch, :change, :line)"),
                {
                    "campaign": campaign_id,
                    "number": number,
                    "batch": batch,
                    "change": change,
                    "line": line,
                },
            )
            before = sha256(line.encode()).hexdigest()
            written.append(before)
    return written


def test_each_line_becomes_an_entry_that_names_its_hash(earlier):
    campaign_id = signature().campaign_id
    fold_all()
    before = lines(campaign_id)
    gone, stays = paper.agreed(signatures=128), paper.agreed(signatures=40)
    services.withdraw(COUNTER, SLUG, gone, "copies")
    scans = [row(number).scan_sha256.hex() for number in (gone, stays)]
    db.session.remove()
    flask_migrate.downgrade(revision="0037")
    hashes = write_record(campaign_id, [(gone, 128), (stays, 40), (gone, -128)])

    flask_migrate.upgrade()
    assert ledger_queries.waiting_entries() == 3
    assert fold_all() == 3

    day = '"of":"paper","day":"2026-11-27"'
    assert lines(campaign_id) == [
        *before,
        f'{{"v":1,"kind":"confirmed","change":128,{day},"scan":"{scans[0]}","record":"{hashes[0]}"}}'.encode(),
        f'{{"v":1,"kind":"confirmed","change":40,{day},"scan":"{scans[1]}","record":"{hashes[1]}"}}'.encode(),
        f'{{"v":1,"kind":"withdrawn","change":-128,{day},"takes_back":1,"record":"{hashes[2]}"}}'.encode(),
    ]
    found = ledger_queries.count(campaign_id)
    assert (found.people, found.paper) == (1, 40)
    assert (mismatches(), ledger_queries.set_aside_counts()) == ([], {})
    ledger.check()


def test_two_batches_of_one_scan_are_named_before_anything_is_changed(earlier):
    signature()
    numbers = [paper.entered(), paper.entered()]
    db.session.remove()
    flask_migrate.downgrade(revision="0037")
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE paper_batches SET scan_sha256 = :scan"), {"scan": bytes(32)})
    with pytest.raises(SystemExit, match=f"{numbers[0]}, {numbers[1]}"):
        flask_migrate.upgrade()
