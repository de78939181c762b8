"""The second count is blind: what the first person counted is in nothing that anybody else gets before a second one has counted."""

import io
import itertools
import re
import zipfile

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from pledge.accounts.roles import Role
from pledge.core import languages
from pledge.core.db import db, fetch
from pledge.exports import services as exports
from pledge.exports.files import write_export
from pledge.exports.rows import KINDS
from pledge.inbox.services import alert_waiting
from pledge.web.caching import cache
from tests.support import mails, paper, staff
from tests.support.factories import SLUG, fold_all
from tests.support.pdf import pdf_text
from tests.support.pictures import PDF
from tests.support.world import built, world

#: What the first person counts, and with the 128 that were counted before: numbers that occur nowhere else.
COUNTED = 273_519
#: The head of a document and no more: nothing can be read from it.
SCAN = PDF + b"\n%% counted by hand\n%%%%EOF\n"
SHOWN = re.compile(r"(?<![0-9A-Za-z])273[,. \u00a0]?(519|647)(?![0-9A-Za-z])")


def texts(name, data):
    """What a file says, with what is packed in it."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from texts(f"{name}/{member}", archive.read(member))
    elif data[:5] == b"%PDF-" and len(data) > len(SCAN):
        yield name, pdf_text(data)
    else:
        yield name, data.decode("utf-8", "replace")


def pages(app, known, roles):
    """Every address that leads somewhere, for a person of each role; what is not of the staff area for a stranger."""
    stranger = app.test_client()
    people = {role: staff.client(app, role) for role in roles}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods:
            continue
        readers = people if rule.rule.startswith("/staff") else {"stranger": stranger}
        for parts, (who, client) in itertools.product([*known.parts(rule)], readers.items()):
            address = built(rule, parts)
            answer = client.get(address, buffered=True)
            if not answer.mimetype.startswith(("image/", "video/", "font/")):
                yield f"{who}: {address}", answer.data


def refusals(app, number):
    """What the page of the batch answers to a second person who sends each of its forms, with what is not so."""
    editor = staff.client(app, Role.EDITOR)
    address = f"/staff/paper/{SLUG}/{number}"
    for verb, fields in {
        "check": {"checked": ""},
        "edit": {"signatures": "1"},
        "remove": {"reason": "twice"},
        "withdraw": {"why": "copies"},
        "scan": {},
    }.items():
        yield (
            f"POST {address}/{verb}",
            editor.post(f"{address}/{verb}", data={"seen": "0" * 24, **fields}).data,
        )


def files(runner, folder):
    """Exports, totals and a delivery with its letter."""
    for kind, form, lang in itertools.product(KINDS, exports.FORMATS, languages.codes()):
        file = io.BytesIO()
        write_export(exports.unsaved(SLUG, kind=kind, form=form, lang=lang), file, lambda _done, _total: None)
        yield f"export {kind} {form} {lang}", file.getvalue()
    for form in ("csv", "json", "xlsx"):
        runner.run("totals", SLUG, "--format", form, "--out", str(folder / "totals"))
        yield f"totals {form}", (folder / "totals").read_bytes()
    pack = folder / "pack.zip"
    runner.run("delivery", "build", SLUG, "--out", str(pack))
    yield "delivery", pack.read_bytes()
    for command in ("doctor", "ledger recount", "ledger verify", "audit verify", "retention run"):
        yield command, runner.invoke(args=command.split()).output.encode()


def seen():
    """Mails that go out, and every row that is not the batch itself: audit log, alerts, public log, statistics."""
    alert_waiting()
    for to, mail in mails.delivered():
        yield f"mail to {to}", mails.full_text(mail).encode()
    for table in db.metadata.sorted_tables:
        if table.name != "paper_batches":
            yield f"table {table.name}", repr([tuple(row) for row in fetch(select(table))]).encode()


def shown(app, runner, folder, known, number, roles=tuple(Role)):
    """Where the number is: in which pages, files, mails, rows and lines of the log."""
    with capture_logs() as lines:
        everything = [
            *pages(app, known, roles),
            *refusals(app, number),
            *files(runner, folder),
            *seen(),
        ]
    everything.append(("log", repr(lines).encode()))
    assert len(everything) > 300
    return {name for path, data in everything for name, text in texts(path, data) if SHOWN.search(text)}


@pytest.mark.sqlite_only
def test_no_page_file_mail_or_log_has_the_first_number_until_a_second_person_has_counted(
    app, runner, tmp_path
):
    known = world(staff.client(app))
    number = paper.entered(signatures=COUNTED)
    known.values["<batch_id>"].append(str(number))
    fold_all()

    assert shown(app, runner, tmp_path, known, number) == set()

    paper.check(number, COUNTED)
    paper.pass_a_day()
    fold_all()
    cache.clear()
    after = " ".join(shown(app, runner, tmp_path, known, number, [Role.AUDITOR]))
    for place in (
        "export paper csv en/",
        "export paper xlsx ko/",
        "delivery/letter-ko.pdf",
        "delivery/totals.xlsx/",
    ):
        assert place in after
    for place in (
        f"stranger: /en/c/{SLUG}/progress",
        f"/api/v1/campaigns/{SLUG}/paper",
        "auditor: /staff/audit",
    ):
        assert place in after
