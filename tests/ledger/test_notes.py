"""Signed notes and checkpoints: what the site makes is read by verifier/verify.py, what Go's note package wrote too, and nothing that
is not right."""

import re
from base64 import b64decode, b64encode

import pytest

from pledge.ledger import notes
from tests.support.checkers import program

#: From the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

NAME = "pledge.example/log/blue-skies"
OLD, NEW, STRANGE = (notes.signer(NAME, secret) for secret in ("an old secret", "a new secret", "of another"))
TEXT = notes.checkpoint_text(NAME, 3, b"r" * 32)
NOTE = notes.sign(TEXT, [NEW, OLD])


def opened(note, *signers, origin=NAME):
    """The text of a note that one of these has signed. Raises ValueError."""
    opened_note = program.Note(note.encode())
    opened_note.signed_by([program.Key(signer.verifier) for signer in signers], origin)
    return opened_note.text


def test_a_note_of_go_is_opened_with_its_key():
    keys = [program.Key(GO_KEY)]
    assert program.Note(GO_NOTE.encode()).signed_by(keys, "PeterNeumann") == keys
    with pytest.raises(ValueError, match="wrong"):
        program.Note(GO_NOTE.replace("think", "thank").encode()).signed_by(keys, "PeterNeumann")


def test_a_key_in_text_form_is_read_back():
    assert re.fullmatch(re.escape(NAME) + r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", OLD.verifier)
    key = program.Key(OLD.verifier)
    assert (key.name, key.id, key.audit_id) == (NAME, OLD.key_id, OLD.audit_id)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a+b+c", GO_KEY[:-1], GO_KEY[:-4], GO_KEY + "AAAA", GO_KEY.replace("PeterNeumann", "")),
        *(GO_KEY.replace("c74f20a3", "c74f20a4"), GO_KEY.replace("c74f20a3", "C74F20A3")),
        *(GO_KEY.replace("Peter", "Petra"), GO_KEY.replace("+c74", " +c74"), GO_KEY.replace("+AR", "+BR")),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError):
        program.Key(text)


def test_a_key_is_made_from_its_secret_alone_and_is_never_that_of_another():
    assert notes.signer(NAME, "a new secret").verifier == NEW.verifier
    assert len({OLD.verifier, NEW.verifier, STRANGE.verifier}) == 3
    elsewhere = notes.signer("other.example/log/blue-skies", "a new secret")
    assert program.Key(elsewhere.verifier).key == program.Key(NEW.verifier).key
    assert elsewhere.key_id != NEW.key_id


@pytest.mark.parametrize("known", [[NEW], [OLD], [NEW, OLD], [STRANGE, OLD]])
def test_during_a_rotation_either_key_opens_the_note(known):
    assert opened(NOTE, *known) == TEXT


@pytest.mark.parametrize("known", [[], [STRANGE], [notes.signer("pledge.example/log/other", "a new secret")]])
def test_a_note_that_nobody_known_has_signed_is_refused(known):
    with pytest.raises(ValueError, match="no known key"):
        opened(NOTE, *known)


def test_a_wrong_signature_of_a_known_key_spoils_the_note_even_beside_a_right_one():
    new, old = NOTE.rpartition("\n\n")[2].splitlines(keepends=True)
    data = bytearray(b64decode(old.split(" ")[2]))
    data[-1] ^= 1
    wrong = old.rpartition(" ")[0] + " " + b64encode(data).decode() + "\n"
    with pytest.raises(ValueError, match="wrong"):
        opened(f"{TEXT}\n{new}{wrong}", NEW, OLD)
    assert opened(f"{TEXT}\n{new}{wrong}", NEW) == TEXT, "of an unknown one it is passed over"


def test_sixteen_signatures_of_strangers_are_passed_over():
    strangers = [notes.signer(f"witness{number}.example/w", "w") for number in range(16)]
    assert opened(notes.sign(TEXT, [*strangers, NEW]), NEW) == TEXT


def test_one_byte_changed_anywhere_spoils_a_note():
    raw = notes.sign(TEXT, [NEW]).encode()
    for place in range(len(raw)):
        for changed in (
            raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :],
            raw[:place] + raw[place + 1 :],
        ):
            with pytest.raises(ValueError):
                program.Note(changed).signed_by([program.Key(NEW.verifier)], NAME)


@pytest.mark.parametrize(
    "note",
    [
        *("", "\n", "\n\n", TEXT, TEXT + "\n", NOTE[:-1], NOTE + "\n", NOTE.replace("\N{EM DASH}", "-")),
        *(NOTE + f"\N{EM DASH} {line}\n" for line in ("a", "a b", "a AAAA")),
        *(NOTE + "more\n", NOTE.replace("\n", "\r\n"), NOTE.replace("3", "3\0", 1), "x" * 100_001 + NOTE),
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(ValueError):
        opened(note, NEW, OLD)


def test_a_checkpoint_is_three_lines_and_is_read_back():
    assert f"{NAME}\n3\n{b64encode(b'r' * 32).decode()}\n" == TEXT
    checkpoint = program.Checkpoint(NOTE.encode())
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (NAME, 3, b"r" * 32)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a\n",
            "a\n1\n",
            "a\n1\nAAAA\n",
            TEXT[:-1],
            TEXT.replace(NAME, ""),
            TEXT.replace("cnI=", "cnJ="),
        ),
        *(TEXT.replace("\n3\n", f"\n{size}\n") for size in ("03", "+3", "-3", " 3", "\u0663", "3_0")),
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError):
        program.Checkpoint(notes.sign(text, [NEW]).encode())
