"""The arithmetic inside verifier/verify.py, for machines without `cryptography`."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.checkers import program, pure

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
#: The encodings of points whose order divides eight.
SMALL_ORDER = [
    *(y.to_bytes(32, "little") for y in (0, 1, PRIME - 1)),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]

BOTH = pytest.mark.parametrize("verifier", [program, pure], ids=["with cryptography", "alone"])


@settings(max_examples=25)
@given(text=st.binary(max_size=200), data=st.data())
def test_the_own_arithmetic_and_cryptography_agree_on_right_and_changed_signatures(text, data):
    private = Ed25519PrivateKey.from_private_bytes(data.draw(st.binary(min_size=32, max_size=32)))
    key = private.public_key().public_bytes_raw()
    signature = bytearray(private.sign(text))
    assert program.is_signed(key, bytes(signature), text)
    assert pure.is_signed(key, bytes(signature), text)

    place, change = data.draw(st.integers(0, 63)), data.draw(st.integers(1, 255))
    signature[place] ^= change
    assert not program.is_signed(key, bytes(signature), text)
    assert not pure.is_signed(key, bytes(signature), text)


@BOTH
def test_the_other_number_that_means_the_same_is_refused(verifier):
    """Section 5.1.7: S must lie below the order, else anybody could make a second signature out of a first."""
    private = Ed25519PrivateKey.generate()
    signature = private.sign(b"text")
    larger = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verifier.is_signed(private.public_key().public_bytes_raw(), signature[:32] + larger, b"text")


@BOTH
@pytest.mark.parametrize("key", SMALL_ORDER, ids=lambda key: key.hex()[:8])
def test_a_key_that_would_fit_every_text_is_refused(verifier, key):
    identity = (1).to_bytes(32, "little")
    assert not verifier.is_signed(key, identity + bytes(32), secrets.token_bytes(8))


@BOTH
@pytest.mark.parametrize(
    "key", [PRIME + 1, PRIME + 3, (1 << 255) | 1, 2], ids=["1 again", "3 again", "minus zero", "no point"]
)
def test_a_key_in_another_than_its_one_encoding_is_refused(verifier, key):
    assert not verifier.is_signed(key.to_bytes(32, "little"), bytes(64), b"text")


@BOTH
@pytest.mark.parametrize(("key", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_a_key_or_signature_of_another_length_is_refused(verifier, key, signature):
    assert not verifier.is_signed(bytes(key), bytes(signature), b"text")
