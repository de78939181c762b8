"""A receipt and a pack are checked in the browser: what is right is said to be right, what was changed is named, and
nothing leaves the browser.
"""

import base64
import io
import json
import re
import zipfile
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.db import db
from pledge.delivery import freezing, packing, tables
from pledge.delivery.document import Cell, Words
from pledge.signatures.receipts import receipt as receipt_of
from tests.browser import steps
from tests.browser.test_keyboard import tab_to
from tests.support import deliveries, pack_lies, packs
from tests.support.browser import DESK, LOOKS, assert_looks_right
from tests.support.documents import organization
from tests.support.factories import SLUG, endorsement, signature

ADDRESS = "Kim.Haneul@example.org"


@pytest.fixture(scope="session")
def log(site):
    """The log of the site, with some people, an organisation and one who withdrew; and the receipt of one of them."""
    with site.inside():
        blue = db.session.scalars(select(Campaign).where(Campaign.slug == SLUG)).one()
        for number in range(3):
            signature(blue, email=f"counted{number}@example.org")
        signature(blue, state="withdrawn", email="withdrawn@example.org")
        endorsement(blue)
        person = signature(blue, email=ADDRESS)
        steps.people(site)
        found = packs.from_database(blue.id, SLUG)
        found.receipt = receipt_of(person.id)
        found.delivered = delivered(blue)
    return found


def delivered(of):
    """The pack as the site itself makes it."""
    document = freezing.preview(
        of.slug, recipient=deliveries.RECIPIENT, occasion=deliveries.OCCASION, letter=deliveries.LETTER
    )
    stream = io.BytesIO()
    packing.write_pack(document, of.id, stream, lambda _done, _total: None)
    return stream.getvalue()


@pytest.fixture
def page(visitor):
    page = visitor.page(lang="en", size=DESK)
    page.goto("/en/verify")
    expect(page.locator("[data-tool]")).to_be_visible()
    return page


def check(page, content, name, *, address="", key=""):
    """Hand a file in and wait for the verdict."""
    page.locator("#verify-file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.locator("#verify-address").fill(address)
    if key:
        page.locator("[data-key-box]").evaluate("box => box.open = true")
    page.locator("#verify-key").evaluate("(field, key) => field.value = key", key)
    page.locator("[data-check]").click()
    expect(page.locator(".verdict")).to_be_visible(timeout=20_000)


def check_receipt(page, content, **more):
    check(page, content, "blue-skies-1.tlog-proof", **more)


def check_pack(page, content, **more):
    check(page, content, "pack.zip", **more)


#: Hands a file to the page's own worker again and again, each time with one byte changed; the bytes that may be
#: changed without the worker minding, or "unchanged" when it does not even take the file as it is.
GOOD_IN_SPITE_OF = """async ({ name, content, places, mask, asked }) => {
  const { dataset } = document.querySelector("[data-part-worker]");
  const addresses = Object.fromEntries(
    Object.entries(dataset)
      .filter(([key]) => key.startsWith("part"))
      .map(([key, address]) => [key.slice(4).toLowerCase(), new URL(address, document.baseURI).href]),
  );
  const worker = new Worker(addresses.worker, { type: "module" });
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const isTaken = (changed) =>
    new Promise((resolve, reject) => {
      worker.onerror = reject;
      worker.onmessage = ({ data }) => data.result && resolve(/-(right|whole)$/.test(data.result.verdict));
      worker.postMessage({
        file: new File([changed], name),
        asked: { ...asked, slugs: dataset.slugs.split(" ") },
        addresses,
      });
    });
  if (!(await isTaken(bytes))) return ["unchanged"];
  const found = [];
  for (const place of places) {
    const changed = bytes.slice();
    changed[place] ^= mask;
    if (await isTaken(changed)) found.push(place);
  }
  worker.terminate();
  return found;
}"""


def good_in_spite_of(page, content, places, mask, name, *, address="", key=""):
    """Places whose byte may be changed by `mask` although the page's worker still says that the file is right."""
    return page.evaluate(
        GOOD_IN_SPITE_OF,
        {
            "name": name,
            "content": base64.b64encode(content).decode(),
            "places": list(places),
            "mask": mask,
            "asked": {"address": address, "pasted": key},
        },
    )


def expect_right(page):
    expect(page.locator(".verdict--right")).to_be_visible()
    expect(page.locator(".checks__line--failed")).to_have_count(0)


def expect_signed_only(page):
    """All of it fits together, and no more is claimed."""
    expect(page.locator(".verdict--unsure")).to_contain_text("Signed by this key; not compared")
    expect(page.locator(".verdict")).not_to_contain_text("public log as")
    expect(page.locator(".checks__line--failed")).to_have_count(0)
    expect(page.locator(".checks__line--done")).to_have_count(5)


def expect_failure(page, name):
    expect(page.locator(".verdict--wrong")).to_be_visible()
    expect(page.locator("[data-facts] .facts__value").first).to_have_text(name)
    expect(page.locator(".checks__line--failed")).to_have_count(1)


# --- Receipts ---


def test_a_right_receipt_with_its_address(page, log):
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_right(page)
    expect(page.locator("[role=status][data-verdict]")).to_contain_text(
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


def changed(content, line, place=None):
    """The receipt with one character of a line changed to another one that may stand there."""
    lines = content.decode().split("\n")
    text = lines[line]
    place = len(text) // 2 if place is None else place
    other = {"A": "B", "0": "1", "1": "2", "9": "8"}.get(text[place], "A" if text[place].isalpha() else "1")
    lines[line] = text[:place] + other + text[place + 1 :]
    return "\n".join(lines).encode()


def changed_extra(content, change):
    """The receipt with another meaning inside its extra line, in the right form."""
    lines = content.decode().split("\n")
    told = change(json.loads(base64.b64decode(lines[1].removeprefix("extra "))))
    lines[1] = "extra " + base64.b64encode(json.dumps(told, separators=(",", ":")).encode()).decode()
    return "\n".join(lines).encode()


def lines_of(content):
    """Number of each line by what it is."""
    lines = content.decode().split("\n")
    empty = lines.index("")
    return {
        "head": 0,
        "extra": 1,
        "index": 2,
        "proof": 3,
        "last proof": empty - 1,
        "empty": empty,
        "origin": empty + 1,
        "size": empty + 2,
        "root": empty + 3,
        "signature": empty + 5,
    }


@pytest.mark.parametrize(
    ("line", "place", "name"),
    [
        ("head", None, "receipt"),
        ("extra", 0, "receipt"),
        ("index", -1, "proof"),
        ("index", 0, "receipt"),
        ("proof", None, "proof"),
        ("last proof", 3, "proof"),
        ("size", 0, "checkpoint"),
        ("root", 5, "checkpoint"),
        ("signature", 0, "receipt"),
        ("signature", -12, "checkpoint"),
    ],
)
def test_one_character_changed_in_a_line_of_a_receipt_is_named(page, log, line, place, name):
    content = log.receipt.content
    place = None if place is None else place % len(content.decode().split("\n")[lines_of(content)[line]])
    check_receipt(page, changed(content, lines_of(content)[line], place), address=ADDRESS)
    expect_failure(page, name)


def test_what_is_changed_inside_the_extra_line_is_named(page, log):
    content = log.receipt.content
    for change, name in [
        (lambda told: {**told, "salt": base64.b64encode(bytes(16)).decode()}, "address"),
        (lambda told: {**told, "salt": "short"}, "receipt"),
        (lambda told: {**told, "leaf": re.sub(r"20\d\d-", "2020-", told["leaf"])}, "proof"),
        (
            lambda told: {
                **told,
                "leaf": told["leaf"].replace('"change":1', '"change":-1').replace("confirmed", "withdrawn"),
            },
            "leaf",
        ),
        (lambda told: {**told, "leaf": "{}"}, "leaf"),
        (lambda told: {**told, "more": 1}, "receipt"),
        (lambda told: {**told, "v": 2}, "receipt"),
    ]:
        check_receipt(page, changed_extra(content, change), address=ADDRESS)
        expect_failure(page, name)


def test_every_character_of_a_receipt_counts(page, log):
    """Whichever is changed, no check ends well; the origin alone leads to a log whose key nobody here knows."""
    content = log.receipt.content
    everywhere = range(len(content))
    assert good_in_spite_of(page, content, everywhere, 1, "a.tlog-proof", address=ADDRESS) == []


def fork(log, replaced):
    """Another log, signed with the site's own key, in which one entry is another one."""
    lines = list(log.lines)
    salt, subject = "A" * 22 + "==", "planted@example.org"
    planted = packs.leaves.commitment(salt, subject).hex()
    lines[replaced] = lines[replaced].replace(
        json.loads(lines[replaced])["commitment"].encode(), planted.encode()
    )
    found = packs.Log(lines, log.signers, log.origin, pledges=log.pledges)
    found.salts[replaced], found.subjects[replaced] = salt, subject
    return found


def test_a_fork_signed_with_the_sites_own_key_is_not_in_the_public_log(page, log):
    forked = fork(log, 1)
    for index in (1, 0):  # 0 is the same in both; the state that was signed is not
        check_receipt(page, packs.receipt(forked, index, salt="A" * 22 + "=="))
        expect_failure(page, "consistency")
        expect(page.locator(".verdict")).to_contain_text("is not part of the log that this site publishes")
    longer = packs.Log(forked.lines + log.lines, log.signers, log.origin)
    check_receipt(page, packs.receipt(longer, 1, salt="A" * 22 + "=="))
    expect_failure(page, "consistency")


def test_a_pack_of_a_fork_is_not_of_the_public_log(page, log):
    check_pack(page, packs.pack(fork(log, 1)))
    expect_failure(page, "consistency")


def test_where_todays_log_cannot_be_read_a_receipt_is_only_signed_by_the_key(page, log):
    page.context.route("**/checkpoint", lambda route: route.abort())
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_signed_only(page)


def test_a_receipt_of_an_entry_that_was_taken_back_says_so(page, log):
    """With a receipt of before it was."""
    back = next(index for index, line in enumerate(log.lines) if b'"takes_back"' in line)
    taken = json.loads(log.lines[back])["takes_back"]
    check_receipt(page, packs.receipt(log, taken, size=back, salt="A" * 22 + "=="))
    expect_failure(page, f"taken-back:{taken}")
    expect(page.locator(".verdict")).to_contain_text("no longer counts")


SCRIPTED = """async ({ files, receipt }) => {
  const { dataset } = document.querySelector("[data-part-worker]");
  const load = async (name) => import(dataset[`part${name}`]);
  const parts = { ...(await load("Bytes")) };
  for (const name of ["Note", "Merkle", "Entries", "Log"]) Object.assign(parts, (await load(name)).default(parts));
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
  for (const [index, commitment] of receipt.entries)
    found.standing.push(await log.standingAs(index, commitment, () => {}).catch((error) => `${error.failed}:${error.at}`));
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
    large = packs.made_up(events)
    folder = packs.mirror(large, tmp_path)

    def b64(content):
        return base64.b64encode(content).decode()

    size = len(large.lines)
    indexes = [0, 255, 256, 700, 65_535, 65_536, size - 1]
    sizes = [1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, size - 1, size]
    states = [[one, b64(large.root(one))] for one in sizes] + [
        [300, b64(large.root(301))],
        [size + 1, b64(large.root())],
    ]
    commitments = {index: json.loads(large.lines[index])["commitment"] for index in (3, 4, 5)}
    found = scripted(
        page,
        large,
        folder,
        {
            "leaves": [[index, b64(large.hashes[index])] for index in indexes] + [[5, b64(large.hashes[6])]],
            "states": states,
            "entries": list(commitments.items()),
        },
    )
    assert found["holds"] == [True] * len(indexes) + [False]
    assert found["continues"] == [True] * len(sizes) + [False, False]
    assert found["standing"] == [None, size - 2, 5]
    assert found["fetched"] < 20


def test_a_tile_or_an_entry_that_was_changed_in_todays_log_is_named(page, tmp_path):
    large = packs.made_up("+" * 600)
    folder = packs.mirror(large, tmp_path)
    commitment = json.loads(large.lines[5])["commitment"]
    ask = {"leaves": [], "states": [], "entries": [[5, commitment]]}
    for name in ("tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"confirmed", b"Confirmed", 1))
        assert scripted(page, large, folder, ask)["standing"] == [f"file:{name}"]
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
    check_receipt(page, content, key=str(packs.signer("another secret").verifier))
    expect_failure(page, "checkpoint")
    check_receipt(page, content, key=foreign.keys[:-9])
    expect(page.locator(".verdict--unsure")).to_contain_text("not the public key")


def test_a_receipt_in_the_name_of_this_site_needs_this_sites_key(page, log):
    forged = packs.made_up("+++", origin=log.origin)
    check_receipt(page, packs.receipt(forged, 0), address=forged.subjects[0])
    expect_failure(page, "checkpoint")


# --- Packs ---


def test_a_right_pack_is_counted_again(page, log):
    check_pack(page, packs.pack(log))
    expect_right(page)
    counts = log.counts()
    expect(page.locator(".verdict")).to_contain_text(f"{counts['people']} people")
    expect(page.locator(".verdict")).to_contain_text(f"{counts['organizations']} organisations")
    expect(page.locator(".checks__line--done")).to_have_count(9)


def test_a_pack_as_the_site_makes_it_is_right(page, log):
    check_pack(page, log.delivered)
    expect_right(page)
    expect(page.locator(".checks__line--done")).to_have_count(9)


def test_a_pack_with_the_key_it_brings_along_is_only_whole(page):
    foreign = packs.made_up("+++-1+o!0^0-7")
    check_pack(page, packs.pack(foreign))
    expect(page.locator(".verdict--unsure")).to_contain_text(f"https://{packs.ORIGIN}/key")
    expect(page.locator(".checks__line--done")).to_have_count(8)
    check_pack(page, packs.pack(foreign), key=foreign.keys)
    expect_right(page)


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
    check_pack(page, packs.pack(log, added={"more.txt": b"more"}))
    expect_failure(page, "archive:more.txt")
    files = packs.unzipped(packs.pack(log))
    check_pack(page, packs.zipped(dict(reversed(files.items()))))
    expect_failure(page, "archive")


def test_every_byte_of_a_zip_counts(page):
    foreign = packs.made_up("+++-1+o")
    content = packs.pack(foreign)
    headers = [found.start() for found in re.finditer(rb"PK[\x01-\x06][\x02-\x06]", content)]
    places = {
        *range(0, len(content), 293),
        *(start + more for start in headers for more in range(4, 22) if start + more < len(content)),
    }
    assert good_in_spite_of(page, content, sorted(places), 0x40, "pack.zip", key=foreign.keys) == []


def test_even_the_bits_behind_the_end_of_a_member_count(page):
    """Other programs pass over them, so the same pack could be handed around in several forms."""
    foreign = packs.made_up("+++-1+o")
    content = packs.pack(foreign)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        ends = [one.header_offset + 30 + len(one.filename) + one.compress_size for one in archive.infolist()]
    loose = [end - 1 for end in ends if not content[end - 1] & 0xE0]
    assert loose
    for place in loose:
        other = bytes([content[place] | 0x80])
        check_pack(page, content[:place] + other + content[place + 1 :], key=foreign.keys)
        expect(page.locator(".verdict--wrong")).to_be_visible()
        expect(page.locator("[data-facts] .facts__value").first).to_contain_text("archive:")


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
        (packs.pack(good, manifest=lambda told: told["checkpoint"].update(people=99)), "count:manifest.json"),
        (packs.pack(good, manifest=lambda told: told.update(format="pledge-delivery/v2")), "manifest"),
        (
            packs.pack(good, rewritten={"pledge-texts.json": json.dumps(words).encode()}),
            "file:pledge-texts.json",
        ),
        (packs.pack(good, manifest=lambda told: told["files"].pop("totals.csv")), "manifest"),
        (
            packs.pack(good, manifest=lambda told: told["files"]["totals.csv"].update(rows=9)),
            "file:totals.csv",
        ),
        (packs.pack(packs.made_up("++-0-0")), "entry:3"),
        (packs.pack(packs.made_up("+^0")), "entry:1"),
        (packs.pack(good, signers=[packs.signer("another secret")]), "signature"),
    ]:
        check_pack(page, made, key=good.keys)
        expect_failure(page, name)


def test_a_number_that_the_signer_made_up_is_found_in_every_table(page):
    """Signed as it is: in each of these packs one file says something else than the entries."""
    good = packs.made_up("+++-1+o+")
    for lie, (member, _) in pack_lies.LIES.items():
        check_pack(page, packs.pack(good, rewritten=pack_lies.told(lie, good)), key=good.keys)
        expect(page.locator(".verdict--wrong"), lie).to_be_visible()
        expect(page.locator("[data-facts] .facts__value").first, lie).to_have_text(f"count:{member}")


def test_it_says_what_the_log_proves_and_what_is_only_reported(page):
    good = packs.made_up("+++-1+o+")
    for rewritten in ({}, pack_lies.letter(), pack_lies.funnel(good)):
        check_pack(page, packs.pack(good, rewritten=rewritten), key=good.keys)
        expect_right(page)
        claims = page.locator("[data-claims]")
        expect(claims).to_contain_text("Only reported by whoever signed it")
        expect(claims).to_contain_text("everything in letter.pdf")
    check_pack(
        page, packs.pack(good, rewritten=pack_lies.told("more people in a region", good)), key=good.keys
    )
    expect(page.locator("[data-claims]")).to_be_hidden()


def test_a_day_that_the_calendar_does_not_have_is_no_entry(page):
    good = packs.made_up("+++")
    good.lines[1] = good.lines[1].replace(b"2026-11-24", b"2026-02-31")
    check_pack(page, packs.pack(good), key=good.keys)
    expect_failure(page, "entry:1")


def test_tables_of_a_large_campaign_are_right(page):
    """Months of days, merged lines, names with signs that a spreadsheet or XML would take for something else."""
    of = packs.made_up("+" * 60 + "o" * 12 + "-3")
    odd = ['=1+1 & "Söhne" <Ltd>', "줄\n바꿈, 쉼표", "_x0041_ 'quoted'"]
    days = [f"2026-{9 + place // 30:02}-{place % 30 + 1:02}" for place in range(60)]
    of.lines = [
        line.replace(b"2026-11-24", (days[place] if place < 60 else "2026-11-20").encode())
        for place, line in enumerate(of.lines)
    ]
    made = packs.document(of)
    merged = [
        *made.by_day[5:],
        Cell("other", Words("기타", "Other"), sum(day.people for day in made.by_day[:5])),
    ]
    listed = [organization(name, name) for name in odd] + made.organizations[4:]
    made = replace(made, by_day=merged, organizations=listed, unnamed_organizations=1)
    rewritten = {name: table(made)[0] for name, table in tables.TABLES.items()}
    rewritten["totals.json"] = tables.totals_json(made)
    changed = packs.pack(
        of, rewritten=rewritten, manifest=lambda told: told["files"]["organizations.csv"].pop("rows")
    )
    check_pack(page, changed, key=of.keys)
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
def test_another_file_is_neither(page, name, content):
    check(page, content, name)
    expect(page.locator(".verdict--unsure")).to_contain_text("neither")


# --- How it is done ---


def test_nothing_leaves_the_browser(page, log):
    """Our own addresses, by GET, without a body; and nothing of the file or the address in any of them."""
    seen = []

    def note(request):
        seen.append(request)

    page.context.on("request", note)
    page.locator("#verify-address").fill(ADDRESS)
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_right(page)
    check_pack(page, packs.pack(log))
    expect_right(page)
    urls = [request.url for request in seen if not request.url.startswith("blob:")]
    assert any(url.endswith(f"/log/{SLUG}/key") for url in urls), "the listener hears the worker too"
    origin = page.evaluate("location.origin")
    for request in seen:
        assert request.method == "GET"
        assert request.post_data is None
        assert re.fullmatch(
            rf"{origin}/(static/js/modules/verify-.*|log/{SLUG}/(key|checkpoint|tile/[0-9a-z/.]+))",
            request.url,
        )
    assert page.locator("main form").count() == 0


def test_with_the_keyboard_alone_and_a_forgotten_file(page, log):
    tab_to(page, "[data-check]")
    page.keyboard.press("Enter")
    expect(page.locator("#verify-file")).to_be_focused()
    expect(page.locator("#verify-file-error")).to_be_visible()
    expect(page.locator("#verify-file")).to_have_attribute("aria-invalid", "true")
    page.locator("#verify-file").set_input_files(
        {"name": "a.tlog-proof", "mimeType": "text/plain", "buffer": log.receipt.content}
    )
    expect(page.locator("#verify-file-error")).to_be_hidden()
    tab_to(page, "#verify-address")
    page.keyboard.type(ADDRESS)
    page.keyboard.press("Enter")
    expect_right(page)


def test_a_file_may_be_dropped_anywhere(page, log):
    page.evaluate(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.tlog-proof"));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
        }""",
        log.receipt.content.decode(),
    )
    page.locator("[data-check]").click()
    expect_right(page)


def test_a_browser_without_ed25519_says_so_and_names_the_command_line(visitor, log):
    page = visitor.page(lang="en")
    without = "crypto.subtle.importKey = () => Promise.reject(new DOMException('x', 'NotSupportedError'));\n"

    def take_away(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=without + answer.text())

    page.route("**/verify-worker.js*", take_away)
    page.goto("/en/verify")
    check_receipt(page, log.receipt.content)
    expect(page.locator(".verdict--unsure")).to_contain_text("Ed25519")
    expect(page.locator("main")).to_contain_text("python3 verify.py receipt")


def test_without_javascript_the_page_says_what_to_do(visitor):
    page = visitor.page(lang="ko", javascript=False)
    page.goto("/ko/verify")
    expect(page.locator("[data-without]")).to_be_visible()
    expect(page.locator("[data-tool]")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("python3 verify.py receipt")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_verdict_can_be_read_by_everybody(visitor, log, lang):
    page = visitor.page(lang=lang)
    page.goto(f"/{lang}/verify")
    foreign = packs.made_up("+++-1+o")
    for content, address in [
        (log.receipt.content, ADDRESS),
        (log.receipt.content, "other@example.org"),
        (packs.pack(log), ""),
        (packs.pack(foreign), ""),
        (packs.pack(log, changed={"totals.csv": b"x"}), ""),
        (b"\xff\xd8\xff", ""),
    ]:
        check(page, content, "file", address=address)
        assert "{" not in page.locator("[data-verdict]").inner_text()
        assert_looks_right(page, LOOKS[lang])


def test_a_large_pack_is_counted_while_the_page_stays_responsive(page):
    large = packs.made_up("+" * 20_000)
    content = packs.pack(large)
    page.evaluate(
        """() => { window.longest = 0; let last = performance.now();
            setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 20); }"""
    )
    check_pack(page, content, key=large.keys)
    expect_right(page)
    expect(page.locator("[data-facts]")).to_contain_text("20,000")
    assert page.evaluate("window.longest") < 1000


def test_a_receipt_saved_after_signing_is_right(visitor, site):
    page = visitor.page(lang="en")
    email = steps.sign_and_confirm(page, site)
    with page.expect_download() as waiting:
        page.locator("main a[href$='/receipt']").click()
    saved = waiting.value
    assert re.fullmatch(rf"{SLUG}-\d+\.tlog-proof", saved.suggested_filename)
    page.locator(".receipt a[href$='/verify']").click()
    page.locator("#verify-file").set_input_files(saved.path())
    page.locator("#verify-address").fill(email)
    page.locator("[data-check]").click()
    # Playwright keeps a download under another name; its first bytes say what it is.
    expect_right(page)
