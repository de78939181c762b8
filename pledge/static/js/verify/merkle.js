// The Merkle tree of RFC 6962, section 2.1.

// Hashes that are asked for at once: one by one, most of the time would pass between them.
const AT_ONCE = 2048;
const WIDTH = 32;

/** @param {Basics} parts */
export default function merkle({ sha256 }) {
  /** @param {Bytes} entry */
  const leafHash = (entry) => hashed([0x00], entry);
  /** @param {Bytes} left @param {Bytes} right */
  const nodeHash = (left, right) => hashed([0x01], left, right);

  /** @param {number[]} mark @param {...Bytes} parts */
  function hashed(mark, ...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1));
    whole.set(mark);
    let place = 1;
    for (const part of parts) {
      whole.set(part, place);
      place += part.length;
    }
    return sha256(whole);
  }

  // Where an audit path leads (section 2.1.1), from the sibling of the leaf up. At each level there is a last node; where
  // ours is that and a left one, it goes up alone.
  /** @param {Bytes} leaf @param {number} index @param {number} size @param {Bytes[]} proof */
  async function rootByProof(leaf, index, size, proof) {
    if (index >= size) throw new RangeError("the index lies outside the tree");
    const steps = [...proof];
    let [found, place, last] = [leaf, index, size - 1];
    while (last) {
      if (place % 2 || place < last) {
        const step = steps.shift();
        if (!step) throw new RangeError("the proof is too short");
        found = place % 2 ? await nodeHash(step, found) : await nodeHash(found, step);
      }
      [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    }
    if (steps.length) throw new RangeError("the proof is too long");
    return found;
  }

  // The hashes of many, 32 bytes each in one array: `entry(i)` gives the bytes of the i-th.
  /** @param {number} size @param {(index: number) => Bytes} entry @param {Progress} [progress] */
  async function leafHashes(size, entry, progress) {
    return many(size, (index) => leafHash(entry(index)), progress);
  }

  // The root over leaf hashes. Pairing from below, with the odd one going up as it is, gives the tree of section 2.1.
  /** @param {Bytes} hashes @param {Progress} [progress] */
  async function rootOf(hashes, progress) {
    let row = hashes;
    if (!row.length) return sha256(new Uint8Array());
    while (row.length > WIDTH) {
      const pairs = Math.floor(row.length / (2 * WIDTH));
      const below = row;
      /** @param {number} place */
      const at = (place) => below.subarray(place * WIDTH, (place + 1) * WIDTH);
      const above = await many(pairs, (pair) => nodeHash(at(2 * pair), at(2 * pair + 1)), progress);
      const odd = row.subarray(pairs * 2 * WIDTH);
      row = new Uint8Array(above.length + odd.length);
      row.set(above);
      row.set(odd, above.length);
    }
    return row;
  }

  /** @param {number} size @param {(index: number) => Promise<Bytes>} hash @param {Progress} [progress] */
  async function many(size, hash, progress) {
    const found = new Uint8Array(size * WIDTH);
    for (let begin = 0; begin < size; begin += AT_ONCE) {
      const count = Math.min(AT_ONCE, size - begin);
      const hashes = await Promise.all(Array.from({ length: count }, (_, place) => hash(begin + place)));
      hashes.forEach((one, place) => found.set(one, (begin + place) * WIDTH));
      progress?.(count);
    }
    return found;
  }

  return { leafHash, rootByProof, leafHashes, rootOf };
}
