// Counts a whole log again and holds what its site shows and publishes against it; and a checkpoint that somebody kept against
// the log of today (docs/verify.md).

/** @type {Counted[]} */
const NUMBERS = ["people", "organizations", "paper"];
const MAX_CHECKPOINT_BYTES = 100_000;
// More are left to the command line.
const MAX_ENTRIES = 1 << 20;
// With the pauses between them, ten seconds: so long a list may lag behind the log.
const TRIES = 5;

/** @param {Parts} parts */
export default function count(parts) {
  const { Failed, or } = parts;

  // `shown` is what pages show: { where, people, organizations, paper } and `size`, the entries that give it; only { where }
  // when it could not be read. A reader who was here before has `keys` that are to sign, and `kept`, a checkpoint.
  /** @param {{ slug: string, shown: Shown[], keys?: Key[], kept?: Bytes }} asked @param {Tell} tell */
  async function checkCount({ slug, shown: onPages, keys, kept }, tell) {
    const published = keys ?? (await parts.keysOf(slug));
    const shown = [...onPages, ...(await shownToPrograms(slug))];
    const sizes = shown.map(({ size }) => size ?? 0);
    const before = kept && parts.readCheckpoint(kept);
    const log = await parts.openLog({ slug, published }, Math.max(before?.size ?? 0, ...sizes));
    if (!log) throw new Failed("no-log");
    if (log.size > MAX_ENTRIES) throw new Failed("too-large");
    tell.facts({ origin: log.origin, size: log.size, root: log.rootText, kept: log.bytes });
    tell.facts({ signer: log.signers[0].id, keys: log.signers.map(({ line }) => line), others: others(log) });
    if (before && !(await log.continues(before))) throw new Failed("consistency");
    tell.total(log.size);
    const sum = await parts.recount(log.allEntries(), log.size, tell.progress, sizes);
    if (!parts.same(sum.root, log.root)) throw new Failed("root");
    tell.facts({ ...sum.counts, paper: sum.paper.signatures, statements: sum.statements.size || undefined });
    const differing = shown.flatMap((one) => differences(one, sum.sums, log.size));
    const unsure = shown.flatMap((one) => doubt(one, log.size));
    tell.facts({ differing, unsure, least: Math.min(...sizes) });
    if (differing.length) throw new Failed("shown");
    tell.facts({ current: await parts.again(() => checkWords(slug, sum, log.size), TRIES) });
    return { verdict: unsure.length ? "count-unsure" : "count-right" };
  }

  // The numbers for other programs, asked before the log is, so that the log holds them.
  /** @param {string} slug @returns {Promise<Shown[]>} */
  async function shownToPrograms(slug) {
    /** @param {string} where @param {string} name @param {(found: any) => Partial<Shown>} take @returns {Promise<any>} */
    const read = (where, name, take) =>
      fresh(`/api/v1/campaigns/${slug}/${name}`).then((bytes) => ({ where, ...take(parts.json(bytes)) })).catch(() => ({ where }));
    const integrity = await read("integrity", "integrity", ({ confirmed, waiting, checkpoint: size }) => ({ people: confirmed - waiting, size }));
    for (let attempt = 1; ; attempt += 1) {
      const count = await read("api", "count", ({ checkpoint: size, ...numbers }) => ({ ...numbers, size }));
      // While the log catches up with the count, for a moment at most, the size is null.
      if (count.size !== null || attempt === TRIES) return [integrity, count];
      await parts.pause(attempt / 2);
    }
  }

  /** @param {string} path @returns {Promise<any>} */
  const fresh = (path) => parts.get(path, { cache: "no-store" });

  // Whoever else put a line under the checkpoint; their keys are not known here.
  /** @param {Checkpoint} checkpoint */
  const others = ({ note, origin }) => [...new Set(note.signatures.map(({ name }) => name).filter((name) => name !== origin))];

  /** @param {Shown} shown @param {Sum["sums"]} sums @param {number} entries */
  function differences(shown, sums, entries) {
    const counted = sums.get(shown.size ?? -1);
    if (!counted || doubt(shown, entries).length) return [];
    const differing = NUMBERS.filter((word) => word in shown && counted[word] !== shown[word]);
    return differing.map((word) => ({ where: shown.where, word, shown: shown[word], counted: counted[word] }));
  }

  /** @param {Shown} shown @param {number} entries */
  function doubt({ where, size, people }, entries) {
    if (people === undefined) return [{ where, why: "missing" }];
    if (typeof size !== "number") return [{ where, why: "null" }];
    return size > entries ? [{ where, why: "ahead", shown: size }] : [];
  }

  // That the words of pledge texts and statements are published as their entries say; those of a letter only its recipient has.
  // Gives how many entries name the newest text.
  /** @param {string} slug @param {Sum} sum @param {number} size */
  async function checkWords(slug, sum, size) {
    const [facts, stated] = await Promise.all(["", "/statements"].map((name) => fresh(`/api/v1/campaigns/${slug}${name}`)));
    const texts = await or("pledge", async () => {
      const listed = parts.json(facts).pledges;
      for (const version of listed) {
        version.text = {};
        for (const lang of Object.keys(version.texts)) {
          version.text[lang] = parts.decode(await fresh(`/${lang}/c/${slug}/pledge/${version.version}.md`));
        }
      }
      await parts.checkPledges(listed, sum.pledges);
      return listed;
    });
    const missing = new Set(sum.statements.keys());
    await or("statement", async () => {
      for (const { entry, kind, words, sha256 } of parts.json(stated).statements) {
        const known = sum.statements.get(entry);
        const hash = kind === "letter" ? sha256 : await parts.fingerprint(words);
        if (entry < size && (kind !== known?.reason || hash !== known?.commitment)) throw new Failed("statement", entry);
        missing.delete(entry);
      }
    });
    for (const index of missing) throw new Failed("statement", index);
    return sum.pledges.get(texts[0].sha256) ?? 0;
  }

  // The log of the day on which it was kept must be the beginning of today's.
  /** @param {File} file @param {Asked} asked @param {Tell} tell */
  async function checkKept(file, asked, tell) {
    const kept = await or("kept", async () => {
      if (file.size > MAX_CHECKPOINT_BYTES) throw new RangeError("too long");
      return parts.readCheckpoint(new Uint8Array(await file.arrayBuffer()));
    });
    tell.facts({ origin: kept.origin, size: kept.size, root: kept.rootText });
    const trusted = await parts.keysFor(kept.origin, asked);
    const isSigned = await parts.isSigned(kept, trusted);
    tell.step("checkpoint", isSigned ? "done" : "skipped");
    const today = await parts.openLog(trusted, kept.size);
    if (!today && isSigned) throw new Failed("no-log");
    if (!today || !(await today.continues(kept))) return parts.outside(kept, trusted, today, isSigned);
    tell.facts({ today: today.size });
    tell.step("published");
    return { verdict: "kept-right", source: trusted.source };
  }

  return { checkCount, checkKept };
}
