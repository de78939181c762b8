// A delivery pack: that it is whole and signed, and that its log adds up to the numbers in it (docs/pack.md).

const FORMAT = "pledge-delivery/v1";
const MEMBERS = [
  ...["totals.xlsx", "totals.csv", "totals.json", "organizations.csv", "demands.csv", "answers.csv"],
  ...["integrity.json", "pledge-texts.json"],
  ...["log/checkpoint", "log/key", "log/entries", "verify.py", "manifest.json", "manifest.sig"],
];
// In packs that have something to tell in them.
const OPTIONAL = ["demands.csv", "answers.csv"];
const LETTER = /^letter-[a-z]{2}\.pdf$/;
const PLEDGES = "pledge-texts.json";
// Letters and the workbook are for people, the program for another computer.
const NOT_READ = /^(letter.*\.pdf|totals\.xlsx|verify\.py)$/;
const SMALL = 1 << 20;
// A browser holds a file as a whole to hash it; what is larger is for the command line.
const LARGEST = 1 << 30;

/** @param {Parts} parts */
export default function pack(parts) {
  const { Failed, or, decode, json, fromBase64, hex, sha256, isNumber } = parts;

  /** @param {File} file @param {Asked} asked @param {Tell} tell */
  async function checkPack(file, asked, tell) {
    const members = await parts.openZip(file, membersAmong);
    /** @param {string} name @param {number} [longest] */
    const take = (name, longest = SMALL) => parts.read(file, members.get(name), longest);
    tell.step("archive");

    const seal = await or("signature", async () => readSeal(parts.readNote(await take("manifest.sig"))));
    const trusted = await believed(seal, asked, take);
    const data = await take("manifest.json");
    await or("signature", async () => {
      const isSigned = (await parts.signedBy(seal.note, trusted.keys, seal.origin)).length;
      if (!isSigned || seal.digest !== hex(await sha256(data))) throw new RangeError("not signed like this");
    });
    tell.step("signature");

    const manifest = await or("manifest", () => readManifest(data, seal.origin));
    tell.step("manifest");
    tell.facts({ origin: manifest.origin, size: manifest.size, root: manifest.rootText });
    tell.total(manifest.size);

    const signed = [...Object.keys(manifest.files), "manifest.json", "manifest.sig"];
    const differing = [...signed, ...members.keys()].find((name) => !signed.includes(name) || !members.has(name));
    if (differing) throw new Failed("archive", differing);
    /** @param {string} name */
    const kept = await checkFiles(manifest, (name) => take(name, LARGEST));
    tell.step("files");

    const checkpoint = await or("checkpoint", async () => {
      const found = parts.readCheckpoint(kept["log/checkpoint"]);
      const isSigned = (await parts.signedBy(found.note, trusted.keys, found.origin)).length;
      if (!isSigned || !parts.isSameState(found, manifest)) throw new RangeError("another checkpoint");
      return found;
    });
    tell.step("checkpoint");

    const sum = await parts.recount(parts.bundlesOf(kept["log/entries"], checkpoint.size), checkpoint.size, tell.progress);
    tell.step("entries");
    if (!parts.same(sum.root, checkpoint.root)) throw new Failed("root");
    tell.step("root");
    await parts.checkTables(kept, manifest, sum);
    await or("file", () => parts.checkPledges(json(kept[PLEDGES]), sum.pledges), PLEDGES);
    tell.step("count");
    tell.facts({ ...sum.counts, paper: sum.paper.signatures || undefined, statements: sum.statements.size || undefined });
    await holdAgainstToday(checkpoint, trusted, tell);
    return { verdict: trusted.source === "pack" ? "pack-whole" : "pack-right", source: trusted.source };
  }

  // That the state of the pack is the beginning of the log that is published today, where this site has it.
  /** @param {Checkpoint} checkpoint @param {Trusted} trusted @param {Tell} tell */
  async function holdAgainstToday(checkpoint, trusted, tell) {
    const today = await parts.openLog(trusted, checkpoint.size);
    const isIn = await today?.continues(checkpoint);
    // By a key that this site does not know, it may be of another site that has such a campaign.
    const isNamed = trusted.source !== "pack" || trusted.published?.some(({ name }) => name === checkpoint.origin);
    if (today && !isIn && isNamed) throw new Failed(trusted.source === "pack" ? "signature" : "consistency");
    if (!today || !isIn) return tell.step("published", "skipped");
    tell.facts({ today: today.size });
    const shown = await parts.get(`/api/v1/campaigns/${trusted.slug}/count`).then((bytes) => json(bytes ?? new Uint8Array())).catch(() => ({}));
    tell.facts({ todayPeople: shown.people, todayOrganizations: shown.organizations });
    return tell.step("published");
  }

  // Three lines: the format, the log's name, the hash of the manifest.
  /** @param {Note} note */
  function readSeal(note) {
    const lines = note.text.split("\n");
    if (lines.length !== 4 || lines[0] !== FORMAT) throw new RangeError("not the signature of a pack");
    return { note, origin: lines[1], digest: lines[2] };
  }

  // Where no key signed it that signs here today, the one that it brings along, which proves less.
  /** @param {{ note: Note, origin: string }} seal @param {Asked} asked @param {Take} take @returns {Promise<Believed>} */
  async function believed({ note, origin }, asked, take) {
    const found = await parts.keysFor(origin, asked);
    const { keys, source } = found;
    return or("signature", async () => {
      if (keys && (source === "pasted" || (await parts.signedBy(note, keys, origin)).length)) return { ...found, keys };
      return { ...found, keys: await parts.readKeys(decode(await take("log/key"))), source: "pack" };
    });
  }

  /** @param {Bytes} data @param {string} origin */
  function readManifest(data, origin) {
    const told = json(data);
    const { size, root, people, organizations } = told.checkpoint;
    const isRight =
      told.format === FORMAT &&
      typeof told.tool === "string" &&
      told.origin === origin &&
      told.origin.endsWith(`/log/${told.campaign}`) &&
      [size, people, organizations].every(isNumber) &&
      fromBase64(root).length === 32 &&
      Object.keys(told.files).join("\n") === membersAmong(Object.keys(told.files)).slice(0, -2).join("\n") &&
      Object.values(told.files).every(isDescribed);
    if (!isRight) throw new RangeError("not a manifest");
    const counts = { people, organizations };
    return { origin, campaign: told.campaign, size, root: fromBase64(root), rootText: root, counts, files: told.files };
  }

  /** @param {Record<string, any>} told */
  function isDescribed({ size, sha256: digest, rows = 0, ...more }) {
    return isNumber(size) && isNumber(rows) && /^[0-9a-f]{64}$/.test(digest) && !Object.keys(more).length;
  }

  // Every file as the manifest describes it; those that are needed further on.
  /** @param {Manifest} manifest @param {Take} take */
  async function checkFiles(manifest, take) {
    /** @type {Kept} */
    const kept = {};
    for (const [name, told] of Object.entries(manifest.files)) {
      const bytes = await take(name);
      if (bytes.length !== told.size || hex(await sha256(bytes)) !== told.sha256) throw new Failed("file", name);
      if (name.endsWith(".csv") && "rows" in told && rowsOf(decode(bytes)) !== told.rows) throw new Failed("file", name);
      if (!NOT_READ.test(name)) kept[name] = bytes;
    }
    return kept;
  }

  return { checkPack };
}

// The members that a pack with these has: a letter for each language.
/** @param {string[]} names */
function membersAmong(names) {
  const tables = MEMBERS.filter((name) => !OPTIONAL.includes(name) || names.includes(name));
  return ["README.txt", ...names.filter((name) => LETTER.test(name)), ...tables];
}

// Lines of a table below its head (RFC 4180): line breaks inside quotes do not count.
/** @param {string} text */
function rowsOf(text) {
  const outside = text.replace(/"[^"]*"/g, "").replace(/\r\n/g, "\n");
  return outside.replace(/\n$/, "").split("\n").length - 1;
}
