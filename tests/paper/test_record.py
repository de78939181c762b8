"""The public record: lines that name each other, a signed end, and nothing signed that does not follow."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import update

from pledge.core.db import transaction
from pledge.deliveries import freezing
from pledge.deliveries.document import FrozenPaper
from pledge.ledger import notes
from pledge.ledger.log import signers_for
from pledge.paper import queries, services
from pledge.paper.models import PaperEntry
from pledge.paper.record import FORMAT, NO_LINE
from tests.support import paper
from tests.support.factories import SLUG, campaign, crowd, fold_all, the_campaign
from tests.support.paper import COUNTER, row

pytestmark = pytest.mark.usefixtures("app")


def opened():
    """The lines of the signed text."""
    verifiers = [signer.verifier for signer in signers_for(SLUG)]
    return notes.open_note(queries.note(the_campaign().id), verifiers).splitlines()


def test_the_signed_end_names_how_many_lines_there_are_what_they_add_up_to_and_the_last_one():
    first, second = paper.agreed(signatures=128), paper.agreed(signatures=40)
    services.withdraw(COUNTER, SLUG, first, "copies")
    assert paper.sign() == 1
    lines = queries.lines(the_campaign().id)
    assert [json.loads(line)["change"] for line in lines] == [128, 40, -128]
    assert [json.loads(line)["batch"] for line in lines] == [first, second, first]
    last = sha256(lines[-1].encode()).hexdigest()
    assert opened() == [FORMAT, signers_for(SLUG)[0].name, "3", "40", last]


def test_each_line_names_the_one_before_and_the_scan():
    numbers = [paper.agreed(), paper.agreed(scan=b"%PDF-another")]
    paper.sign()
    first, second = queries.lines(the_campaign().id)
    assert json.loads(first)["before"] == NO_LINE
    assert json.loads(second)["before"] == sha256(first.encode()).hexdigest()
    assert [json.loads(line)["scan"] for line in (first, second)] == [
        row(number).scan_sha256.hex() for number in numbers
    ]
    assert list(json.loads(first)["place"]) == ["en", "ko"]


def test_a_record_is_signed_once_until_something_changes():
    paper.agreed()
    assert paper.sign() == 1
    assert paper.sign() == 0
    paper.agreed()
    assert paper.sign() == 1


def test_what_is_not_signed_yet_is_not_public():
    campaign()
    paper.agreed(signatures=128)
    assert queries.public_record(the_campaign().id) is None
    paper.sign()
    paper.agreed(signatures=40)
    assert queries.public_record(the_campaign().id).signatures == 128
    assert len(queries.lines(the_campaign().id)) == 1
    paper.sign()
    assert queries.public_record(the_campaign().id).signatures == 168


def test_a_batch_that_was_taken_back_is_counted_no_more():
    gone, stays = paper.agreed(signatures=128), paper.agreed(signatures=40)
    services.withdraw(COUNTER, SLUG, gone, "copies")
    paper.sign()
    found = queries.public_record(the_campaign().id)
    assert [batch.number for batch in found.batches] == [stays]
    assert (found.signatures, found.sheets, found.size) == (40, 9, 3)


def test_a_delivery_has_the_batches_that_are_signed_when_it_is_frozen():
    crowd(2)
    fold_all()
    assert freezing.preview(SLUG).paper is None
    paper.agreed(signatures=128)
    paper.sign()
    paper.agreed(signatures=40)
    assert freezing.preview(SLUG).paper == FrozenPaper(signatures=128, sheets=9, batches=1)


def test_the_record_of_a_draft_waits():
    paper.agreed(campaign(state="draft"))
    assert paper.sign() == 0


@pytest.mark.parametrize(
    "wrong", [f'{{"v":1,"entry":0,"before":"{NO_LINE}"}}', '{"v":1,"entry":7,"before":""}']
)
def test_nothing_is_signed_over_a_line_that_was_changed(wrong):
    paper.agreed()
    paper.sign()
    before = queries.note(the_campaign().id)
    paper.agreed()
    with transaction() as session:
        session.execute(update(PaperEntry).where(PaperEntry.number == 0).values(line=wrong))
    assert paper.sign() == 0
    assert queries.note(the_campaign().id) == before
