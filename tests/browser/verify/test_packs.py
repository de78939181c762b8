"""A pack is checked in the browser: what is right is said to be right, what was changed is named."""

import io
import json
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.verify.handing_in import check, check_pack, expect_failure, expect_right
from tests.support import pack_lies, packs


@pytest.mark.parametrize("make", [packs.pack, lambda log: log.delivered], ids=["made up", "of the site"])
def test_a_sound_pack_passes_every_check_and_names_its_numbers(page, log, make):
    check_pack(page, make(log))
    expect_right(page)
    counts = log.counts()
    expect(page.locator(".verdict")).to_contain_text(f"{counts['people']} people")
    expect(page.locator(".verdict")).to_contain_text(f"{counts['organizations']} organisations")
    expect(page.locator(".checks__line--done")).to_have_count(9)


def test_a_pack_with_the_key_it_brings_along_is_only_whole(page):
    foreign = packs.made_up("+++-1+o~0^0-7")
    check_pack(page, packs.pack(foreign))
    expect(page.locator(".verdict--unsure")).to_contain_text(f"https://{packs.ORIGIN}/key")
    expect(page.locator(".checks__line--done")).to_have_count(8)
    check_pack(page, packs.pack(foreign), key=foreign.keys)
    expect_right(page)


def test_other_paper_than_the_entries_have_is_named(page):
    paper = packs.made_up("+++p128")
    for member, rewritten in pack_lies.other_paper(paper).items():
        check_pack(page, packs.pack(paper, rewritten={member: rewritten}))
        expect_failure(page, f"count:{member}")


def test_one_byte_changed_in_any_member_is_named(page, log):
    files = packs.unzipped(packs.pack(log))
    expected = {"manifest.json": "signature", "manifest.sig": "signature"}
    for name in packs.MEMBERS:
        content = files[name]
        middle = len(content) // 2
        other = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        check_pack(page, packs.pack(log, changed={name: other}))
        expect_failure(page, expected.get(name, f"file:{name}"))


def test_missing_added_and_doubled_members_are_named(page, log):
    for name in packs.MEMBERS:
        check_pack(page, packs.pack(log, left_out=(name,)))
        expect_failure(page, f"archive:{name}")
    for name in ("more.txt", "letter-fr.pdf"):
        check_pack(page, packs.pack(log, added={name: b"more"}))
        expect_failure(page, f"archive:{name}")
    stream = io.BytesIO(packs.pack(log))
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("letter-ko.pdf", b"another letter")
    check_pack(page, stream.getvalue())
    expect_failure(page, "archive:letter-ko.pdf")


def test_a_pack_that_its_own_signer_made_wrong_is_named(page):
    """Signed as it is, so that only the log itself can tell."""
    good = packs.made_up("+++-1+o")

    def lines(change):
        other = packs.made_up("+++-1+o")
        other.lines = change(list(other.lines))
        return packs.entries(other)

    numbers = json.loads(packs.contents(good)["totals.json"])
    moves = json.loads(packs.contents(good)["integrity.json"])
    moves["log"]["people"]["confirmed"] += 1
    other = packs.made_up("+++-1+o+")
    words = json.loads(packs.contents(good)["pledge-texts.json"])
    words[0]["text"]["en"] = "We pledge nothing."
    for made, name in [
        (packs.pack(good, rewritten={"log/entries": lines(lambda all_: [*all_[1::-1], *all_[2:]])}), "root"),
        (packs.pack(good, rewritten={"log/entries": lines(lambda all_: all_[:-1])}), "size"),
        (packs.pack(good, rewritten={"log/entries": lines(lambda all_: [*all_, all_[0]])}), "size"),
        (packs.pack(good, rewritten={"log/entries": packs.entries(good)[:-1]}), "size"),
        (packs.pack(good, rewritten={"log/entries": lines(lambda all_: [b"{}", *all_[1:]])}), "entry:0"),
        (packs.pack(good, rewritten={"log/checkpoint": other.note().encode()}), "checkpoint"),
        (packs.pack(good, rewritten={"log/checkpoint": good.note()[:-9].encode()}), "checkpoint"),
        (
            packs.pack(good, rewritten={"totals.json": json.dumps({**numbers, "people": 99}).encode()}),
            "count:totals.json",
        ),
        (
            packs.pack(good, rewritten={"integrity.json": json.dumps(moves).encode()}),
            "count:integrity.json",
        ),
        (
            packs.pack(good, manifest=lambda facts: facts["checkpoint"].update(people=99)),
            "count:manifest.json",
        ),
        (packs.pack(good, manifest=lambda facts: facts.update(format="pledge-delivery/v2")), "manifest"),
        (
            packs.pack(good, rewritten={"pledge-texts.json": json.dumps(words).encode()}),
            "file:pledge-texts.json",
        ),
        (packs.pack(good, manifest=lambda facts: facts["files"].pop("totals.csv")), "manifest"),
        (
            packs.pack(good, manifest=lambda facts: facts["files"]["totals.csv"].update(rows=9)),
            "file:totals.csv",
        ),
        (packs.pack(packs.made_up("++-0-0")), "entry:3"),
        (packs.pack(packs.made_up("+^0")), "entry:1"),
        (packs.pack(good, signers=[packs.signer("another secret")]), "signature"),
    ]:
        check_pack(page, made, key=good.keys)
        expect_failure(page, name)


def test_a_batch_on_paper_or_a_statement_that_no_log_may_hold_is_named(page):
    for name in pack_lies.FORGED:
        forged, failure = pack_lies.forged(name)
        check_pack(page, packs.pack(forged), key=forged.keys)
        expect_failure(page, failure)


def test_signatures_on_paper_are_added_up_apart_from_people(page):
    made = packs.made_up("++p128p40-2")
    check_pack(page, packs.pack(made), key=made.keys)
    expect_right(page)
    expect(page.locator(".verdict")).to_contain_text("2 people")
    expect(page.locator("[data-facts]")).to_contain_text("Signatures on paper, added up40")


def test_a_statement_of_each_kind_changes_no_number_and_all_are_counted(page):
    made = packs.made_up("+s+")
    made.lines += [pack_lies.SAID.replace(b"answer", kind) for kind in (b"promise", b"letter")]
    check_pack(page, packs.pack(made), key=made.keys)
    expect_right(page)
    expect(page.locator(".verdict")).to_contain_text("2 people")
    expect(page.locator("[data-facts]")).to_contain_text("Statements, by their hash3")
    for wrong in ({"signatures": 41, "sheets": 9, "batches": 1}, {"signatures": 40, "batches": 1}, None):
        integrity = {**json.loads(packs.contents(made)["integrity.json"]), "paper": wrong}
        check_pack(
            page,
            packs.pack(made, rewritten={"integrity.json": json.dumps(integrity).encode()}),
            key=made.keys,
        )
        expect_failure(page, "count:integrity.json")


def test_a_number_that_the_signer_made_up_is_found_in_every_table(page):
    """Signed as it is: in each of these packs one file says something else than the entries."""
    good = packs.made_up("+++-1+o+")
    for lie, (member, _) in pack_lies.LIES.items():
        check_pack(page, packs.pack(good, rewritten=pack_lies.members(lie, good)), key=good.keys)
        expect(page.locator(".verdict--wrong"), lie).to_be_visible()
        expect(page.locator("[data-facts] .facts__value").first, lie).to_have_text(f"count:{member}")


def test_a_pack_that_tells_its_moment_in_utc_is_still_right(page):
    good = packs.made_up("+++-1+o+")
    check_pack(page, packs.pack(good, rewritten=packs.tables_in_utc(good)), key=good.keys)
    expect_right(page)


def test_the_page_says_what_the_log_proves_and_what_is_only_reported(page):
    good = packs.made_up("+++-1+o+")
    for rewritten in ({}, pack_lies.letter(), pack_lies.funnel(good)):
        check_pack(page, packs.pack(good, rewritten=rewritten), key=good.keys)
        expect_right(page)
        claims = page.locator("[data-claims]")
        expect(claims).to_contain_text("Only reported by the one who signed the pack")
        expect(claims).to_contain_text("everything in the letters and in totals.xlsx")
    check_pack(
        page, packs.pack(good, rewritten=pack_lies.members("more people in a region", good)), key=good.keys
    )
    expect(page.locator("[data-claims]")).to_be_hidden()


def test_a_day_that_the_calendar_does_not_have_is_no_entry(page):
    good = packs.made_up("+++")
    good.lines[1] = good.lines[1].replace(b"2026-11-24", b"2026-02-31")
    check_pack(page, packs.pack(good), key=good.keys)
    expect_failure(page, "entry:1")


def test_tables_of_a_large_campaign_are_right(page):
    of, content = packs.large()
    check_pack(page, content, key=of.keys)
    expect_right(page)


def test_a_bomb_is_refused_without_being_unpacked(page, log):
    content = bytearray(packs.pack(log, changed={"README.txt": b"0" * 1000}))
    # The first member says that it holds 4,000 MB.
    for start in (0, content.rindex(b"README.txt") - 46):
        at = start + (22 if start == 0 else 24)
        content[at : at + 4] = (4_000_000_000).to_bytes(4, "little")
    check_pack(page, bytes(content))
    expect(page.locator(".verdict--right")).to_have_count(0)


@pytest.mark.parametrize(("name", "content"), [("photo.jpg", b"\xff\xd8\xff"), ("empty", b"")])
def test_a_file_that_is_no_pack_and_no_receipt_is_called_neither(page, name, content):
    check(page, content, name)
    expect(page.locator(".verdict--unsure")).to_contain_text("neither")
