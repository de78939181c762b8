"""What somebody writes to the site by its form."""

import pytest
from sqlalchemy import text

from pledge.core.db import db
from pledge.mail import contact
from pledge.mail.contact import ContactMessage
from pledge.mail.models import MailKind, OutboxMail
from tests.support.mails import Notes, deliver, fate

LETTER = ContactMessage("홍길동", "hong@example.org", "안녕하세요.\n\n<b>버튼</b>이 눌리지 않습니다.")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_message_goes_to_the_contact_of_the_site_and_the_answer_to_whoever_wrote(app, lang):
    contact.write(LETTER, lang)
    notes = Notes()
    assert deliver(notes).sent == 1
    assert notes.recipients == ["privacy@localhost"]
    (mail,) = notes.mails
    assert mail["Reply-To"] == LETTER.email
    assert "홍길동" in mail["Subject"]
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "<b>버튼</b>이 눌리지 않습니다." in plain
    assert "&lt;b&gt;버튼" in html


def test_what_was_written_is_encrypted_while_it_waits_and_gone_once_it_is_sent(app):
    contact.write(LETTER, "ko")
    stored = db.session.execute(text("SELECT id, kind, payload FROM outbox_mails")).one()
    assert stored.kind == MailKind.CONTACT
    for words in (LETTER.name, LETTER.email, "버튼"):
        assert words.encode() not in bytes(stored.payload)
    deliver(Notes())
    row: OutboxMail = fate(stored.id)
    assert (row.state, row.payload) == ("sent", None)
