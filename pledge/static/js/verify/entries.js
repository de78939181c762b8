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
  `"(?<reason>withdrawn|invalidated)","change":-1,${SIGNATORY},${TAKES_BACK}`,
  `"(?<reason>confirmed)","change":${BATCH},"scan":${HASH}${RECORD}`,
  `"(?<reason>withdrawn)","change":-${BATCH},${TAKES_BACK}${RECORD}`,
  `"(?<reason>promise|answer|letter)","change":0,"of":"(?<of>statement)",${DAY},"sha256":${HASH}`,
].map((form) => new RegExp(`^\\{"v":1,"kind":${form}\\}$`));
/** @type {Record<string, string>} */
const WORDS = { person: "people", organization: "organizations" };
const SUMS = { ...WORDS, paper: "paper" };
const REASONS = ["confirmed", "withdrawn", "invalidated", "reinstated"];
/** @type {Record<string, number>} */
const STANDS = { person: 1, organization: 2, paper: 3 };
// Entries between two reports of progress.
const STEP = 4096;

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
    return { entry: (/** @type {number} */ index) => bytes.subarray(ends[index] + 2, ends[index + 1]), end: ends[size] };
  }

  // Adds up the first `size` entries. `progress(n)` tells that n more steps are done: looks at entries, then hashes.
  // `known` are the hashes of the entries, if they were made already. `sums` has, for people, organizations and paper, what the first n entries add up to, from 0 on.
  /** @param {Bytes} bytes @param {number} size @param {Progress} progress @param {Bytes | null} [known] @returns {Promise<Sum>} */
  async function recount(bytes, size, progress, known = null) {
    const { entry: at, end } = split(bytes, size);
    if (end !== bytes.length) throw new Failed("size");
    const reader = new TextDecoder("latin1");
    const moves = Object.fromEntries(
      Object.values(WORDS).map((word) => [word, Object.fromEntries(REASONS.map((reason) => [reason, 0]))]),
    );
    const stands = new Uint8Array(size);
    // The signatures of each batch on paper that counts, by the index of its entry.
    const batches = new Map();
    // What was said, by the index of its entry.
    const statements = new Map();
    const marks = new Float64Array(size);
    // How many entries name a pledge text, by its hash.
    const pledges = new Map();
    // By how many people each day changed the count; every day that an entry names is a key.
    const days = new Map();
    const sums = Object.fromEntries(Object.values(SUMS).map((word) => [word, new Float64Array(size + 1)]));
    for (let index = 0; index < size; index += 1) {
      const entry = readEntry(reader.decode(at(index)));
      if (!entry) throw new Failed("entry", index);
      const isStatement = entry.of === "statement";
      if (!entry.isPlus && !isStatement && !takeBack(stands, batches, index, entry)) throw new Failed("entry", index);
      if (!days.has(entry.day) && !isDay(entry.day)) throw new Failed("entry", index);
      const change = (entry.isPlus ? 1 : -1) * (entry.signatures ?? 1);
      for (const [of, word] of Object.entries(SUMS)) sums[word][index + 1] = sums[word][index] + (of === entry.of ? change : 0);
      days.set(entry.day, (days.get(entry.day) ?? 0) + (entry.of === "person" ? (entry.isPlus ? 1 : -1) : 0));
      if (entry.isPlus) stands[index] = STANDS[entry.of];
      // The beginning of the commitment (of paper: of the hash of the scan), or which entry is taken back: of a statement none.
      marks[index] = entry.isPlus ? Number.parseInt(entry.commitment.slice(0, 13), 16) : -1 - entry.takesBack;
      if (isStatement) statements.set(index, entry);
      else if (entry.of === "paper") {
        if (entry.isPlus) batches.set(index, entry.signatures);
      } else {
        moves[WORDS[entry.of]][entry.reason] += 1;
        pledges.set(entry.pledge, (pledges.get(entry.pledge) ?? 0) + 1);
      }
      if (index % STEP === STEP - 1) progress(STEP);
    }
    const root = await rootOf(known ?? (await leafHashes(size, at, progress)), progress);
    const latest = [...days.keys()].sort().at(-1) ?? "";
    const numbers = [...batches.values()];
    const paper = { signatures: numbers.reduce((sum, number) => sum + number, 0), batches: numbers.length };
    const counts = { people: counted(moves.people), organizations: counted(moves.organizations) };
    return { moves, counts, paper, statements, pledges, days, latest, sums, root, checkTwice: () => checkTwice(marks, at) };
  }

  /** @param {Uint8Array} stands @param {Map<number, number>} batches @param {number} index @param {Entry} entry */
  function takeBack(stands, batches, index, { takesBack, of, signatures }) {
    if (takesBack >= index || stands[takesBack] !== STANDS[of]) return false;
    if (batches.get(takesBack) !== signatures) return false; // a batch is taken back whole
    stands[takesBack] = 0;
    batches.delete(takesBack);
    return true;
  }

  // No commitment may count twice at one time. Equal beginnings are rare, so only those are looked at closely.
  /** @param {Float64Array} marks @param {(index: number) => Bytes} at */
  function checkTwice(marks, at) {
    const sorted = marks.slice().sort();
    const twice = new Set(sorted.filter((mark, place) => mark >= 0 && mark === sorted[place - 1]));
    const standing = new Map();
    /** @param {number} index */
    const commitment = (index) => readEntry(new TextDecoder("latin1").decode(at(index)))?.commitment;
    for (let index = 0; twice.size && index < marks.length; index += 1) {
      const mark = marks[index];
      if (mark < 0 && twice.has(marks[-1 - mark])) standing.delete(commitment(-1 - mark));
      if (mark < 0 || !twice.has(mark)) continue;
      if (standing.has(commitment(index))) throw new Failed("entry", index);
      standing.set(commitment(index), index);
    }
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

  return { readEntry, split, recount, fingerprint, checkPledges };
}

// Whether the calendar has it.
/** @param {string} text */
function isDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !text.startsWith("0000") && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** @param {Record<string, number>} moves */
function counted({ confirmed, withdrawn, invalidated, reinstated }) {
  return confirmed + reinstated - withdrawn - invalidated;
}
