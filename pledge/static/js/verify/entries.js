// The entries of a log: split, checked each against those before it, added up (docs/log.md).

// An entry has this one form: the keys in this order, no spaces.
const ENTRY = new RegExp(
  '^\\{"v":1,"kind":"(confirmed|reinstated|withdrawn|invalidated)","change":(1|-1),"of":"(person|organization)",' +
    '"day":"([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))","pledge":"([0-9a-f]{64})",' +
    '(?:"commitment":"([0-9a-f]{64})"|"takes_back":(0|[1-9][0-9]{0,14}))\\}$',
);
// A batch on paper: how many signatures, and the hash of its scan or which batch is taken back (docs/paper.md).
const BATCH = new RegExp(
  '^\\{"v":1,"kind":"(confirmed|withdrawn)","change":(-?)([1-9][0-9]{0,6}),"of":"paper",' +
    '"day":"([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))",' +
    '(?:"scan":"([0-9a-f]{64})"|"takes_back":(0|[1-9][0-9]{0,14}))(?:,"record":"[0-9a-f]{64}")?\\}$',
);
const MAX_BATCH = 1_000_000;
// What was said in somebody's name: the hash of its words. It changes no number.
const STATEMENT = new RegExp(
  '^\\{"v":1,"kind":"(promise|answer|letter)","change":0,"of":"statement",' +
    '"day":"([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))","sha256":"([0-9a-f]{64})"\\}$',
);
/** @type {Record<string, string>} */
const WORDS = { person: "people", organization: "organizations" };
const SUMS = { ...WORDS, paper: "paper" };
const REASONS = ["confirmed", "withdrawn", "invalidated", "reinstated"];
/** @type {Record<string, number>} */
const STANDS = { person: 1, organization: 2, paper: 3 };
// Entries between two reports of progress.
const STEP = 4096;

/** @param {Readers} parts */
export default function entries({ Failed, leafHashes, rootOf }) {
  // What one line says; null for what is no entry.
  /** @param {string} line @returns {Entry | null} */
  function readEntry(line) {
    const [, reason, change, of, day, pledge, commitment, takesBack] = ENTRY.exec(line) ?? [];
    if (!reason) return readStatement(line) ?? readBatch(line);
    const isPlus = change === "1";
    const fits = isPlus === ["confirmed", "reinstated"].includes(reason) && isPlus === (commitment !== undefined);
    return fits ? { reason, isPlus, of, day, pledge, commitment, takesBack: Number(takesBack) } : null;
  }

  /** @param {string} line @returns {Entry | null} */
  function readStatement(line) {
    const [, reason, day, commitment] = STATEMENT.exec(line) ?? [];
    return reason ? { reason, isPlus: false, of: "statement", day, commitment, takesBack: Number.NaN } : null;
  }

  /** @param {string} line @returns {Entry | null} */
  function readBatch(line) {
    const [, reason, minus, signatures, day, scan, takesBack] = BATCH.exec(line) ?? [];
    const isPlus = reason === "confirmed";
    const fits = reason && isPlus === (minus === "") && isPlus === (scan !== undefined) && Number(signatures) <= MAX_BATCH;
    if (!fits) return null;
    return { reason, isPlus, of: "paper", day, commitment: scan, takesBack: Number(takesBack), signatures: Number(signatures) };
  }

  // Where each entry begins and ends: two bytes of length before each (tlog-tiles, "Log Entries").
  /** @param {Bytes} bytes @param {number} size */
  function split(bytes, size) {
    const begins = new Float64Array(size + 1);
    let [place, count] = [0, 0];
    while (place < bytes.length) {
      if (count === size || place + 2 > bytes.length) throw new Failed("size");
      begins[count] = place + 2;
      place += 2 + bytes[place] * 256 + bytes[place + 1];
      count += 1;
    }
    if (count !== size || place !== bytes.length) throw new Failed("size");
    begins[size] = place + 2;
    return (/** @type {number} */ index) => bytes.subarray(begins[index], begins[index + 1] - 2);
  }

  // Adds up the first `size` entries. `progress(n)` tells that n more steps are done: looks at entries, then hashes.
  // `known` are the hashes of the entries, if they were made already. `sums` has, for people, organizations and paper, what the first n entries add up to, from 0 on.
  /** @param {Bytes} bytes @param {number} size @param {Progress} progress @param {Bytes | null} [known] @returns {Promise<Sum>} */
  async function recount(bytes, size, progress, known = null) {
    const at = split(bytes, size);
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
    const pledges = new Set();
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
        pledges.add(entry.pledge);
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

  return { readEntry, recount };
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
