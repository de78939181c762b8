"""Signed links: whatever is done to one, it reads as itself or as nothing."""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import timedelta
from secrets import token_hex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner
from pydantic import SecretStr

from pledge.core import tokens
from pledge.core.tokens import MAX_LENGTH, BadToken, Purpose

pytestmark = pytest.mark.sqlite_only

URL_SAFE = string.ascii_letters + string.digits + "-_.="
PAYLOAD = [2**62 + 1, 3]

purposes = st.sampled_from(list(Purpose))


def key(character):
    return SecretStr(character * 40)


def read_or_none(purpose, token):
    """The payload, or None for BadToken; anything else that is raised fails the test."""
    try:
        return tokens.read(purpose, token).payload
    except BadToken:
        return None


@pytest.fixture
def with_keys(app, monkeypatch):
    """`with_keys(new, old)`: the application has these keys, newest first."""

    def use(*keys):
        changed = app.extensions["pledge.config"].model_copy(update={"secret_keys": keys})
        monkeypatch.setitem(app.extensions, "pledge.config", changed)

    return use


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_reads_as_what_was_minted(app, purpose):
    token = tokens.mint(purpose, PAYLOAD)
    assert tokens.read(purpose, token) == tokens.Token(PAYLOAD, expired=False)
    assert set(token) <= set(URL_SAFE)
    assert len(token) < 200


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.FORM])
def test_nobody_reads_the_number_of_a_row_in_a_token_and_no_two_tokens_are_alike(app, purpose):
    token = tokens.mint(purpose, PAYLOAD)
    content = urlsafe_b64decode(token.partition(".")[0] + "==")
    assert str(PAYLOAD[0]).encode() not in content
    assert PAYLOAD[0].to_bytes(8, "big") not in content
    assert tokens.mint(purpose, PAYLOAD) != token


def test_the_mark_of_a_form_is_the_same_in_every_process(app):
    assert tokens.mint(Purpose.FORM, PAYLOAD) == tokens.mint(Purpose.FORM, PAYLOAD)


def test_a_payload_that_is_signed_and_not_sealed_is_refused(app):
    serializer = tokens._serializer(tokens._keys(), Purpose.UNSUBSCRIBE)
    token = serializer.make_signer(serializer.salt).sign(urlsafe_b64encode(b"[1,3]").rstrip(b"="))
    with pytest.raises(BadToken):
        tokens.read(Purpose.UNSUBSCRIBE, token.decode())


@given(purposes, st.data())
def test_a_changed_character_makes_it_nothing_or_leaves_it_itself(app, purpose, data):
    token = tokens.mint(purpose, PAYLOAD)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.sampled_from(URL_SAFE) | st.characters()) + token[place + 1 :]
    payload = read_or_none(purpose, changed)
    assert payload in (None, PAYLOAD)
    if changed != token and place < len(token) - 1:
        assert payload is None


@given(purposes, st.data())
def test_a_cut_or_lengthened_token_is_nothing_or_itself(app, purpose, data):
    token = tokens.mint(purpose, PAYLOAD)
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    if (start, end) != (0, len(token)):
        assert read_or_none(purpose, token[start:end]) is None
    assert read_or_none(purpose, token + data.draw(st.text(min_size=1, max_size=600))) in (None, PAYLOAD)


@given(purposes, purposes)
def test_a_token_opens_nothing_but_its_own_purpose(app, minted, asked):
    payload = read_or_none(asked, tokens.mint(minted, PAYLOAD))
    assert (payload == PAYLOAD) is (minted is asked)


@given(purposes, st.text(max_size=700) | st.text(alphabet=URL_SAFE, max_size=700))
@example(Purpose.CONFIRM, "a.\udfff.b")
@example(Purpose.FORM, "\ud800")
def test_any_text_is_refused_with_the_one_error(app, purpose, text):
    assert read_or_none(purpose, text) is None


def test_a_token_longer_than_any_of_ours_is_not_even_looked_at(app):
    long = tokens.mint(Purpose.TICKET, [token_hex(MAX_LENGTH)])  # random: equal letters would be packed
    assert len(long) > MAX_LENGTH
    with pytest.raises(BadToken):
        tokens.read(Purpose.TICKET, long)


@pytest.mark.parametrize("payload", [{"id": 1}, "text", 7, None, [1.5], [[1]], [None]])
def test_a_payload_of_another_shape_is_refused_although_it_is_signed(app, payload):
    serializer = tokens._serializer(tokens._keys(), Purpose.TICKET)
    with pytest.raises(BadToken):
        tokens.read(Purpose.TICKET, serializer.dumps(payload).decode())


# --- Time ---


@pytest.mark.parametrize(
    ("age", "expired"),
    [
        (timedelta(0), False),
        (timedelta(days=6, hours=23), False),
        (timedelta(days=7, minutes=4), False),
        (timedelta(days=7, minutes=6), True),
        (timedelta(days=4000), True),
    ],
)
def test_a_link_to_confirm_lives_seven_days_and_the_skew(app, frozen_clock, age, expired):
    token = tokens.mint(Purpose.CONFIRM, PAYLOAD)
    frozen_clock.move(seconds=age.total_seconds())
    assert tokens.read(Purpose.CONFIRM, token) == tokens.Token(PAYLOAD, expired=expired)


@pytest.mark.parametrize(("minutes", "read"), [(4, PAYLOAD), (10, None)])
def test_a_link_from_a_machine_that_is_ahead_is_accepted_within_the_skew(app, frozen_clock, minutes, read):
    token = tokens.mint(Purpose.CONFIRM, PAYLOAD)
    frozen_clock.move(minutes=-minutes)
    assert read_or_none(Purpose.CONFIRM, token) == read


@pytest.mark.parametrize("second", [0, 2**40, 2**62, 2**63, 2**64 - 1])
def test_a_signed_time_outside_the_calendar_is_refused_or_expired(app, monkeypatch, second):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: second)
    token = tokens.mint(Purpose.CONFIRM, PAYLOAD)
    with suppress(BadToken):
        assert tokens.read(Purpose.CONFIRM, token).expired


@pytest.mark.parametrize("purpose", [p for p in Purpose if p.lifetime is None])
def test_links_without_a_clock_never_expire(app, frozen_clock, purpose):
    token = tokens.mint(purpose, PAYLOAD)
    frozen_clock.move(days=4000)
    assert tokens.read(purpose, token) == tokens.Token(PAYLOAD, expired=False)


# --- Keys ---


@pytest.mark.parametrize("purpose", Purpose)
def test_another_key_makes_it_nothing(with_keys, purpose):
    with_keys(key("a"))
    token = tokens.mint(purpose, PAYLOAD)
    with_keys(key("b"))
    assert read_or_none(purpose, token) is None


@pytest.mark.parametrize("purpose", Purpose)
def test_a_new_key_before_the_old_one_refuses_no_link_old_or_new(with_keys, purpose):
    with_keys(key("a"))
    old = tokens.mint(purpose, PAYLOAD)
    with_keys(key("b"), key("a"))
    new = tokens.mint(purpose, PAYLOAD)
    assert read_or_none(purpose, old) == PAYLOAD
    assert read_or_none(purpose, new) == PAYLOAD
    # The newest signed it, so the old one may go.
    with_keys(key("b"))
    assert read_or_none(purpose, new) == PAYLOAD
    assert read_or_none(purpose, old) is None


# --- Codes ---


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**31))
def test_a_code_has_six_digits_and_belongs_to_one_version_of_one_row(app, row, seq):
    code = tokens.code(row, seq)
    assert len(code) == 6
    assert set(code) <= set(string.digits)
    assert tokens.code_matches(code, row, seq)
    assert tokens.code(row, seq) == code


def test_a_wrong_code_does_not_match(app):
    right = tokens.code(7, 1)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for text in (
        wrong,
        "",
        right[:5],
        right + "0",
        right[::-1] if right != right[::-1] else "x",
        "가나다라마바",
        "\ud800",
    ):
        assert not tokens.code_matches(text, 7, 1)


def test_a_code_of_an_older_key_still_matches_and_of_a_dropped_key_does_not(with_keys):
    with_keys(key("a"))
    code = tokens.code(7, 1)
    with_keys(key("b"), key("a"))
    assert tokens.code_matches(code, 7, 1)
    assert tokens.code(7, 1) != code
    with_keys(key("b"))
    assert not tokens.code_matches(code, 7, 1)
