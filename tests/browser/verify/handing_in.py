"""What the tests of the page that checks receipts and packs share: handing a file in, and what the page says."""

import base64

from playwright.sync_api import expect

ADDRESS = "Kim.Haneul@example.org"


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
    expect(page.locator(".verify-file .verdict")).to_be_visible()


def check_receipt(page, content, **more):
    check(page, content, "blue-skies-1.tlog-proof", **more)


def check_pack(page, content, **more):
    check(page, content, "pack.zip", **more)


#: Hands a file to the page's own worker again and again, each time with one byte changed; the bytes that may be
#: changed without the worker minding, or "unchanged" when it does not even take the file as it is.
GOOD_IN_SPITE_OF = """async ({ name, content, places, mask, asked }) => {
  const { dataset } = document.querySelector("[data-slugs]");
  const addresses = JSON.parse(dataset.parts);
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
