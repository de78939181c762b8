"""The forms about signatures: whom or what to look for, and what to do with those of a cluster or of a condition."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields import Field
from wtforms.validators import AnyOf, NumberRange, Optional, ValidationError

from pledge.abuse.models import OriginKind
from pledge.core import clock
from pledge.mail.addresses import Address, BadAddress, parse
from pledge.signatures import origins
from pledge.signatures.invalidation.models import Condition, InvalidationAct, InvalidationReason
from pledge.signatures.origins import BadOrigin
from pledge.web.forms import StaffForm, WholeNumberField
from pledge.web.staff.forms import StatedReasonForm, moment_field


class LookUpForm(StaffForm):
    email = StringField(_l("E-mail"))

    address: Address

    def validate_email(self, field: Field) -> None:
        try:
            self.address = parse(field.data or "")
        except BadAddress:
            raise ValidationError(_l("Enter an e-mail address in the form name@example.com.")) from None


class HoldForm(StatedReasonForm):
    """The reason for a decision about one that is held or would be, on a page with another one."""

    def __init__(self, formdata: Any = None) -> None:
        super().__init__(formdata, prefix="hold_")


class FindForm(StaffForm):
    """A network, a mail domain or one address, to see what comes from there, and to hold or allow it."""

    campaign = SelectField(_l("Campaign"), validate_choice=False)
    sought = StringField(_l("Network, e-mail domain or address"))

    kind: OriginKind
    hash: bytes

    def validate_sought(self, field: Field) -> None:
        text, slug = (field.data or "").strip(), str(self.campaign.data)
        readers: dict[OriginKind, Callable[[], bytes]] = {
            OriginKind.NETWORK: lambda: origins.network_hash(slug, origins.read_network(text)),
            OriginKind.DOMAIN: lambda: origins.domain_hash(slug, origins.read_domain(text)),
            OriginKind.ADDRESS: lambda: origins.listed_address_hash(slug, parse(text)),
        }
        for kind, read in readers.items():
            with suppress(BadOrigin, BadAddress):
                self.kind, self.hash = kind, read()
                return
        raise ValidationError(_l("Enter an IP address, an e-mail address, or the part of one after the @."))


class ActForm(StatedReasonForm):
    """One reason for what is done with the sign-ups of a cluster that came in since `since`."""

    since = StringField()
    reason = SelectField(
        _l("Reason in the public totals"),
        choices=[reason.value for reason in InvalidationReason],
        default=InvalidationReason.AUTOMATED.value,
    )

    begins: datetime

    def validate_since(self, field: Field) -> None:
        try:
            self.begins = clock.from_iso_utc(field.data or "")
        except ValueError:
            abort(400)


#: A day: whoever took longer to confirm was no robot.
MAX_SPEED = 24 * 60 * 60
_BAD_SPEED = _l("Enter a number of seconds from 1 to 86,400.")

#: A network or domain of which only the hash is known, as the watch links it.
_HASH = re.compile(r"#([0-9a-f]{64})")


class InvalidationForm(StatedReasonForm):
    """Empty fields exclude nothing. The attributes below the fields are set by the validators."""

    act = SelectField(
        _l("What should happen"),
        [AnyOf(list(InvalidationAct), _l("Choose what should happen from the list."))],
        validate_choice=False,
        default=InvalidationAct.INVALIDATE.value,
    )
    campaign = SelectField(_l("Campaign"), validate_choice=False)
    network = StringField(_l("Network"))
    domain = StringField(_l("E-mail domain"))
    signed_from = moment_field(_l("Signed from"))
    signed_until = moment_field(_l("Signed before"))
    faster_than = WholeNumberField(
        _l("Confirmed within"),
        [Optional(), NumberRange(1, MAX_SPEED, _BAD_SPEED)],
        invalid_value_message=_BAD_SPEED,
    )
    reason = SelectField(_l("Reason"), validate_choice=False)

    campaigns: dict[int, str]
    network_hash: bytes | None = None
    domain_hash: bytes | None = None

    def validate_campaign(self, field: Field) -> None:
        if field.data and field.data not in self.campaigns.values():
            raise ValidationError(_l("Choose a campaign from the list."))

    def validate_network(self, field: Field) -> None:
        wrong = _l("Enter an IPv4 or IPv6 address, for example 203.0.113.7 or 2001:db8:1:2::1.")
        self.network_hash = self._hash(field, origins.read_network, origins.network_hash, wrong)

    def validate_domain(self, field: Field) -> None:
        wrong = _l("Enter the part after the @, for example mail.example.com.")
        self.domain_hash = self._hash(field, origins.read_domain, origins.domain_hash, wrong)

    def validate_signed_until(self, field: Field) -> None:
        if self.signed_from.data and field.data and field.data <= self.signed_from.data:
            raise ValidationError(_l("It ends before it begins."))

    def validate_reason(self, field: Field) -> None:
        if self.act.data == InvalidationAct.INVALIDATE and field.data not in set(InvalidationReason):
            raise ValidationError(_l("Choose a reason from the list."))

    def _hash(
        self, field: Field, read: Callable[[str], str], hashed: Callable[[str, str], bytes], wrong: object
    ) -> bytes | None:
        """What a network or domain is stored as. It needs the campaign: the hashes differ between campaigns, so that no data
        joins them.
        """
        text = (field.data or "").strip()
        if known := _HASH.fullmatch(text):
            return bytes.fromhex(known[1])
        if not text:
            return None
        try:
            origin = read(text)
        except BadOrigin:
            raise ValidationError(wrong) from None
        if not self.campaign.data:
            raise ValidationError(
                _l(
                    "Choose the campaign too: networks and e-mail domains are kept separately for each campaign."
                )
            )
        return hashed(str(self.campaign.data), origin)

    @property
    def public_reason(self) -> InvalidationReason | None:
        takes_out = self.act.data == InvalidationAct.INVALIDATE
        return InvalidationReason(self.reason.data) if takes_out else None

    @property
    def condition(self) -> Condition:
        """The condition for the use case; the form must have been validated."""
        chosen = [number for number, slug in self.campaigns.items() if slug == self.campaign.data]
        return Condition(
            campaign_id=chosen[0] if chosen else None,
            network_hash=self.network_hash,
            domain_hash=self.domain_hash,
            signed_from=self.signed_from.data,
            signed_until=self.signed_until.data,
            faster_than=self.faster_than.data,
        )
