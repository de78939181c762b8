"""A pack whose log, numbers or words are wrong: verifier/verify.py finds it and names it.

The same for the page's program: tests/browser/verify/.
"""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from pledge.deliveries.letter.pdf import letter_pdf
from pledge.ledger.models import StatementKind
from tests.support import pack_lies, packs
from tests.support.checkers import verify
from tests.support.packs import EVENTS, Log, made_up, pack, signer

# --- The log inside ---


def test_a_checkpoint_that_nobody_known_signed(checked, log):
    elsewhere = made_up(EVENTS, signers=[signer("another")])
    content = pack(log, rewritten={"log/checkpoint": elsewhere.note().encode()})
    assert checked(content).failure == "checkpoint"


def test_a_checkpoint_of_another_size(checked, log):
    content = pack(log, rewritten={"log/checkpoint": log.until(5).note().encode()})
    assert checked(content).failure == "checkpoint"


def test_fewer_or_more_entries_than_the_checkpoint_says(checked, log):
    entries = packs.entries(log)
    more = entries + packs.log_queries.framed(log.lines[0])
    assert checked(pack(log, rewritten={"log/entries": packs.entries(log.until(-1))})).failure == "size"
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
    log.moves = made_up("").moves
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
    line = packs.line_of(packs.entry(reason, -1, kind, takes_back=0))
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
    # All entries are right, and only the count differs.
    assert checked(signed([PLUS, minus(0, reason="invalidated"), again])).failure == "count"
    assert checked(signed([PLUS, again])).failure == "entry:1"
    assert checked(signed([PLUS, minus(0), again, again])).failure == "entry:3"


@pytest.mark.parametrize("name", pack_lies.FORGED)
def test_a_batch_on_paper_or_a_statement_that_no_log_may_hold(checked, name):
    log, failure = pack_lies.forged(name)
    assert checked(pack(log)).failure == failure


def test_a_batch_may_be_counted_again_once_it_was_taken_back_and_name_its_earlier_record(checked):
    batch, back = pack_lies.BATCH, pack_lies.BACK
    record = b',"record":"' + b"ab" * 32 + b'"}'
    log = Log([batch[:-1] + record, back[:-1] + record, batch], [signer()])
    assert checked(pack(log)).failure == ""


@pytest.mark.parametrize("kind", StatementKind)
def test_a_statement_of_each_kind_changes_no_number(checked, kind):
    statement = pack_lies.SAID.replace(b"answer", kind.encode())
    log = made_up("++o")
    log.lines[2:2] = [statement, statement]
    assert checked(pack(log)).failure == ""
    assert log.counts() == {"people": 2, "organizations": 1}


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
        ("integrity.json", ("paper", "signatures"), 48),
        ("integrity.json", ("paper", "signatures"), "47"),
        ("integrity.json", ("paper", "batches"), 3),
        ("integrity.json", ("paper", "sheets"), -1),
        ("integrity.json", ("paper", "people"), 47),
        ("integrity.json", ("paper",), None),
    ],
)
def test_a_number_that_the_entries_do_not_give(checked, log, name, path, value):
    changed = pack_lies.json_with(*path, to=value)(packs.contents(log)[name])
    assert checked(pack(log, rewritten={name: changed})).failure == "count"


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 100000, b'{"people":1}'])
@pytest.mark.parametrize("name", ["totals.json", "integrity.json"])
def test_numbers_that_cannot_be_read(checked, log, name, content):
    assert checked(pack(log, rewritten={name: content})).failure == "count"


@pytest.mark.parametrize("lie", pack_lies.LIES)
def test_a_number_that_the_signer_made_up_is_found_in_every_table(checked, log, lie):
    """Everything is signed as it is."""
    assert checked(pack(log, rewritten=pack_lies.members(lie, log))).failure == "count"


def test_the_program_says_which_numbers_the_log_proves_and_which_only_the_signer_reports(tmp_path, log):
    for lies in ({}, pack_lies.letter(), pack_lies.funnel(log)):
        (tmp_path / "pack.zip").write_bytes(pack(log, rewritten=lies))
        result = verify("pack", tmp_path / "pack.zip", "--key", log.signers[0].verifier)
        assert result.code == 0, result
        not_proven = result.out.partition("NOT PROVEN")[2]
        for words in (
            "letters and totals.xlsx",
            "countries and regions",
            "sign-ups",
            "names of organisations",
            "exact moment",
        ):
            assert words in not_proven, words
        assert "that each entry is a different, real person" in not_proven
        assert "증명되지 않음" in result.out


def test_organisations_that_are_counted_but_not_named_are_counted(checked, log):
    whole = packs.document(log)
    some = replace(whole, unnamed_organizations=1, named_organizations=whole.named_organizations[1:])
    members = packs.tables_of(some)
    assert checked(pack(log, rewritten=members)).failure == ""
    members = {**members, "totals.json": packs.contents(log)["totals.json"]}
    assert checked(pack(log, rewritten=members)).failure == "count"


def test_a_pack_of_before_it_said_how_many_are_not_named(checked, log):
    totals = json.loads(packs.contents(log)["totals.json"])
    del totals["unnamed_organizations"]
    assert checked(pack(log, rewritten={"totals.json": json.dumps(totals).encode()})).failure == ""


def test_a_pack_that_tells_its_moment_in_utc_is_still_right_and_names_one_moment(checked, log):
    older = packs.tables_in_utc(log)
    assert checked(pack(log, rewritten=older)).failure == ""
    for name in ("totals.json", "totals.csv"):
        assert checked(pack(log, rewritten={name: older[name]})).failure == "count", name


def test_a_pack_of_a_large_campaign_with_merged_lines_is_right(checked):
    _, content = packs.large()
    assert checked(content).failure == ""


def letters(made, **changed):
    """Both letters of a document, as it is or with other numbers in one language."""
    others = {f"letter-{lang}.pdf": letter_pdf(other, lang) for lang, other in changed.items()}
    return {f"letter-{lang}.pdf": letter_pdf(made, lang) for lang in made.languages} | others


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_letter_whose_file_names_another_number_or_day_than_the_log_is_named(checked, log, lang):
    made = packs.document(log)
    assert checked(pack(log, rewritten=letters(made))).failure == ""
    state = made.checkpoint
    for other in (
        replace(made, checkpoint=replace(state, people=state.people + 1)),
        replace(made, checkpoint=replace(state, organizations=0)),
        replace(made, checkpoint=replace(state, size=state.size - 1)),
        replace(made, as_of=made.as_of + timedelta(days=1)),
        replace(made, paper=None),
    ):
        result = checked(pack(log, rewritten=letters(made, **{lang: other})))
        assert (result.failure, f"letter-{lang}.pdf" in result.out) == ("count", True)


def test_one_letter_may_not_lack_the_fields_that_the_other_has(checked, log):
    rewritten = {**letters(packs.document(log)), "letter-en.pdf": b"%PDF-1.7\n"}
    assert checked(pack(log, rewritten=rewritten)).failure == "count"


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
def test_a_pledge_text_other_than_the_signed_one_is_found(checked, log, texts):
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


def test_other_paper_than_the_entries_have_is_named(checked):
    paper = made_up("+++p128")
    assert checked(pack(paper)).failure == ""
    for member, lie in pack_lies.other_paper(paper).items():
        assert checked(pack(paper, rewritten={member: lie})).failure == "count", member
