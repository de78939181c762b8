"""What an application says about the person who speaks; encrypted, it waits beside the endorsement until it is confirmed. And the
content of the link in the mail that follows.
"""

import hashlib
from typing import NamedTuple

from pydantic import BaseModel

from pledge.core.encryption import vault
from pledge.core.tokens import Purpose
from pledge.endorsements import rules
from pledge.endorsements.models import Endorsement
from pledge.endorsements.rules import Content
from pledge.endorsements.verification.domains import is_free_mail
from pledge.mailed_links.links import read_numbers

#: Bytes of a digest.
_DIGEST = 12


class Applicant(BaseModel, frozen=True):
    """Who applied, and which texts they agreed to."""

    name: str
    title: str
    email: str
    show: bool  #: their consent that name and title are shown in public
    registration_number: str | None
    lang: str
    pledge_text_id: int
    privacy_version: str

    @property
    def spokesperson(self) -> str:
        """Name and title as the wall shows them; "" without their consent."""
        return rules.spokesperson(self.name, self.title, show=self.show)

    def fill(self, row: Endorsement) -> None:
        """Copy it into the endorsement."""
        domain = self.email.rpartition("@")[2]
        number = self.registration_number
        row.contact_name, row.contact_title, row.contact_email = self.name, self.title, self.email
        row.mail_domain = "" if is_free_mail(domain) else domain
        row.show_contact = self.show
        row.registration_number = number
        row.registration_hash = (
            None if number is None else vault().keyed_hash(f"registration number {number}")
        )
        row.lang = self.lang
        row.pledge_text_id = self.pledge_text_id
        row.privacy_version = self.privacy_version


class Payload(BaseModel, frozen=True):
    """An application on its way to the worker."""

    name_key: str
    content: Content
    applicant: Applicant
    proved: bool = False  #: its form came with proof of work


class ConfirmLink(NamedTuple):
    endorsement_id: int
    seq: int
    contact_number: int  #: of the person it was mailed to; invalid for a later one
    expired: bool


def read_confirm_token(token: str) -> ConfirmLink:
    """The content of a token to confirm. Raises BadToken."""
    (endorsement_id, seq, contact_number), expired = read_numbers(Purpose.ENDORSE_CONFIRM, token, 3)
    return ConfirmLink(endorsement_id, seq, contact_number, expired)


def name_digest(name_key: str) -> str:
    """In hex, short enough for an address; it need not hide the name, which the person typed themselves."""
    return hashlib.sha256(name_key.encode()).digest()[:_DIGEST].hex()
