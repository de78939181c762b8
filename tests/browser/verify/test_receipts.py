"""A receipt is checked in the browser: what is right is said to be right, what was changed is named."""

import base64
import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.verify.handing_in import (
    ADDRESS,
    check,
    check_pack,
    check_receipt,
    expect_failure,
    expect_right,
    expect_signed_only,
    good_in_spite_of,
)
from tests.support import packs
from tests.support.factories import SLUG


@pytest.mark.journey
def test_a_right_receipt_with_its_address(page, log):
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_right(page)
    expect(page.locator(".verify-file [role=status][data-verdict]")).to_contain_text(
        f"entry {log.receipt.index} of the public log as this site publishes it today, and it counts"
    )
    expect(page.locator(".checks__line--done")).to_have_count(7)
    expect(page.locator("[data-facts]")).to_contain_text(f"127.0.0.1:{page.url.split(':')[2][:5]}/log/{SLUG}")


@pytest.mark.parametrize("typed", [ADDRESS.replace("example.org", "EXAMPLE.org"), f"  {ADDRESS} "])
def test_an_address_may_be_typed_with_spaces_and_with_a_domain_in_capitals(page, log, typed):
    check_receipt(page, log.receipt.content, address=typed)
    expect_right(page)


def test_without_an_address_it_says_that_nobody_was_checked(page, log):
    check_receipt(page, log.receipt.content)
    expect_right(page)
    expect(page.locator(".checks__line--skipped")).to_have_count(1)
    expect(page.locator(".verdict")).to_contain_text("was not checked")


@pytest.mark.parametrize("typed", ["other@example.org", "kim.haneul@example.org", "@", "example.org"])
def test_another_address_is_not_this_receipts(page, log, typed):
    check_receipt(page, log.receipt.content, address=typed)
    expect_failure(page, "address")


def changed_extra(content, change):
    """The receipt with another meaning inside its extra line, in the right form."""
    lines = content.decode().split("\n")
    facts = change(json.loads(base64.b64decode(lines[1].removeprefix("extra "))))
    lines[1] = "extra " + base64.b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode()
    return "\n".join(lines).encode()


def test_what_is_changed_inside_the_extra_line_is_named(page, log):
    content = log.receipt.content
    for change, name in [
        (lambda facts: {**facts, "salt": base64.b64encode(bytes(16)).decode()}, "address"),
        (lambda facts: {**facts, "salt": "short"}, "receipt"),
        (lambda facts: {**facts, "leaf": re.sub(r"20\d\d-", "2020-", facts["leaf"])}, "proof"),
        (
            lambda facts: {
                **facts,
                "leaf": facts["leaf"].replace('"change":1', '"change":-1').replace("confirmed", "withdrawn"),
            },
            "leaf",
        ),
        (lambda facts: {**facts, "leaf": "{}"}, "leaf"),
        (lambda facts: {**facts, "more": 1}, "receipt"),
        (lambda facts: {**facts, "v": 2}, "receipt"),
    ]:
        check_receipt(page, changed_extra(content, change), address=ADDRESS)
        expect_failure(page, name)


def test_every_character_of_a_receipt_counts(page, log):
    """Whichever is changed, no check ends well, but for who signed it at which host: what is in today's log needs no signature, and
    the site may have moved."""
    content = log.receipt.content
    everywhere = range(len(content))
    checkpoint, signed = content.index(b"\n\n") + 2, content.rindex("\u2014 ".encode()) + 4
    host = range(checkpoint, content.index(b"/log/", checkpoint))
    signer = range(signed, content.rindex(b" ") + 7)
    changed = good_in_spite_of(page, content, everywhere, 1, "a.tlog-proof", address=ADDRESS)
    assert set(changed) <= {*host, *signer}


def fork(log):
    """Another log, signed with the site's own key, in which the entry of the receipt is another one."""
    lines, replaced = list(log.lines), log.receipt.index
    salt, subject = "A" * 22 + "==", "planted@example.org"
    planted = packs.leaves.commitment(salt, subject).hex()
    lines[replaced] = lines[replaced].replace(
        json.loads(lines[replaced])["commitment"].encode(), planted.encode()
    )
    forked = packs.Log(lines, log.signers, log.origin, pledges=log.pledges)
    forked.salts[replaced], forked.subjects[replaced] = salt, subject
    return forked


def test_a_fork_signed_with_the_sites_own_key_is_not_in_the_public_log(page, log):
    forked = fork(log)
    for index in (log.receipt.index, 0):  # 0 is the same in both; the state that was signed is not
        check_receipt(page, packs.receipt(forked, index, salt="A" * 22 + "=="))
        expect_failure(page, "consistency")
        expect(page.locator(".verdict")).to_contain_text("is not part of the log that this site publishes")
        expect(page.locator(".verdict")).to_contain_text("This file is the evidence")
    longer = packs.Log(forked.lines + log.lines, log.signers, log.origin)
    check_receipt(page, packs.receipt(longer, log.receipt.index, salt="A" * 22 + "=="))
    expect_failure(page, "consistency")


def test_a_pack_of_a_fork_is_not_of_the_public_log(page, log):
    check_pack(page, packs.pack(fork(log)))
    expect_failure(page, "consistency")


def ended(log, lines=None):
    """What a key of this log signed that signs no more."""
    return packs.Log(lines or log.lines, [packs.signer("ended", log.origin)], log.origin, pledges=log.pledges)


def test_a_receipt_or_kept_state_by_a_key_that_ended_is_right_if_it_is_in_todays_log(page, log):
    for content, name in (
        (packs.receipt(ended(log), log.receipt.index, salt="A" * 22 + "=="), "a.tlog-proof"),
        (ended(log).note().encode(), "kept.txt"),
    ):
        check(page, content, name)
        expect_right(page)
        expect(page.locator(".checks__line--done").last).to_contain_text(re.compile("today|since"))
    forged = fork(log)
    check_receipt(page, packs.receipt(ended(log, forged.lines), 0, salt="A" * 22 + "=="))
    expect_failure(page, "checkpoint")
    check(page, ended(log, forged.lines).note().encode(), "kept.txt")
    expect_failure(page, "checkpoint")


def test_a_pack_by_a_key_that_ended_is_whole_if_its_state_is_in_todays_log(page, log):
    check_pack(page, packs.pack(ended(log)))
    expect(page.locator(".verdict--unsure")).to_contain_text("who made it is not proven")
    expect(page.locator(".checks__line--done")).to_have_count(9)
    check_pack(page, packs.pack(ended(log, fork(log).lines)))
    expect_failure(page, "signature")


def test_where_todays_log_cannot_be_read_a_receipt_is_only_signed_by_the_key(page, log):
    page.context.route("**/checkpoint", lambda route: route.abort())
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_signed_only(page)


def test_a_receipt_of_an_entry_that_was_taken_back_says_so(page, log):
    """With a receipt of before it was."""
    back = next(index for index, line in enumerate(log.lines) if b'"takes_back"' in line)
    taken = json.loads(log.lines[back])["takes_back"]
    check_receipt(page, packs.receipt(log.until(back), taken, salt="A" * 22 + "=="))
    expect_failure(page, f"taken-back:{taken}")
    expect(page.locator(".verdict")).to_contain_text("no longer counts")


SCRIPTED = """async ({ files, receipt }) => {
  const addresses = JSON.parse(document.querySelector("[data-slugs]").dataset.parts);
  const parts = { ...(await import(addresses.bytes)), base: "", host: location.host };
  for (const name of ["note", "merkle", "entries", "log"]) Object.assign(parts, (await import(addresses[name])).default(parts));
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const asked = [];
  globalThis.fetch = async (address) => {
    asked.push(address);
    const found = files[address.replace("/log/large/", "")];
    return found === undefined ? new Response("", { status: 404 }) : new Response(bytes(found));
  };
  const keys = await parts.readKeys(atob(files.key));
  const log = await parts.openLog({ keys, source: "pasted", slug: "large" }, 0);
  const found = { holds: [], continues: [], standing: [] };
  for (const [index, leaf] of receipt.leaves) found.holds.push(await log.holds(index, bytes(leaf)));
  for (const [size, root] of receipt.states) found.continues.push(await log.continues({ size, root: bytes(root) }));
  found.fetched = asked.length;
  for (const commitment of receipt.entries)
    found.standing.push(await log.standingAs(commitment, () => {}).catch((error) => `${error.failed}:${error.at}`));
  return found;
}"""


def scripted(page, log, folder, receipt):
    """What the module that reads today's log finds, with the files of a folder in place of the network."""
    files = {
        path.relative_to(folder).as_posix(): base64.b64encode(path.read_bytes()).decode()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return page.evaluate(SCRIPTED, {"files": files, "receipt": receipt})


def test_entries_and_older_states_are_found_in_a_log_of_several_levels(page, tmp_path):
    events = "+" * 700 + "-3!4" + "+" * 66_000 + "^4+"
    large = packs.made_up(events, origin=f"{page.evaluate('location.host')}/log/large")
    folder = packs.mirror(large, tmp_path)

    def b64(content):
        return base64.b64encode(content).decode()

    size = len(large.lines)
    indexes = [0, 255, 256, 700, 65_535, 65_536, size - 1]
    sizes = [1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, size - 1, size]
    states = [[length, b64(large.until(length).root())] for length in sizes] + [
        [300, b64(large.until(301).root())],
        [size + 1, b64(large.root())],
    ]
    commitments = [json.loads(large.lines[index])["commitment"] for index in (3, 4, 5)]
    result = scripted(
        page,
        large,
        folder,
        {
            "leaves": [[index, b64(large.hashes[index])] for index in indexes] + [[5, b64(large.hashes[6])]],
            "states": states,
            "entries": commitments,
        },
    )
    assert result["holds"] == [True] * len(indexes) + [False]
    assert result["continues"] == [True] * len(sizes) + [False, False]
    assert result["standing"] == [None, size - 2, 5]
    assert result["fetched"] < 20


def test_a_tile_or_an_entry_that_was_changed_in_todays_log_is_named(page, tmp_path):
    large = packs.made_up("+" * 600, origin=f"{page.evaluate('location.host')}/log/large")
    folder = packs.mirror(large, tmp_path)
    commitment = json.loads(large.lines[5])["commitment"]
    ask = {"leaves": [], "states": [], "entries": [commitment]}
    for name, first in (("tile/entries/000", 0), ("tile/entries/001", 256), ("tile/entries/002.p/88", 512)):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"confirmed", b"Confirmed", 1))
        assert scripted(page, large, folder, ask)["standing"] == [f"entry:{first}"]
        (folder / name).write_bytes(content)
    assert scripted(page, large, folder, ask)["standing"] == [5]


def test_a_receipt_of_another_site_asks_for_its_key_and_takes_a_pasted_one(page):
    foreign = packs.made_up("+++-1+o")
    content = packs.receipt(foreign, 0)
    check_receipt(page, content, address=foreign.subjects[0])
    expect(page.locator(".verdict--unsure")).to_contain_text(packs.ORIGIN)
    expect(page.locator(".checks__line--skipped")).to_have_count(3)

    check_receipt(page, content, address=foreign.subjects[0], key=foreign.keys)
    expect_signed_only(page)
    check_receipt(page, content, key=packs.signer("another secret").verifier)
    expect_failure(page, "checkpoint")
    check_receipt(page, content, address=ADDRESS)
    expect(page.locator(".verdict")).not_to_contain_text("in order")
    check_receipt(page, content, key=foreign.keys[:-9])
    expect(page.locator(".verdict--unsure")).to_contain_text("not the public key")


def test_a_receipt_in_the_name_of_this_site_needs_this_sites_key(page, log):
    forged = packs.made_up("+++", origin=log.origin)
    check_receipt(page, packs.receipt(forged, 0), address=forged.subjects[0])
    expect_failure(page, "checkpoint")
