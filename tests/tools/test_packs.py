"""A pack with one thing wrong in it: tools/verify.py finds it and names it. (The page's program: tests/browser/test_verify.py.)"""

import io
import json
import random
import re
import struct
import zipfile
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pledge.delivery import tables
from pledge.delivery.document import Cell, Words
from pledge.ledger import leaves, notes
from tests.support import pack_lies, packs
from tests.support.packs import MEMBERS, Log, made_up, mirror, pack, signer, unzipped, zipped
from tests.tools.checkers import CHECKERS, Verdict, by_program, say
from tests.tools.conftest import EVENTS

DESCRIBED = MEMBERS[:-2]


@pytest.fixture
def checked(tmp_path, checker):
    """`checked(bytes, keys=None)` gives the verdict about a pack."""

    def check(content: bytes, keys: str | None = None) -> Verdict:
        path = tmp_path / "pack.zip"
        path.write_bytes(content)
        return checker(path, keys)

    return check


def flipped(content: bytes, place: int = 0, change: int = 1) -> bytes:
    return content[:place] + bytes([content[place] ^ change]) + content[place + 1 :]


def rewritten(content: bytes, *path, to):
    """A JSON member with one value changed."""
    whole = found = json.loads(content)
    for key in path[:-1]:
        found = found[key]
    found[path[-1]] = to
    return json.dumps(whole, ensure_ascii=False).encode()


# --- Right ones ---


@pytest.mark.parametrize("events", ["", "+", "+-0", "+o!1^1", "+" * 255, "+" * 256, "+" * 257, EVENTS])
def test_a_right_pack_gives_the_numbers_of_its_log(checked, events):
    log = made_up(events)
    assert checked(pack(log)) == Verdict("", **log.counts())
    assert checked(pack(log), log.keys) == Verdict("", **log.counts())


def test_a_pack_may_be_of_an_earlier_checkpoint(checked, log):
    assert checked(pack(log, size=4)) == Verdict("", **log.counts(4))


@pytest.mark.parametrize("known", [0, 1, None], ids=["the new key", "the old key", "the keys of the pack"])
def test_during_a_rotation_either_key_is_enough(checked, known):
    log = made_up("+++", signers=[signer("new"), signer("old")])
    keys = None if known is None else f"{log.signers[known].verifier}\n"
    assert checked(pack(log), keys).failure == ""


def test_a_witness_that_nobody_knows_does_no_harm(checked, log):
    witness = notes.signer("witness.example/one", "of a partner")
    assert checked(pack(log, signers=[*log.signers, witness]), log.keys).failure == ""


# --- Who signed ---


def test_who_knows_another_key_does_not_take_it(checked, log):
    assert checked(pack(log), f"{signer('another').verifier}\n").failure == "signature"


def test_a_forged_pack_is_whole_but_not_by_the_key_that_one_knows(checked, log):
    forged = made_up("+" * 50, signers=[signer("the forger's")])
    assert checked(pack(forged)).failure == ""
    assert checked(pack(forged), log.keys).failure == "signature"


def test_the_key_of_another_campaign_says_nothing_about_this_one(checked, log):
    other = "pledge.example/log/other"
    signed_elsewhere = pack(log, signers=[signer(origin=other)])
    assert checked(signed_elsewhere, f"{signer(origin=other).verifier}\n").failure == "signature"


def test_a_wrong_signature_of_a_known_key_spoils_it_beside_a_right_one(checked):
    log = made_up("+++", signers=[signer("new"), signer("old")])
    files = unzipped(pack(log))
    *text, first, second, end = files["manifest.sig"].decode().split("\n")
    name, data = second.rsplit(" ", 1)
    bad = notes.b64encode(flipped(notes.b64decode(data), 20)).decode()
    files["manifest.sig"] = "\n".join([*text, first, f"{name} {bad}", end]).encode()
    assert checked(zipped(files)).failure == "signature"


# --- Members ---


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_member_that_the_manifest_does_not_know_like_that(checked, log, name):
    content = packs.contents(log)[name]
    expected = {f"file:{name}"} | ({"signature"} if name == "log/key" else set())
    for changed in (flipped(content), flipped(content, len(content) - 1), content[:-1], content + b"\n"):
        assert checked(pack(log, changed={name: changed})).failure in expected
        assert checked(pack(log, changed={name: changed}), log.keys).failure == f"file:{name}"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_missing(checked, log, name):
    assert checked(pack(log, left_out=(name,))).failure == "archive"


@pytest.mark.parametrize(
    "name", ["notes.txt", "../verify.py", "/etc/passwd", "log/", "LOG/KEY", "log\\key", "é"]
)
def test_a_member_that_is_foreign(checked, log, name):
    assert checked(pack(log, added={name: b""})).failure == "archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice(checked, log):
    stream = io.BytesIO(pack(log))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo("letter.pdf", (1980, 1, 1, 0, 0, 0)), b"another letter")
    assert checked(stream.getvalue()).failure == "archive"


def test_members_in_another_order(checked, log):
    files = unzipped(pack(log))
    assert checked(zipped(dict(reversed(files.items())))).failure == "archive"


def test_something_before_between_or_behind_the_members(checked, log):
    content = pack(log)
    assert checked(b"#!/bin/sh\n" + content).failure == "archive"
    assert checked(content + b"\n").failure == "archive"
    assert checked(content + content).failure == "archive"


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + bytes(18), b"x" * 500, bytes(500)])
def test_what_is_no_zip(checked, content):
    assert checked(content).failure == "archive"


def test_a_pack_that_was_cut_off_anywhere(checked, log):
    content = pack(log)
    for length in range(0, len(content), 97):
        assert checked(content[:length]).failure == "archive"


def test_a_member_that_inflates_to_more_than_it_says_is_never_unpacked(checked, log):
    """A bomb: 64 MB of zeros behind a head that says 10 bytes, with everything signed."""
    content = bytearray(pack(log, rewritten={"letter.pdf": bytes(1 << 26)}))
    size = struct.pack("<I", 1 << 26)
    while (place := content.find(size)) >= 0:
        content[place : place + 4] = struct.pack("<I", 10)
    assert checked(bytes(content)).failure == "archive"


def test_a_member_that_holds_more_behind_what_its_head_says(checked, log):
    """Who unpacks it with another program gets another letter than the one that was hashed."""
    right = unzipped(pack(log))["letter.pdf"]
    longer = right + b"%PDF: another page"
    content = pack(log, changed={"letter.pdf": longer})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        packed = archive.getinfo("letter.pdf").compress_size
    said = struct.pack("<3I", zlib.crc32(longer), packed, len(longer))
    assert content.count(said) == 2, "before the member and in the directory"
    lie = struct.pack("<3I", zlib.crc32(right), packed, len(right))
    assert checked(content.replace(said, lie)).failure == "archive"


# --- The manifest ---

FIELDS = {
    "format": "pledge-delivery/v2",
    "campaign": "another",
    "origin": "pledge.example/log/another",
    "checkpoint": {},
    "files": {},
    "tool": 7,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_the_manifest_that_is_missing_or_wrong(checked, log, field):
    assert checked(pack(log, manifest=lambda told: told.pop(field))).failure == "manifest"
    assert checked(pack(log, manifest=lambda told: told.update({field: FIELDS[field]}))).failure == "manifest"


@pytest.mark.parametrize("value", [None, "5", 5.0, -5, True, [], 10**30])
@pytest.mark.parametrize("field", ["size", "people", "organizations"])
def test_a_number_of_the_manifest_that_is_none(checked, log, field, value):
    verdict = checked(pack(log, manifest=lambda told: told["checkpoint"].update({field: value})))
    assert verdict.failure in ({"manifest", "checkpoint", "count"} if value == 10**30 else {"manifest"})


@pytest.mark.parametrize(
    ("field", "value", "failure"),
    [
        ("size", 3, "checkpoint"),
        ("root", "A" * 43 + "=", "checkpoint"),
        ("people", 999, "count"),
        ("organizations", 999, "count"),
    ],
)
def test_a_checkpoint_that_the_manifest_names_wrongly(checked, log, field, value, failure):
    verdict = checked(pack(log, manifest=lambda told: told["checkpoint"].update({field: value})))
    assert verdict.failure == failure


@pytest.mark.parametrize(
    ("field", "value", "failure"),
    [
        ("size", 1, "file:letter.pdf"),
        ("sha256", "0" * 64, "file:letter.pdf"),
        ("sha256", "0", "manifest"),
        ("size", "9", "manifest"),
        ("mode", 9, "manifest"),
    ],
)
def test_a_file_that_the_manifest_describes_wrongly(checked, log, field, value, failure):
    verdict = checked(pack(log, manifest=lambda told: told["files"]["letter.pdf"].update({field: value})))
    assert verdict.failure == failure


def test_rows_that_a_table_does_not_have(checked, log):
    verdict = checked(pack(log, manifest=lambda told: told["files"]["organizations.csv"].update(rows=7)))
    assert verdict.failure == "file:organizations.csv"


def test_a_file_that_the_manifest_does_not_name(checked, log):
    assert checked(pack(log, manifest=lambda told: told["files"].pop("letter.pdf"))).failure == "manifest"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100000, b"null"])
def test_a_manifest_that_is_no_document(checked, log, content):
    """Signed all the same."""
    files = packs.contents(log)
    text = f"pledge-delivery/v1\n{log.origin}\n{packs.sha256(content).hexdigest()}\n"
    files["manifest.json"], files["manifest.sig"] = content, notes.sign(text, log.signers).encode()
    assert checked(zipped(files)).failure == "manifest"


def test_a_seal_of_another_manifest(checked, log):
    other = unzipped(pack(log, size=3))["manifest.sig"]
    assert checked(pack(log, changed={"manifest.sig": other})).failure == "signature"


@pytest.mark.parametrize(
    "seal", [b"", b"\n\n", b"pledge-delivery/v1\n", "é\n\n— a b\n".encode("latin-1", "replace")]
)
def test_a_seal_that_is_none(checked, log, seal):
    assert checked(pack(log, changed={"manifest.sig": seal})).failure == "signature"


# --- The log inside ---


def test_a_checkpoint_that_nobody_known_signed(checked, log):
    elsewhere = made_up(EVENTS, signers=[signer("another")])
    content = pack(log, rewritten={"log/checkpoint": elsewhere.note().encode()})
    assert checked(content).failure == "checkpoint"


def test_a_checkpoint_of_another_size(checked, log):
    content = pack(log, rewritten={"log/checkpoint": log.note(5).encode()})
    assert checked(content).failure == "checkpoint"


def test_fewer_or_more_entries_than_the_checkpoint_says(checked, log):
    entries = packs.entries(log)
    more = entries + packs.log_queries.framed(log.lines[0])
    assert (
        checked(pack(log, rewritten={"log/entries": packs.entries(log, len(log.lines) - 1)})).failure
        == "size"
    )
    assert checked(pack(log, rewritten={"log/entries": more})).failure == "size"
    assert checked(pack(log, rewritten={"log/entries": entries[:-1]})).failure == "size"
    assert checked(pack(log, rewritten={"log/entries": b""})).failure == "size"


def test_entries_in_another_order_give_another_root(checked):
    log = made_up("+++")
    swapped = Log([log.lines[1], log.lines[0], log.lines[2]], log.signers)
    assert checked(pack(log, rewritten={"log/entries": packs.entries(swapped)})).failure == "root"


def signed(lines: list[bytes]) -> bytes:
    """A pack of a site that signs whatever its log holds."""
    log = Log(lines, [signer()])
    log.moves = lambda size=None: made_up("").moves()  # type: ignore[method-assign]
    return pack(log)


PLUS = made_up("+").lines[0]
LEAF = json.loads(PLUS)
BAD_LEAVES = {
    "nothing": b"",
    "no JSON": b"x",
    "a space more": PLUS.replace(b",", b", ", 1),
    "a space behind": PLUS + b" ",
    "a line end behind": PLUS + b"\n",
    "another version": PLUS.replace(b'"v":1', b'"v":2'),
    "another kind": PLUS.replace(b"confirmed", b"approved"),
    "a change of two": PLUS.replace(b'"change":1', b'"change":2'),
    "another sign than its kind": PLUS.replace(b'"change":1', b'"change":-1'),
    "another kind than its sign": PLUS.replace(b"confirmed", b"withdrawn"),
    "of nobody": PLUS.replace(b"person", b"robot"),
    "a day that is none": PLUS.replace(b"2026-11-24", b"2026-13-24"),
    "a day that its month does not have": PLUS.replace(b"2026-11-24", b"2026-02-31"),
    "a day of no year": PLUS.replace(b"2026-11-24", b"0000-11-24"),
    "a short hash": PLUS.replace(LEAF["pledge"].encode(), LEAF["pledge"][2:].encode()),
    "capitals in a hash": PLUS.replace(LEAF["commitment"].encode(), LEAF["commitment"].upper().encode()),
    "a commitment too short": PLUS.replace(LEAF["commitment"].encode(), b"ab"),
    "keys in another order": json.dumps(dict(reversed(LEAF.items())), separators=(",", ":")).encode(),
    "a key more": PLUS[:-1] + b',"name":"Kim"}',
    "a plus one that takes something back": PLUS[:-1] + b',"takes_back":0}',
    "a plus one that takes back instead": re.sub(rb'"commitment":.*', b'"takes_back":0}', PLUS),
    "a minus one with a commitment": PLUS.replace(b"confirmed", b"withdrawn").replace(
        b'"change":1', b'"change":-1'
    ),
    "a key twice": PLUS[:-1] + b',"v":1}',
    "not in UTF-8": PLUS.replace(b"2026", b"\xff\xfe26"),
    "a name in it": PLUS.replace(b"person", "홍길동".encode()),
}


@pytest.mark.parametrize("name", BAD_LEAVES)
def test_an_entry_that_is_no_leaf(checked, name):
    assert checked(signed([PLUS, BAD_LEAVES[name], PLUS])).failure == "entry:1"


def minus(takes_back: object, kind: str = "person", reason: str = "withdrawn") -> bytes:
    line = leaves.Leaf(reason, -1, kind, packs.HOUR, packs.PLEDGE, None, 0).line
    return line.replace(b'"takes_back":0', b'"takes_back":' + json.dumps(takes_back).encode())


@pytest.mark.parametrize("takes_back", [1, 2, -1, None, "0", 0.0, True, 10**17, 10**30, [0]])
def test_a_minus_one_that_takes_back_nothing(checked, takes_back):
    assert checked(signed([PLUS, minus(takes_back)])).failure == "entry:1"


def test_a_minus_one_of_the_other_kind(checked):
    assert checked(signed([PLUS, minus(0, "organization")])).failure == "entry:1"


def test_a_second_minus_one_for_the_same_plus_one(checked):
    assert checked(signed([PLUS, minus(0), minus(0)])).failure == "entry:2"
    assert checked(signed([PLUS, minus(0), minus(1)])).failure == "entry:2"


def test_one_commitment_counts_once_at_a_time(checked):
    again = PLUS.replace(b"confirmed", b"reinstated")
    assert (
        checked(signed([PLUS, minus(0, reason="invalidated"), again])).failure == "count"
    )  # all entries are right
    assert checked(signed([PLUS, again])).failure == "entry:1"
    assert checked(signed([PLUS, minus(0), again, again])).failure == "entry:3"


# --- The numbers ---


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("totals.json", ("people",), 999),
        ("totals.json", ("people",), "8"),
        ("totals.json", ("organizations",), 0),
        ("totals.json", ("checkpoint", "size"), 2),
        ("totals.json", ("checkpoint", "root"), ""),
        ("totals.json", ("checkpoint",), None),
        ("integrity.json", ("log", "people", "confirmed"), 999),
        ("integrity.json", ("log", "people", "withdrawn"), 999),
        ("integrity.json", ("log", "organizations", "invalidated"), 999),
        ("integrity.json", ("log", "organizations", "reinstated"), 999),
        ("integrity.json", ("log",), []),
    ],
)
def test_a_number_that_the_entries_do_not_give(checked, log, name, path, value):
    changed = rewritten(packs.contents(log)[name], *path, to=value)
    assert checked(pack(log, rewritten={name: changed})).failure == "count"


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 100000, b'{"people":1}'])
@pytest.mark.parametrize("name", ["totals.json", "integrity.json"])
def test_numbers_that_cannot_be_read(checked, log, name, content):
    assert checked(pack(log, rewritten={name: content})).failure == "count"


@pytest.mark.parametrize("lie", pack_lies.LIES)
def test_a_number_that_the_signer_made_up_is_found_in_every_table(checked, log, lie):
    """Everything is signed as it is."""
    assert checked(pack(log, rewritten=pack_lies.told(lie, log))).failure == "count"


def test_it_says_which_numbers_the_log_proves_and_which_only_the_signer_reports(tmp_path, log):
    for rewritten in ({}, pack_lies.letter(), pack_lies.funnel(log)):
        (tmp_path / "pack.zip").write_bytes(pack(log, rewritten=rewritten))
        said = say("pack", tmp_path / "pack.zip", "--key", log.signers[0].verifier)
        assert said.code == 0, said
        not_proven = said.out.partition("NOT PROVEN")[2]
        for words in (
            "letter.pdf",
            "countries and regions",
            "sign-ups",
            "names of organisations",
            "exact moment",
        ):
            assert words in not_proven, words
        assert "that each entry is a different, real person" in not_proven
        assert "증명되지 않음" in said.out


def test_organisations_that_are_counted_but_not_named_are_counted(tmp_path, log):
    made = replace(
        packs.document(log), unnamed_organizations=1, organizations=packs.document(log).organizations[1:]
    )
    rewritten = {name: table(made)[0] for name, table in tables.TABLES.items()}
    rewritten["totals.json"] = tables.totals_json(made)
    (tmp_path / "pack.zip").write_bytes(pack(log, rewritten=rewritten))
    assert say("pack", tmp_path / "pack.zip").code == 0
    rewritten["totals.json"] = tables.totals_json(packs.document(log))
    (tmp_path / "pack.zip").write_bytes(pack(log, rewritten=rewritten))
    assert say("pack", tmp_path / "pack.zip").failure == "count"


def test_a_pack_of_before_it_said_how_many_are_not_named(tmp_path, log):
    def older(content: bytes) -> bytes:
        told = json.loads(content)
        del told["unnamed_organizations"]
        return json.dumps(told).encode()

    totals = older(packs.contents(log)["totals.json"])
    (tmp_path / "pack.zip").write_bytes(pack(log, rewritten={"totals.json": totals}))
    assert say("pack", tmp_path / "pack.zip").code == 0


def test_a_pack_of_a_large_campaign_with_merged_lines_is_right(tmp_path):
    """Shares, months of days, 45 organisations, and days that were merged."""
    log = made_up("+" * 40 + "o" * 12)
    lines = [
        line.replace(b"2026-11-24", b"2026-11-%02d" % (10 + place % 14))
        for place, line in enumerate(log.lines)
    ]
    log.lines = sorted(lines, key=lambda line: json.loads(line)["day"])
    made = packs.document(log)
    days = made.by_day
    merged = [*days[2:], Cell("other", Words("기타", "Other"), days[0].people + days[1].people)]
    made = replace(made, by_day=merged)
    rewritten = {name: table(made)[0] for name, table in tables.TABLES.items()}
    rewritten["totals.json"] = tables.totals_json(made)
    (tmp_path / "pack.zip").write_bytes(pack(log, rewritten=rewritten))
    assert say("pack", tmp_path / "pack.zip").code == 0


# --- Held against today's log ---


def test_a_pack_says_what_the_log_counts_today(tmp_path, log):
    """An earlier checkpoint with more people in it is not what stands now."""
    peak = EVENTS + "+" * 50
    now = made_up(peak + "".join(f"-{len(log.lines) + number}" for number in range(40)))
    (tmp_path / "pack.zip").write_bytes(pack(now, size=len(made_up(peak).lines)))
    today = mirror(now, tmp_path / "today")
    said = say("pack", tmp_path / "pack.zip", "--key", now.signers[0].verifier, "--log", today)
    assert said.code == 0, said
    assert f"today people {now.counts()['people']} organizations 2 checkpoint {len(now.lines)}" in said.out
    assert f"people {now.counts()['people'] + 40}" in said.out


def test_a_pack_of_a_fork_is_not_the_beginning_of_todays_log(tmp_path, log):
    (tmp_path / "pack.zip").write_bytes(pack(made_up(EVENTS.replace("+++", "++o", 1))))
    today = mirror(made_up(EVENTS + "+"), tmp_path / "today")
    assert say("pack", tmp_path / "pack.zip", "--log", today).failure == "consistency"
    assert "today" not in say("pack", tmp_path / "pack.zip").out.splitlines()[0]


# --- The words ---


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [{"version": 1, "sha256": packs.PLEDGE, "text": {"ko": "서약합니다.", "en": "We pledge nothing."}}],
        [{"version": 1, "sha256": "0" * 64, "text": packs.WORDS}],
        [{"version": 1, "sha256": packs.PLEDGE, "text": {"ko": "서약합니다."}}],
        [{}],
        {"a": 1},
        None,
        [None],
        [{"sha256": [], "text": packs.WORDS}],
        [{"sha256": packs.PLEDGE, "text": {"ko": 1, "en": 2}}],
    ],
)
def test_other_words_than_those_that_were_signed(checked, log, texts):
    content = json.dumps(texts).encode()
    assert checked(pack(log, rewritten={"pledge-texts.json": content})).failure == "file:pledge-texts.json"


def test_a_pack_may_hold_more_texts_than_were_signed(checked, log):
    more = {"ko": "더.", "en": "More."}
    fingerprint = packs.sha256("en\0More.\0ko\0더.\0".encode()).hexdigest()
    texts = [
        {"version": 1, "sha256": packs.PLEDGE, "text": packs.WORDS},
        {"version": 2, "sha256": fingerprint, "text": more},
    ]
    assert checked(pack(log, rewritten={"pledge-texts.json": json.dumps(texts).encode()})).failure == ""


# --- Any byte ---


@settings(max_examples=150)
@given(data=st.data())
def test_one_byte_changed_in_any_member_is_a_named_failure(tmp_path_factory, log, data):
    files = unzipped(pack(log))
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    files[name] = flipped(files[name], place, data.draw(st.integers(1, 255)))
    path = tmp_path_factory.mktemp("changed") / "pack.zip"
    path.write_bytes(zipped(files))

    verdicts = {check(path, log.keys) for check in CHECKERS.values()}

    assert len(verdicts) == 1
    expected = "signature" if name in MEMBERS[-2:] else f"file:{name}"
    assert verdicts.pop().failure == expected


def test_one_byte_changed_anywhere_in_the_zip_is_a_named_failure(tmp_path):
    """Heads and directory too.

    Some bits of a deflated member say nothing, as the length of a code that is not used: what is unpacked is the same.
    """
    content = pack(made_up("+-0"), rewritten={"verify.py": b"print()"})
    path, dice = tmp_path / "pack.zip", random.Random(4)
    unnoticed = []
    for place in dice.sample(range(len(content)), 700):
        path.write_bytes(changed := flipped(content, place, dice.randint(1, 255)))
        unnoticed += [] if by_program(path).failure else [changed]
    assert len(unnoticed) < 3
    assert all(unzipped(changed) == unzipped(content) for changed in unnoticed)


def test_bits_behind_the_end_of_a_member_mean_nothing_and_are_refused(checked, log):
    """A deflated member seldom ends with a byte. The two letters inflate alike."""
    content = pack(log)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("log/key")
    last = info.header_offset + 30 + len(info.filename) + info.compress_size - 1
    changed = flipped(content, last, 0x80)
    begin = last + 1 - info.compress_size
    assert zlib.decompressobj(-15).decompress(changed[begin : last + 1]) == log.keys.encode()
    assert checked(changed).failure == "archive"


# --- Large ---


def large_zip(files: dict[str, bytes], limit: int) -> bytes:
    """As packing.py writes where the entries could have more than two gigabytes; here already beyond `limit` bytes."""
    stream = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch, zipfile.ZipFile(stream, "w") as archive:
        patch.setattr(zipfile, "ZIP64_LIMIT", limit)
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = (
                zipfile.ZIP_DEFLATED,
                3,
                0o100644 << 16,
            )
            with archive.open(info, "w", force_zip64=name == "log/entries") as member:
                member.write(content)
        archive.close()  # the directory is written now
    return stream.getvalue()


@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 30000], ids=["could be large", "is large"])
def test_a_pack_whose_entries_are_large(checked, monkeypatch, limit):
    log = made_up("+" * 200)
    content = large_zip(unzipped(pack(log, rewritten={"verify.py": b"print()"})), limit)
    assert len(content) < 30000 < len(packs.entries(log))
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    assert checked(content) == Verdict("", 200, 0)

    begin = content.index(b"log/entries")
    for place in (begin - 12, begin + 11, begin + 15, begin + 26, content.rindex(b"log/entries") + 12):
        if limit == 30000 or place < begin + 100:
            assert checked(flipped(content, place)).failure == "archive"


# --- Unpacked ---


def unpack(content: bytes, folder):
    for name, member in unzipped(content).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(member)
    return folder


def test_a_folder_is_a_pack_too(tmp_path, log):
    said = say("pack", unpack(pack(log), tmp_path), "--key", log.signers[0].verifier)
    assert (said.code, said.out.splitlines()[:2]) == (0, ["people 7", "organizations 2"])


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "desktop.ini", "~$totals.xlsx", ".~lock.totals.xlsx#", "log/._key"]
)
def test_what_a_system_or_an_office_program_leaves_in_a_folder_is_named_and_does_no_harm(tmp_path, log, name):
    """As Excel does while a workbook is open."""
    folder = unpack(pack(log), tmp_path)
    (folder / name).write_bytes(b"x")
    said = say("pack", folder)
    assert said.code == 0
    assert f"not part of the pack, and not checked: {name}" in said.out
    assert "not part of the pack" not in say("pack", unpack(pack(log), tmp_path / "clean")).out


@pytest.mark.parametrize("name", ["more.txt", "log/more", "logs/key"])
def test_a_foreign_file_in_a_folder(tmp_path, log, name):
    folder = unpack(pack(log), tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    said = say("pack", folder)
    assert said.failure == "archive"
    assert "not part of a pack" in said.out
    assert "손상" not in said.out, "a file too many is no damage"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_file_that_is_missing_changed_or_a_link_in_a_folder(tmp_path, log, name):
    folder = unpack(pack(log), tmp_path / "pack")
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(flipped(content))
    assert say("pack", folder, "--key", log.signers[0].verifier).failure in {f"file:{name}", "signature"}
    path.unlink()
    assert say("pack", folder).failure == "archive"
    (tmp_path / "elsewhere").write_bytes(content)
    path.symlink_to(tmp_path / "elsewhere")
    assert say("pack", folder).failure == "archive"
