"""Signed notes and checkpoints: what Go's note package wrote is read, and nothing that is not right."""

import re
from base64 import b64decode, b64encode

import pytest

from pledge.ledger import notes
from pledge.ledger.notes import BadNote, TreeHead

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
TEXT = TreeHead(NAME, 3, b"r" * 32).text
NOTE = notes.sign(TEXT, [NEW, OLD])


def lines_of(note):
    return note.rpartition("\n\n")[2].splitlines(keepends=True)


def test_a_note_of_go_is_opened_with_its_key():
    text = notes.open_note(GO_NOTE, [notes.read_verifier(GO_KEY)])
    assert text.startswith("If you think")
    assert text.endswith("problem is.\n")
    with pytest.raises(BadNote):
        notes.open_note(GO_NOTE.replace("think", "thank"), [notes.read_verifier(GO_KEY)])


def test_a_key_in_text_form_is_read_back():
    assert str(notes.read_verifier(GO_KEY)) == GO_KEY
    for signer in (OLD, NEW):
        assert notes.read_verifier(str(signer.verifier)) == signer.verifier
    assert re.fullmatch(re.escape(NAME) + r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", str(OLD.verifier))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "a+b+c",
            GO_KEY[:-1],
            GO_KEY[:-4],
            GO_KEY + "AAAA",
            GO_KEY.replace("c74f20a3", "c74f20a4"),
        ),
        *(
            GO_KEY.replace("Peter", "Petra"),
            GO_KEY.replace("c74f20a3", "C74F20A3"),
            GO_KEY.replace("+c74", " +c74"),
        ),
        GO_KEY.replace("PeterNeumann", ""),
        GO_KEY.replace("+AR", "+BR"),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(BadNote):
        notes.read_verifier(text)


def test_a_key_is_made_from_its_secret_alone_and_is_never_that_of_another():
    assert notes.signer(NAME, "a new secret").verifier == NEW.verifier
    assert len({OLD.verifier.key, NEW.verifier.key, STRANGE.verifier.key}) == 3
    elsewhere = notes.signer("other.example/log/blue-skies", "a new secret").verifier
    assert elsewhere.key == NEW.verifier.key
    assert elsewhere.key_id != NEW.verifier.key_id


@pytest.mark.parametrize("known", [[NEW], [OLD], [NEW, OLD], [STRANGE, OLD]])
def test_during_a_rotation_either_key_opens_the_note(known):
    assert notes.open_note(NOTE, [signer.verifier for signer in known]) == TEXT


@pytest.mark.parametrize("known", [[], [STRANGE]])
def test_a_note_that_nobody_known_has_signed_is_refused(known):
    with pytest.raises(BadNote, match="no known key"):
        notes.open_note(NOTE, [signer.verifier for signer in known])


def test_a_wrong_signature_of_a_known_key_spoils_the_note_even_beside_a_right_one():
    new, old = lines_of(NOTE)
    data = bytearray(b64decode(old.split(" ")[2]))
    data[-1] ^= 1
    wrong = old.rpartition(" ")[0] + " " + b64encode(data).decode() + "\n"
    with pytest.raises(BadNote, match="wrong"):
        notes.open_note(f"{TEXT}\n{new}{wrong}", [NEW.verifier, OLD.verifier])
    assert notes.open_note(f"{TEXT}\n{new}{wrong}", [NEW.verifier]) == TEXT, (
        "of an unknown one it is passed over"
    )


def test_sixteen_signatures_of_strangers_are_passed_over():
    strangers = [notes.signer(f"witness{number}.example/w", "w") for number in range(16)]
    note = notes.sign(TEXT, [*strangers, NEW])
    assert notes.open_note(note, [NEW.verifier]) == TEXT


def test_a_signature_for_another_log_is_none_for_this_one():
    other = notes.signer("pledge.example/log/other", "a new secret")
    with pytest.raises(BadNote):
        notes.open_note(notes.sign(TEXT, [other]), [NEW.verifier])


def test_one_byte_changed_anywhere_spoils_a_note():
    note = notes.sign(TEXT, [NEW])
    raw = note.encode()
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises((BadNote, UnicodeDecodeError)):
            notes.open_note(changed.decode(), [NEW.verifier])
        with pytest.raises((BadNote, UnicodeDecodeError)):
            notes.open_note((raw[:place] + raw[place + 1 :]).decode(), [NEW.verifier])


@pytest.mark.parametrize(
    "note",
    [
        *("", "\n", "\n\n", TEXT, TEXT + "\n", NOTE[:-1], NOTE + "\n", NOTE.replace("\N{EM DASH}", "-")),
        *(
            NOTE + "\N{EM DASH} a\n",
            NOTE + "\N{EM DASH} a b\n",
            NOTE + "\N{EM DASH} a AAAA\n",
            NOTE + "more\n",
        ),
        *(NOTE.replace("\n", "\r\n"), NOTE.replace("3", "3\0", 1), NOTE + "\N{EM DASH} a+b AAAAAAAA\n"),
        "x" * 100_001 + NOTE,
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(BadNote):
        notes.open_note(note, [NEW.verifier, OLD.verifier])


def test_a_checkpoint_is_three_lines_and_is_read_back():
    assert f"{NAME}\n3\n{b64encode(b'r' * 32).decode()}\n" == TEXT
    assert notes.read_state(TEXT) == TreeHead(NAME, 3, b"r" * 32)
    assert notes.read_state(TEXT + "an extension line\n").size == 3, "tlog-checkpoint: others may have some"


@pytest.mark.parametrize(
    "text",
    [
        *("", "a\n", "a\n1\n", TEXT[:-1], TEXT.replace("\n3\n", "\n03\n"), TEXT.replace("\n3\n", "\n+3\n")),
        *(
            TEXT.replace("\n3\n", "\n-3\n"),
            TEXT.replace("\n3\n", "\n 3\n"),
            TEXT.replace("\n3\n", "\n\u0663\n"),
        ),
        *(
            TEXT.replace("\n3\n", "\n3_0\n"),
            TEXT.replace(NAME, ""),
            "a\n1\nAAAA\n",
            TEXT.replace("cnI=", "cnJ="),
        ),
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        notes.read_state(text)
