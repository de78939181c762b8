// The entries of a log: split, checked each against those before it, added up (docs/log.md).

// The only forms of an entry, with the keys in this order and no spaces: of a person or an organisation; of a batch on paper, with
// the hash of its scan or which batch is taken back (docs/paper.md); of what was said in somebody's name, which changes no number.
const DAY = '"day":"(?<day>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"';
const SIGNATORY = `"of":"(?<of>person|organization)",${DAY},"pledge":"(?<pledge>[0-9a-f]{64})"`;
const BATCH = `(?<signatures>1000000|[1-9][0-9]{0,5}),"of":"(?<of>paper)",${DAY}`;
const HASH = '"(?<commitment>[0-9a-f]{64})"';
const TAKES_BACK = '"takes_back":(?<takesBack>0|[1-9][0-9]{0,14})';
const RECORD = '(?:,"record":"[0-9a-f]{64}")?';
const FORMS = [
  `"(?<reason>confirmed|reinstated)","change":1,${SIGNATORY},"commitment":${HASH}`,
  `"(?<reason>withdrawn|invalidated|removed)","change":-1,${SIGNATORY},${TAKES_BACK}`,
  `"(?<reason>confirmed)","change":${BATCH},"scan":${HASH}${RECORD}`,
  `"(?<reason>withdrawn)","change":-${BATCH},${TAKES_BACK}${RECORD}`,
  `"(?<reason>promise|answer|letter)","change":0,"of":"(?<of>statement)",${DAY},"sha256":${HASH}`,
].map((form) => new RegExp(`^\\{"v":1,"kind":${form}\\}$`));
/** @type {Record<string, string>} */
const WORDS = { person: "people", organization: "organizations", paper: "paper" };
const REASONS = ["confirmed", "withdrawn", "invalidated", "reinstated"];
/** @type {Record<string, number>} */
const STANDS = { person: 1, organization: 2, paper: 3 };
// Entries that are fetched, hashed and dropped together.
const FULL = 256;
const WIDTH = 32;

/** @param {Readers} parts */
export default function entries({ Failed, encode, hex, sha256, leafHashes, rootOf }) {
  // What one line says; null for what is no entry.
  /** @param {string} line @returns {Entry | null} */
  function readEntry(line) {
    for (const form of FORMS) {
      const groups = form.exec(line)?.groups;
      if (!groups) continue;
      const { reason, of, day, pledge, commitment, takesBack, signatures } = groups;
      const isPlus = takesBack === undefined && of !== "statement";
      const numbers = { takesBack: Number(takesBack), signatures: Number(signatures) || undefined };
      return { reason, isPlus, of, day, pledge, commitment, ...numbers };
    }
    return null;
  }

  // The first `size` entries, each after two bytes of length (tlog-tiles, "Log Entries"), and where the last of them ends.
  /** @param {Bytes} bytes @param {number} size */
  function split(bytes, size) {
    const ends = new Float64Array(size + 1);
    for (let count = 0; count < size; count += 1) {
      const place = ends[count];
      ends[count + 1] = place + 2 + bytes[place] * 256 + bytes[place + 1];
      if (!(ends[count + 1] <= bytes.length)) throw new Failed("size");
    }
    return { end: ends[size], entry: (/** @type {number} */ index) => bytes.subarray(ends[index] + 2, ends[index + 1]) };
  }

  // `count` entries with the root of their hashes, as `recount` takes them.
  /** @param {Bytes} bytes @param {number} count */
  function bundleOf(bytes, count) {
    const { entry, end } = split(bytes, count);
    return { count, entry, end, root: rootOf(leafHashes(count, entry)) };
  }

  // The bundles of a whole log that is at hand.
  /** @param {Bytes} bytes @param {number} size */
  function* bundlesOf(bytes, size) {
    let rest = bytes;
    for (let first = 0; first < size; first += FULL) {
      const bundle = bundleOf(rest, Math.min(FULL, size - first));
      yield bundle;
      rest = rest.subarray(bundle.end);
    }
    if (rest.length) throw new Failed("size");
  }

  // Adds up `size` entries, of which it keeps next to nothing: a million must fit into a phone. `progress(n)` tells that n more
  // are done; `asked` are the sizes for which `sums` says what so many entries add up to.
  /** @param {AsyncIterable<Bundle> | Iterable<Bundle>} bundles @param {number} size @param {Progress} progress @param {number[]} [asked] @returns {Promise<Sum>} */
  async function recount(bundles, size, progress, asked = []) {
    const reader = new TextDecoder("latin1");
    const none = Object.fromEntries(REASONS.map((reason) => [reason, 0]));
    /** @type {Sum["moves"]} */
    const moves = { people: { ...none }, organizations: { ...none } };
    const stands = new Uint8Array(size);
    // The signatures of each batch on paper that counts, by the index of its entry.
    const batches = new Map();
    // What was said, by the index of its entry.
    const statements = new Map();
    const namedBefore = commitmentsOf(size);
    // How many entries name a pledge text, by its hash.
    const pledges = new Map();
    // By how many people each day changed the count; every day that an entry names is a key.
    const days = new Map();
    /** @type {Record<string, number>} */
    const total = { people: 0, organizations: 0, paper: 0 };
    const sums = new Map();
    const roots = new Uint8Array(Math.ceil(size / FULL) * WIDTH);
    let index = 0;
    const note = () => asked.includes(index) && sums.set(index, { ...total });
    note();
    for await (const { count, entry: at, root } of bundles) {
      roots.set(root, (index / FULL) * WIDTH);
      for (let place = 0; place < count; place += 1) {
        const entry = readEntry(reader.decode(at(place)));
        if (!entry) throw new Failed("entry", index);
        const isStatement = entry.of === "statement";
        if (!entry.isPlus && !isStatement && !takeBack(stands, batches, index, entry)) throw new Failed("entry", index);
        if (!days.has(entry.day) && !isDay(entry.day)) throw new Failed("entry", index);
        // Of paper, the hash of the scan.
        if (entry.isPlus && stands[namedBefore(index, entry.commitment)]) throw new Failed("entry", index);
        const change = (entry.isPlus ? 1 : -1) * (entry.signatures ?? 1);
        if (!isStatement) total[WORDS[entry.of]] += change;
        days.set(entry.day, (days.get(entry.day) ?? 0) + (entry.of === "person" ? change : 0));
        if (entry.isPlus) stands[index] = STANDS[entry.of];
        if (isStatement) statements.set(index, entry);
        else if (entry.of === "paper") {
          if (entry.isPlus) batches.set(index, entry.signatures);
        } else {
          moves[WORDS[entry.of]][entry.reason] = (moves[WORDS[entry.of]][entry.reason] ?? 0) + 1;
          pledges.set(entry.pledge, (pledges.get(entry.pledge) ?? 0) + 1);
        }
        index += 1;
        note();
      }
      progress(count);
    }
    const latest = [...days.keys()].sort().at(-1) ?? "";
    const paper = { signatures: total.paper, batches: batches.size };
    const counts = { people: total.people, organizations: total.organizations };
    /** @param {string} commitment */
    const standingAs = (commitment) => [namedBefore(size, commitment)].find((last) => stands[last]) ?? null;
    return { moves, counts, paper, statements, pledges, days, latest, sums, standingAs, root: rootOf(roots) };
  }

  /** @param {Uint8Array} stands @param {Map<number, number>} batches @param {number} index @param {Entry} entry */
  function takeBack(stands, batches, index, { takesBack, of, signatures }) {
    if (takesBack >= index || stands[takesBack] !== STANDS[of]) return false;
    if (batches.get(takesBack) !== signatures) return false; // a batch is taken back whole
    stands[takesBack] = 0;
    batches.delete(takesBack);
    return true;
  }

  // The hash of words: for each of their languages by its code, the code and the text.
  /** @param {Label} words */
  async function fingerprint(words) {
    const texts = Object.keys(words).sort().map((lang) => `${lang}\0${words[lang]}\0`);
    if (!texts.length) throw new RangeError("no words");
    return hex(await sha256(encode(texts.join(""))));
  }

  // That texts have the hashes that they are listed with, and that each which was signed is among them, word for word.
  /** @param {{ sha256: string, text: Label }[]} texts @param {Map<string, number>} signed */
  async function checkPledges(texts, signed) {
    for (const { sha256: listed, text } of texts) {
      if ((await fingerprint(text)) !== listed) throw new RangeError("another text");
    }
    const known = texts.map(({ sha256: listed }) => listed);
    if (![...signed.keys()].every((pledge) => known.includes(pledge))) throw new RangeError("a text is missing");
  }

  return { readEntry, bundleOf, bundlesOf, recount, fingerprint, checkPledges };
}

// Commitments, in 40 bytes an entry: all of them, and a table of who named each last. Gives the entry that named it before, -1 for
// none, and notes that entry `index` does, if there is such an entry.
/** @param {number} size */
function commitmentsOf(size) {
  const words = new Uint32Array(8 * size + 8);
  const named = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 2)));
  /** @param {number} index */
  const wordsOf = (index) => words.subarray(8 * index, 8 * index + 8);
  return (/** @type {number} */ index, /** @type {string} */ commitment) => {
    const own = wordsOf(index);
    for (let part = 0; part < 8; part += 1) own[part] = Number.parseInt(commitment.slice(8 * part, 8 * part + 8), 16);
    let place = own[0] % named.length;
    while (named[place] && !wordsOf(named[place] - 1).every((word, part) => word === own[part])) place = (place + 1) % named.length;
    const before = named[place] - 1;
    if (index < size) named[place] = index + 1;
    return before;
  };
}

// Whether the calendar has it.
/** @param {string} text */
function isDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !text.startsWith("0000") && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
