"""In whose name the mails about a campaign go out."""

import json

import pytest
from sqlalchemy import select

from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.campaigns import senders, staff_queries
from pledge.campaigns.models import Partner
from pledge.campaigns.moderation import EditedMeanwhile
from pledge.campaigns.rules import FieldFault, stamp
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.mail.models import MailKind
from tests.support.factories import SLUG, campaign, the_campaign
from tests.support.mails import delivered, enqueue_true, part
from tests.support.refusals import faults_of

pytestmark = pytest.mark.usefixtures("app")

#: Of a campaign; the others are about an account of a member of staff, or written to the site.
KINDS = [kind for kind in MailKind if not kind.startswith("staff") and kind is not MailKind.CONTACT]


def set_reply_to(address, before=""):
    the_campaign()
    senders.set_reply_to(COMMAND_LINE, SLUG, stamp({"reply_to": before}), address)


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_about_a_campaign_names_its_secretariat_and_is_answered_to_its_address(kind):
    set_reply_to("sky@example.org")
    with transaction() as session:
        session.add(
            Partner(
                campaign_id=the_campaign().id, position=7, role="secretariat", name=Texts(ko="하늘", en="Sky")
            )
        )
    address = enqueue_true(kind, "en")
    mail = dict(delivered())[address]
    assert "The Secretariat · Sky" in part(mail, "plain").splitlines()
    assert ">The Secretariat · Sky<br>" in part(mail, "html")
    assert mail["Reply-To"] == "sky@example.org"


def test_without_an_address_of_its_own_a_campaign_is_answered_at_the_contact_of_the_site():
    address = enqueue_true(MailKind.THANKS)
    mail = dict(delivered())[address]
    assert mail["Reply-To"] == "privacy@localhost"
    assert "privacy@localhost" in part(mail, "plain")


def test_mails_of_two_campaigns_in_one_batch_keep_their_senders():
    set_reply_to("sky@example.org")
    here = enqueue_true(MailKind.THANKS)
    there = enqueue_true(MailKind.THANKS, of=campaign("air", reply_to="air@example.org"))
    reply_to = {to: mail["Reply-To"] for to, mail in delivered()}
    assert reply_to == {here: "sky@example.org", there: "air@example.org"}


@pytest.mark.parametrize("text", ["sky", "sky@", "a b@example.org", "sky@example.org\r\nBcc: x@example.org"])
def test_what_is_no_address_is_refused(text):
    assert faults_of(set_reply_to, text) == {"reply_to": FieldFault.EMAIL}
    assert staff_queries.desk(SLUG).reply_to == ""


def test_the_address_is_set_and_emptied_and_each_change_is_recorded():
    set_reply_to(" sky@example.org ")
    assert staff_queries.desk(SLUG).reply_to == "sky@example.org"
    with pytest.raises(EditedMeanwhile):
        set_reply_to("other@example.org")
    set_reply_to("", before="sky@example.org")
    assert staff_queries.desk(SLUG).reply_to == ""
    entries = db.session.execute(select(AuditEntry.action, AuditEntry.subject, AuditEntry.details)).all()
    assert [(action, about, json.loads(details)) for action, about, details in entries] == [
        (
            "campaign.reply_to",
            f"campaign:{SLUG}",
            {"before": {"reply_to": before}, "after": {"reply_to": after}},
        )
        for before, after in (("", "sky@example.org"), ("sky@example.org", ""))
    ]
