"""After a change of data keys: what an older key has encrypted is encrypted anew, while people go on changing it."""

import pytest
from pydantic import SecretStr
from sqlalchemy import LargeBinary, select, type_coerce

from pledge.core.db import db, encrypted_columns, reading, transaction
from pledge.core.db.encrypted_columns import Sealed
from pledge.core.encryption import Unreadable, Vault
from pledge.signatures.models import Signature
from tests.support.at_once import at_once
from tests.support.factories import endorsement, signature, signatures, staff

OLD, NEW = SecretStr("o" * 40), SecretStr("n" * 40)


@pytest.fixture
def keys(app):
    """`keys(NEW, OLD)`: from now on the site has these data keys, newest first."""
    before = app.extensions.get("pledge.vault")

    def use(*masters):
        app.extensions["pledge.vault"] = Vault(masters)

    use(OLD)
    yield use
    app.extensions["pledge.vault"] = before


def of_the_old_key():
    """How many rows have a value that the old key has encrypted, by table."""
    counts = {}
    for table in db.metadata.tables.values():
        columns = [column for column in table.columns if isinstance(column.type, Sealed)]
        if not columns:
            continue
        with reading() as connection:
            rows = connection.execute(select(*(type_coerce(column, LargeBinary) for column in columns))).all()
        begins = Vault((OLD,)).newest
        number = sum(
            any(value is not None and bytes(value).startswith(begins) for value in row) for row in rows
        )
        counts |= {table.name: number} if number else {}
    return counts


def test_every_table_with_encrypted_columns_is_encrypted_anew_and_opens_without_the_old_key(keys):
    signatures(3, name="홍길동")
    endorsement(contact_name="김담당")
    staff(totp_secret="JBSWY3DPEHPK3PXP")
    assert {"signatures", "endorsements", "staff"} <= of_the_old_key().keys()
    keys(NEW, OLD)

    done = dict(encrypted_columns.reencrypt())

    assert of_the_old_key() == {}
    assert done["signatures"] == 3
    assert dict(encrypted_columns.reencrypt()) == {}
    keys(NEW)
    with reading() as connection:
        assert connection.scalars(select(Signature.name)).all() == ["홍길동"] * 3


def test_a_value_that_no_key_opens_is_named_and_nothing_of_its_batch_is_changed(keys):
    signatures(2)
    keys(NEW)
    with pytest.raises(Unreadable, match=r"no data key for signatures\.email"):
        dict(encrypted_columns.reencrypt())
    assert of_the_old_key()["signatures"] == 2


def test_what_people_change_meanwhile_stays_as_they_changed_it(app, keys, monkeypatch):
    monkeypatch.setattr(encrypted_columns, "BATCH", 5)
    rows = [row.id for row in signatures(40, name="이전")]
    keys(NEW, OLD)

    def change():
        for number in rows:
            with transaction() as session:
                session.get(Signature, number).name = "이후"

    def until_done():
        while dict(encrypted_columns.reencrypt()):
            pass

    at_once(app, change, until_done, until_done)

    until_done()
    assert of_the_old_key() == {}
    with reading() as connection:
        assert set(connection.scalars(select(Signature.name))) == {"이후"}


@pytest.mark.postgresql_only
def test_a_row_that_somebody_holds_is_passed_over_and_done_later(app, keys):
    held = signatures(2)[0]
    keys(NEW, OLD)
    with db.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(select(Signature.id).where(Signature.id == held.id).with_for_update())
        assert dict(encrypted_columns.reencrypt()) == {"signatures": 1}
        connection.rollback()
    assert dict(encrypted_columns.reencrypt()) == {"signatures": 1}


@pytest.mark.postgresql_only
def test_the_command_does_not_call_done_what_it_passed_over(runner, keys):
    """Whoever believes it removes the old key, and with it what only that key opens."""
    held = signatures(2)[0]
    keys(NEW, OLD)
    with db.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(select(Signature.id).where(Signature.id == held.id).with_for_update())
        result = runner.run("data-keys", "reencrypt", code=1)
        connection.rollback()
    assert "rows are still being changed; call this again" in result


def test_the_command_says_what_it_did_and_which_keys_are_needed_now(runner, keys):
    signatures(2)
    keys(NEW, OLD)

    result = runner.run("data-keys", "reencrypt")
    assert "signatures: 2 rows encrypted anew" in result
    assert "only the last one of PLEDGE_DATA_KEYS is needed now" in result


def test_the_command_names_a_missing_key(runner, keys):
    signature()
    keys(NEW)
    result = runner.run("data-keys", "reencrypt", code=1)
    assert "put the key that encrypted it back into PLEDGE_DATA_KEYS" in result
