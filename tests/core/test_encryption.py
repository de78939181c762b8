"""Personal data at rest: it opens with its key and in its place, and a stolen copy of the database tells nothing."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from pledge.core.db import db
from pledge.core.encryption import Unreadable, Vault
from tests.support import postgres
from tests.support.factories import campaign, confirm_token, fold_all, sign_form

A, B, C = (SecretStr(character * 40) for character in "abc")
CONTEXT = "signatures.email"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_sealed_text_opens_as_it_was(plain):
    vault = Vault((A,))
    sealed = vault.seal(plain, CONTEXT)
    assert vault.unseal(sealed, CONTEXT) == plain
    if len(plain) > 3:
        assert plain.encode() not in sealed


def test_equal_texts_are_sealed_differently_every_time():
    vault = Vault((A,))
    assert len({vault.seal("hong@naver.com", CONTEXT) for _ in range(100)}) == 100


def test_a_value_moved_to_another_column_does_not_open():
    vault = Vault((A,))
    with pytest.raises(Unreadable):
        vault.unseal(vault.seal("hong@naver.com", CONTEXT), "signatures.name")


@given(st.data())
def test_a_damaged_value_does_not_open(data):
    vault = Vault((A,))
    sealed = bytearray(vault.seal("hong@naver.com", CONTEXT))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        vault.unseal(bytes(sealed), CONTEXT)


def test_a_cut_value_does_not_open_wherever_it_is_cut():
    vault = Vault((A,))
    sealed = vault.seal("hong@naver.com", CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            vault.unseal(sealed[:length], CONTEXT)


def test_what_could_not_be_read_is_not_part_of_the_error():
    vault = Vault((A,))
    sealed = vault.seal("hong@naver.com", CONTEXT)
    with pytest.raises(Unreadable) as failure:
        vault.unseal(sealed, "signatures.name")
    assert "hong" not in str(failure.value)


def test_after_a_new_key_is_put_first_old_values_open_and_look_ups_stay_equal():
    before, after = Vault((A,)), Vault((B, A))
    assert after.unseal(before.seal("hong@naver.com", CONTEXT), CONTEXT) == "hong@naver.com"
    assert after.keyed_hash("hong@naver.com") == before.keyed_hash("hong@naver.com")
    assert Vault((C, B, A)).keyed_hash("hong@naver.com") == before.keyed_hash("hong@naver.com")
    new = after.seal("hong@naver.com", CONTEXT)
    assert Vault((B,)).unseal(new, CONTEXT) == "hong@naver.com"
    with pytest.raises(Unreadable):
        before.unseal(new, CONTEXT)


def test_look_ups_need_the_key():
    assert len(Vault((A,)).keyed_hash("x")) == 32
    assert Vault((A,)).keyed_hash("x") != Vault((B,)).keyed_hash("x")
    assert Vault((A,)).keyed_hash("x") != Vault((A,)).keyed_hash("y")


# --- A stolen copy ---

NAMES = ("김서명비밀", "Zebulon Quagmire")
ADDRESSES = ("zebulon.quagmire+tag@secret-mailbox.org", "kim.bimil@secret-mailbox.org")


def copy_of_the_database(url, tmp_path):
    """Everything that somebody finds who gets hold of the files, or of a dump."""
    if url.startswith("sqlite"):
        files = [Path(url.removeprefix("sqlite:///") + end) for end in ("", "-wal")]
        # By another process: whoever closes a file of SQLite gives up all locks that its process has on it, and the next
        # process to end would take itself for the last (https://sqlite.org/howtocorrupt.html, 2.2).
        return subprocess.run(
            ["cat", *(file for file in files if file.exists())], capture_output=True, check=True
        ).stdout
    parts = urlsplit(url.replace("+psycopg", ""))
    address = ["-h", "127.0.0.1", "-p", str(parts.port), "-U", "postgres", parts.path[1:]]
    dump = subprocess.run([postgres.binaries() / "pg_dump", *address], capture_output=True, check=True)
    return dump.stdout


def spellings(secret):
    """A text as it would stand in a file, in a dump of bytes, and percent-encoded."""
    from urllib.parse import quote

    raw = secret.encode()
    return [raw, raw.hex().encode(), quote(secret).encode(), secret.encode("unicode-escape"), raw[::-1]]


def test_a_copy_of_the_database_has_no_address_and_no_name(app, client, database, tmp_path):
    campaign()
    for name, address in zip(NAMES, ADDRESSES, strict=True):
        assert (
            client.post(
                "/ko/c/blue-skies/sign", data=sign_form(name=name, email=address, public_name="y")
            ).status_code
            == 303
        )
    from sqlalchemy import select

    from pledge.signatures.models import Signature

    people = db.session.scalars(select(Signature)).all()
    assert sorted(person.email for person in people) == sorted(ADDRESSES)
    links = [confirm_token(person) for person in people]
    assert client.post(f"/ko/confirm/{links[0]}").status_code == 303
    fold_all()
    client.post("/ko/me", data={"email": ADDRESSES[0]})
    client.post(f"/ko/confirm/{links[1]}/not-me", data={"email": ADDRESSES[1]})
    db.session.rollback()
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM signatures")).scalar() == 1

    copy = copy_of_the_database(database, tmp_path)
    assert b"blue-skies" in copy  # it is the right database, and readable
    for secret in (*NAMES, *ADDRESSES, "secret-mailbox", "Quagmire", "비밀", *links):
        for spelling in spellings(secret):
            assert spelling not in copy, secret
