"""Three years of a site, day by day: what the privacy notice says is deleted is nowhere in the database afterwards, nor are
the scans of sheets of paper in the storage.

What somebody finds who has a copy of the database and the keys: every value of every table, decrypted. So a name that is only
encrypted would be found, and so would the keyed hash of an address or of a network.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pledge.campaigns.models import Campaign
from pledge.core.db import db, reading, transaction
from pledge.deliveries.queries import last_answered, last_handed_over
from pledge.endorsements.models import Endorsement
from pledge.files import scans
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import OutboxMail
from pledge.mail.suppression import exact_hash
from pledge.news import queries as news
from pledge.retention import services
from pledge.retention.services import last_run
from pledge.signatures import moderation
from pledge.signatures import services as signature_services
from pledge.signatures import services as signing
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash, network_hash
from tests.support import paper
from tests.support.factories import (
    ANNA,
    answer_requests,
    campaign,
    code,
    confirm_token,
    endorsement,
    fold_all,
    manage_token,
    sign_form,
)

SLUG = "blue-skies"


class Person:
    """Somebody with a name, address, mail domain and network that nobody else has."""

    def __init__(self, word: str, number: int) -> None:
        self.name = f"{word} Retentia"
        self.email = f"{word.lower()}.private@{word.lower()}-mail.org"
        self.network = f"198.51.100.{number}"
        self.row: Signature | None = None

    def sign(self, client) -> None:
        form = sign_form(name=self.name, email=self.email)
        answer = client.post(f"/en/c/{SLUG}/sign", data=form, environ_base={"REMOTE_ADDR": self.network})
        assert answer.status_code == 303
        answer_requests()
        with reading() as connection:
            hashed = address_hash(parse(self.email))
            number = connection.scalar(select(Signature.id).where(Signature.address_hash == hashed))
        self.row = db.session.get(Signature, number)

    def confirm(self) -> None:
        assert signing.confirm(self.row.id)

    @property
    def traces(self) -> dict[str, list[str]]:
        """What tells of the person: `person` must go with the record, `network` after 90 days."""
        hashes = (address_hash(parse(self.email)), domain_hash(SLUG, self.email.rpartition("@")[2]))
        return {
            "person": [self.name, self.email, *(value.hex() for value in hashes)],
            "network": [self.network, network_hash(SLUG, self.network).hex()],
            "mailbox": [exact_hash(self.email).hex()],
        }


def whole_database() -> str:
    """Every value of every table, decrypted; bytes as hexadecimal digits."""
    values = []
    with reading() as connection:
        for table in db.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                values += [value.hex() if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(values)


def left_of(*people: Person, kind: str) -> set[str]:
    text = whole_database()
    return {person.name for person in people for trace in person.traces[kind] if trace in text}


@pytest.fixture
def day(frozen_clock):
    """`day(14)`: go on day by day, deleting each day what is due, until the evening of that day of the site's life."""
    start = frozen_clock.now()

    def until(number: int) -> None:
        while frozen_clock.now() < start + timedelta(days=number):
            frozen_clock.move(days=1)
            services.run(last_handed_over(news.last_sent()), last_answered(news.last_sent()))
            assert last_run() == frozen_clock.now()

    return until


def finish_mails() -> None:
    """As if the worker had sent whatever waits."""
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent"))


# The same deletions run on both databases in the other tests of this package; a thousand days of them cost 20 seconds.
@pytest.mark.sqlite_only
def test_three_years_day_by_day_leave_nothing_that_should_be_gone(client, frozen_clock, day):
    start = frozen_clock.now()
    running = campaign(closes_at=start + timedelta(days=700))
    words = ("Silent", "Erased", "Removed", "Withdrawn", "Counted", "Stranger")
    silent, erased, removed, withdrawn, counted, stranger = people = [
        Person(word, number) for number, word in enumerate(words, 1)
    ]
    for person in people:
        person.sign(client)
    for person in (erased, removed, withdrawn, counted):
        person.confirm()
    applicant = {"contact_name": "Applicant Retentia", "contact_email": "applicant@applicant-mail.org"}
    declined = {"contact_name": "Declined Retentia", "contact_email": "declined@declined-mail.org"}
    listed = {"contact_name": "Listed Retentia", "contact_email": "listed@listed-mail.org"}
    endorsement(running, state="pending", at=start, email=applicant.pop("contact_email"), **applicant)
    endorsement(running, state="declined", at=start, email=declined.pop("contact_email"), **declined)
    endorsement(running, at=start, email=listed.pop("contact_email"), **listed)
    fold_all()
    batch = paper.agreed(scan=b"%PDF-Paper Retentia", signatures=128)
    sheets = paper.row(batch).scan
    unused = scans.store_scan(b"%PDF-Unused Retentia")
    links = [confirm_token(person.row) for person in people]
    secrets = [
        *links,
        *(manage_token(person.row) for person in people),
        *(code(person.row) for person in people),
    ]
    assert left_of(*people, kind="person") == {person.name for person in people}, (
        "the search finds what is there"
    )
    assert left_of(*people, kind="network") == {person.name for person in people}

    # Day 1: two are erased, by themselves and by staff, one says "this was not me", one withdraws.
    day(1)
    signature_services.erase(manage_token(erased.row))
    moderation.plan_erasure(ANNA, removed.row.id, "asked for it by telephone")
    assert signing.disown(confirm_token(stranger.row))
    signature_services.withdraw(manage_token(withdrawn.row))
    fold_all()
    finish_mails()
    day(2)
    assert signature_services.erase_due() == 1
    fold_all()
    assert left_of(erased, removed, kind="person") == set()
    assert left_of(erased, removed, stranger, kind="network") == set()
    assert scans.scan(unused) is None
    # Of the stranger nothing is left but the times of mails, by a hash.
    text = whole_database()
    assert stranger.name not in text
    assert stranger.email not in text

    # Day 15: who never confirmed is gone, organisations too.
    day(15)
    assert left_of(silent, kind="person") == set()
    assert left_of(silent, kind="network") == set()
    assert "Applicant Retentia" not in whole_database()

    # Day 32: mail caps.
    day(32)
    assert left_of(silent, erased, removed, stranger, kind="mailbox") == set()
    assert left_of(stranger, kind="person") == set()

    # Day 91: networks, mails, the person of an organisation that was declined.
    assert left_of(counted, withdrawn, kind="network") == {counted.name, withdrawn.name}
    day(92)
    assert left_of(*people, kind="network") == set()
    assert left_of(*people, kind="mailbox") == set()
    with reading() as connection:
        assert connection.execute(select(OutboxMail.id)).all() == []
    assert "Declined Retentia" not in whole_database()

    # While the campaign runs, and a year beyond, whoever is counted stays, or could be counted twice.
    day(1064)
    assert left_of(*people, kind="person") == {counted.name, withdrawn.name}
    assert "Listed Retentia" in whole_database()
    assert scans.scan(sheets) == b"%PDF-Paper Retentia"

    # A year after it closed nobody is left but staff; the count stands, and so does what was counted on paper.
    day(1095)
    assert scans.scan(sheets) is None
    assert (paper.row(batch).scan, paper.row(batch).signatures) == ("", 128)
    text = whole_database()
    assert left_of(*people, kind="person") == set()
    assert [word for word in ("Retentia", "-mail.org", "198.51.100") if word in text] == []
    assert [secret for secret in secrets if secret in text] == []
    with reading() as connection:
        assert connection.execute(select(Signature.id)).all() == []
        assert connection.scalars(select(Endorsement.contact_email)).all() == [""]
        assert connection.scalars(select(Campaign.forgotten_at)).one() is not None


def test_the_privacy_page_says_when_expired_data_was_deleted_last(client, frozen_clock):
    assert "last on" not in client.get("/en/privacy").text
    services.run({}, {})
    frozen_clock.move(seconds=5)
    page = client.get("/en/privacy").text
    assert f'<time datetime="{last_run().isoformat(timespec="seconds")}">' in page
