"""What people of staff do with their own accounts."""

import pytest

from pledge.accounts import services
from pledge.accounts.models import StaffPasskey
from pledge.accounts.passkeys import PasskeyFault, PasskeyRefused
from pledge.accounts.services import LastSecondFactor, WrongPassword
from pledge.audit.models import Actor
from tests.support.factories import member_of_staff, staff

pytestmark = pytest.mark.usefixtures("app")

PASSWORD = "three green herons waited"


def actor(person):
    return Actor(person.id, person.email, "")


def add_passkey(person, name="My phone", credential_id=b"1" * 16):
    added = StaffPasskey(credential_id=credential_id, public_key=b"key", sign_count=0, transports=[])
    services.add_passkey(actor(person), added, name, first=False)


def test_the_password_is_changed_only_by_who_knows_the_present_one():
    person = staff("viewer", password=PASSWORD)
    with pytest.raises(WrongPassword):
        services.change_password(actor(person), "wrong", "four blue cranes flew", keep=None)
    assert member_of_staff(person.id).password == person.password


def test_the_only_second_factor_cannot_be_removed():
    person = staff("viewer")
    with pytest.raises(LastSecondFactor):
        services.remove_authenticator(actor(person))
    add_passkey(person)
    services.remove_authenticator(actor(person))
    (passkey,) = member_of_staff(person.id).passkeys
    with pytest.raises(LastSecondFactor):
        services.remove_passkey(actor(person), passkey.id)


def test_a_name_of_a_passkey_is_used_once_by_each_person():
    person = staff("viewer")
    add_passkey(person)
    with pytest.raises(PasskeyRefused, match=PasskeyFault.NAME_IN_USE.name):
        add_passkey(person, credential_id=b"2" * 16)
    add_passkey(staff("viewer"), credential_id=b"3" * 16)


def test_one_passkey_belongs_to_one_account():
    add_passkey(staff("viewer"))
    with pytest.raises(PasskeyRefused, match=PasskeyFault.IN_USE.name):
        add_passkey(staff("viewer"))
