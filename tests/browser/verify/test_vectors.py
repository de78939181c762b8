"""docs/log-vectors.json in the browser: what the page's checker is made of, and anywhere.html with it (tools/build_anywhere.py)."""

import json

import pytest

from config import ROOT

VECTORS = json.loads((ROOT / "docs" / "log-vectors.json").read_text("utf-8"))

#: What each part says of each vector, as a list of those about which it says something else than the file.
CHECK = """async (vectors) => {
  const addresses = JSON.parse(document.querySelector("[data-parts]").dataset.parts);
  const parts = { ...(await import(addresses.bytes)), base: "", host: location.host };
  for (const name of ["note", "merkle", "entries"]) Object.assign(parts, (await import(addresses[name])).default(parts));
  const wrong = [];
  const is = (name, said, wanted) => String(said) === String(wanted) || wrong.push(`${name}: ${said}, not ${wanted}`);
  const stored = (entries) => new Uint8Array(entries.map(parts.encode).flatMap((entry) => [entry.length >> 8, entry.length & 255, ...entry]));
  for (const { name, entries, ...log } of vectors.logs) {
    const said = await parts.recount(parts.bundlesOf(stored(entries), entries.length), entries.length, () => {}).then(
      (sum) => [parts.toBase64(sum.root), sum.counts.people, sum.counts.organizations, sum.paper.signatures],
      (error) => `${error.failed}:${error.at}`,
    );
    is(name, said, log.fails ?? [log.root, log.people, log.organizations, log.paper]);
  }
  for (const { name, key, is_known } of vectors.keys) is(name, (await parts.readKey(key)).isKnown, is_known);
  for (const { name, keys, note, right } of vectors.notes) {
    const known = await parts.readKeys(keys.join("\\n"));
    const read = async () => parts.readCheckpoint(parts.encode(note));
    is(name, await read().then((state) => parts.signedBy(state.note, known, state.origin)).then((by) => by.length > 0, () => false), right);
  }
  for (const { entry, index, size, proof, root } of vectors.inclusion) {
    const found = parts.rootByProof(parts.leafHash(parts.encode(entry)), index, size, proof.map(parts.fromBase64));
    is(`entry ${index} of ${size}`, parts.toBase64(found), root);
  }
  for (const { texts, sha256 } of vectors.texts) is("texts", await parts.fingerprint(texts), sha256);
  return wrong;
}"""


@pytest.mark.usefixtures("log")
def test_the_checker_in_the_browser_agrees_with_every_vector(page):
    assert page.evaluate(CHECK, VECTORS) == []
    changed = json.loads(json.dumps(VECTORS))
    changed["logs"][1]["people"] = 2
    changed["notes"][0]["right"] = False
    assert len(page.evaluate(CHECK, changed)) == 2
