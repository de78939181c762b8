// Whose keys are believed: a pasted one, or those that sign here today. And today's log of this site, by its public files (C2SP
// tlog-tiles): whether an entry and an older state are in it (a few tiles), what happened to it since, and all entries.

const WIDTH = 32;
const FULL = 256;
const AT_ONCE = 8;
const MAX_FILE_BYTES = 100_000;
const TRIES = 3;
// More are left to the command line.
const MAX_ENTRIES = 1 << 20;

// The log cannot be read now, which says nothing about what is checked.
class Unreachable extends Error {
  failed = "no-log";
}

/** @param {Logs} parts */
export default function log(parts) {
  const { Failed, or, decode, same } = parts;

  // { keys, source } with source "pasted" or "site"; keys null where none is known. `slug` is this site's campaign of that
  // name, if it has one, and `published` what it publishes as the keys of its log.
  /** @param {string} origin @param {Asked} asked @returns {Promise<Trusted>} */
  async function keysFor(origin, { pasted, slugs, keys }) {
    const slug = slugs.find((one) => origin.endsWith(`/log/${one}`)) ?? null;
    if (pasted.trim()) return { keys: await or("key", () => parts.readKeys(pasted)), source: "pasted", slug, published: [] };
    const published = keys ?? (slug ? await keysOf(slug) : []);
    if (!published.length) return { keys: null, source: "none", slug: null };
    // A site that has moved still publishes its keys under the name of before; those of other sites it never does.
    return { keys: published.filter(({ name }) => name === origin), source: "site", slug, published };
  }

  /** @param {string} slug @returns {Promise<Key[]>} */
  const keysOf = (slug) => get(`/log/${slug}/key`).then((bytes) => (bytes ? parts.readKeys(decode(bytes)) : [])).catch(() => []);

  // Whether a known key has signed a state. Another may have ended since: then the state must be in today's log.
  /** @param {Checkpoint} state @param {Trusted} trusted */
  const isSigned = ({ note, origin }, { keys }) =>
    or("checkpoint", async () => (await parts.signedBy(note, keys ?? [], origin)).length > 0);

  // Of a state that today's log does not begin with: by a known key the site's fault, in its name a forgery, else of another log.
  /** @param {State} state @param {Trusted} trusted @param {object | null} today @param {boolean} isByKnown */
  function outside({ origin }, { keys, source }, today, isByKnown) {
    if (isByKnown) throw new Failed("consistency");
    if (source === "pasted" || (today && keys?.length)) throw new Failed("checkpoint");
    return { verdict: "unknown", failed: "unknown-key", at: origin };
  }

  // Today's state, signed by a known key, and its tiles; null where this site has no such log, or it cannot be read.
  /** @param {Partial<Trusted>} trusted @param {number} size */
  async function openLog({ keys, source, slug, published }, size) {
    if (!slug) return null;
    try {
      return await ofSite(async () => {
        const checkpoint = await newest(slug, (source === "pasted" ? keys : published) ?? [], size, source);
        return checkpoint && { ...checkpoint, ...(await tilesOf(slug, checkpoint)) };
      });
    } catch (error) {
      if (error instanceof Unreachable) return null;
      throw error;
    }
  }

  // What fails in it is a fault of the site's log, whatever is compared with that.
  /** @template T @param {() => Promise<T>} work */
  async function ofSite(work) {
    try {
      return await work();
    } catch (error) {
      error.isOfSite = true;
      throw error;
    }
  }

  // A cache may hold a checkpoint that is a moment older than what was handed out: then it is asked again.
  /** @param {string} slug @param {Key[]} keys @param {number} size @param {string} [source] */
  async function newest(slug, keys, size, source) {
    for (let attempt = 1; ; attempt += 1) {
      const found = await readNewest(slug);
      const signers = await parts.signedBy(found.note, keys, found.origin).catch(() => []);
      if (!signers.length && source === "pasted") return null;
      if (!signers.length) throw new Failed("checkpoint");
      await checkName(found.origin, slug);
      if (found.size >= size || attempt === TRIES) return { ...found, signers };
      await parts.pause(attempt);
    }
  }

  // A log has the name of its address; or, as after a move of the site, both have a key here.
  /** @param {string} origin @param {string} slug */
  async function checkName(origin, slug) {
    const here = `${parts.host}/log/${slug}`;
    if (origin === here) return;
    const names = (await keysOf(slug)).map(({ name }) => name);
    const isRenamed = origin.endsWith(`/log/${slug}`) && names.includes(here) && names.includes(origin);
    if (!isRenamed) throw new Failed("origin", origin);
  }

  /** @param {string} slug */
  async function readNewest(slug) {
    const bytes = await get(`/log/${slug}/checkpoint`, { cache: "no-store" });
    if (!bytes || bytes.length > MAX_FILE_BYTES) throw new Unreachable();
    return or("checkpoint", () => ({ ...parts.readCheckpoint(bytes), bytes }));
  }

  // null for 404.
  /** @param {string} address @param {RequestInit} [options] */
  async function get(address, options = {}) {
    let answer;
    try {
      answer = await fetch(parts.base + address, options);
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    } catch {
      throw new Unreachable();
    }
    if (answer.status !== 404) throw new Unreachable();
    return null;
  }

  /** @param {string} slug @param {State} state */
  async function tilesOf(slug, { size, root }) {
    /** @type {number[]} */
    const levels = [];
    for (let rest = size; rest; rest = Math.floor(rest / FULL)) levels.push(rest);
    const edge = await Promise.all(
      levels.map((rest, level) => (rest % FULL ? fetchTile(level, Math.floor(rest / FULL), rest % FULL) : new Uint8Array())),
    );
    // The tiles at the right edge give the root, so they are as they were signed, and all others hang below them.
    if (!same(joined(edge), root)) throw new Failed("root");
    const kept = new Map();

    /** @param {number | string} level @param {number} number @param {number} width */
    async function fetchTile(level, number, width) {
      const name = tilePath(level, number, width);
      const whole = width < FULL ? tilePath(level, number, FULL) : name;
      // A narrow one may be gone once the full one exists (tlog-tiles, "Partial Tiles").
      const found = (await get(`/log/${slug}/${name}`)) ?? (await get(`/log/${slug}/${whole}`));
      if (!found) throw new Failed("file", name);
      return level === "entries" ? found : found.subarray(0, width * WIDTH);
    }

    /** @param {number} level @param {number} number */
    function tile(level, number) {
      if (number === Math.floor(levels[level] / FULL)) return edge[level];
      const name = tilePath(level, number, FULL);
      if (!kept.has(name)) kept.set(name, readFull(level, number, name));
      return kept.get(name);
    }

    // Checked against the hash of it in the tile above.
    /** @param {number} level @param {number} number @param {string} name */
    async function readFull(level, number, name) {
      const found = await fetchTile(level, number, FULL);
      const above = await tile(level + 1, Math.floor(number / FULL));
      const isRight = found.length === FULL * WIDTH && same(parts.rootOf(found), at(above, number % FULL));
      if (!isRight) throw new Failed("file", name);
      return found;
    }

    /** @param {number} index @param {Bytes} leaf */
    const holds = async (index, leaf) => index < size && same(at(await tile(0, Math.floor(index / FULL)), index % FULL), leaf);

    // Whether an older state is the beginning of this one.
    /** @param {State} older */
    async function continues(older) {
      if (older.size > size) return false;
      const rows = [];
      for (let level = 0, rest = older.size; rest; level += 1, rest = Math.floor(rest / FULL)) {
        const width = rest % FULL;
        rows.push(width ? (await tile(level, Math.floor(rest / FULL))).subarray(0, width * WIDTH) : new Uint8Array());
      }
      return same(joined(rows), older.root);
    }

    // The entry that counts now what one with this commitment counted: itself, or another after it was reinstated. null where it
    // was taken back, undefined where there are too many.
    /** @param {string} commitment @param {Progress} progress */
    async function standingAs(commitment, progress) {
      if (size > MAX_ENTRIES) return undefined;
      const sum = await parts.recount(allEntries(), size, progress);
      if (!same(sum.root, root)) throw new Failed("root");
      return sum.standingAs(commitment);
    }

    // All entries as they are published, in order, while others are on their way. Their root tells what they are worth.
    async function* allEntries() {
      /** @param {number} number @param {number} count */
      const read = async (number, count) =>
        parts.bundleOf(await parts.again(() => fetchTile("entries", number, count), TRIES), count);
      const ahead = [];
      for (let next = 0; ahead.length || next * FULL < size; yield /** @type {Bundle} */ (await ahead.shift())) {
        for (; ahead.length < AT_ONCE && next * FULL < size; next += 1) {
          ahead.push(read(next, Math.min(FULL, size - next * FULL)));
          ahead.at(-1)?.catch(() => {}); // thrown where its turn comes
        }
      }
    }

    /** @template {any[]} A, T @param {(...asked: A) => Promise<T>} ask */
    const guarded = (ask) => (/** @type {A} */ ...asked) => ofSite(() => ask(...asked));
    return {
      holds: guarded(holds),
      continues: guarded(continues),
      standingAs: guarded(standingAs),
      allEntries,
    };
  }

  // The root over the rows of each level, the lowest first: what is left over at the right of one goes up to the next.
  /** @param {Bytes[]} rows */
  function joined(rows) {
    let rest = new Uint8Array();
    for (const row of rows) {
      const both = new Uint8Array(row.length + rest.length);
      both.set(row);
      both.set(rest, row.length);
      rest = both.length ? parts.rootOf(both) : both;
    }
    return rest.length ? rest : parts.rootOf(rest); // a log without entries has a root, too
  }

  return { keysFor, keysOf, isSigned, outside, openLog, get };
}

/** @param {Bytes} hashes @param {number} place */
const at = (hashes, place) => hashes.subarray(place * WIDTH, (place + 1) * WIDTH);

// tlog-tiles, "Merkle Tree": `tile/0/x001/x234/067.p/12`.
/** @param {number | string} level @param {number} number @param {number} width */
function tilePath(level, number, width) {
  /** @param {number} part */
  const digits = (part) => String(part).padStart(3, "0");
  const found = [digits(number % 1000)];
  for (let rest = Math.floor(number / 1000); rest; rest = Math.floor(rest / 1000)) found.unshift(`x${digits(rest % 1000)}`);
  return `tile/${level}/${found.join("/")}${width === FULL ? "" : `.p/${width}`}`;
}
