// The Merkle tree of RFC 6962, section 2.1, with SHA-256 (FIPS 180-4): the browser's own is ten times as slow for what is as
// short as an entry, and leaves so much behind for each that a phone cannot hold a million.

const WIDTH = 32;
const BLOCK = 64;
// An entry has a length of two bytes.
const scratch = new DataView(new ArrayBuffer(1024 * BLOCK + BLOCK));
const bytes = new Uint8Array(scratch.buffer);
const words = new Int32Array(BLOCK);
const FIRST = rootsOfPrimes(8, Math.sqrt);
const ADDED = rootsOfPrimes(64, Math.cbrt);

// 32 bits behind the point of the roots of the first primes.
/** @param {number} count @param {(prime: number) => number} root */
function rootsOfPrimes(count, root) {
  /** @type {number[]} */
  const primes = [];
  for (let number = 2; primes.length < count; number += 1) if (primes.every((prime) => number % prime)) primes.push(number);
  return Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
}

/** @param {number} mark @param {...Bytes} parts */
function hashed(mark, ...parts) {
  bytes[0] = mark;
  let end = 1;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return digest(end);
}

// SHA-256 of so many bytes of the scratch.
/** @param {number} length */
function digest(length) {
  const end = Math.ceil((length + 9) / BLOCK) * BLOCK;
  bytes.fill(0, length, end);
  bytes[length] = 0x80;
  scratch.setUint32(end - 4, 8 * length);
  const state = FIRST.slice();
  for (let begin = 0; begin < end; begin += BLOCK) addBlock(state, begin);
  const found = new Uint8Array(WIDTH);
  state.forEach((word, place) => new DataView(found.buffer).setInt32(4 * place, word));
  return found;
}

/** @param {number} word @param {number} by */
const turned = (word, by) => (word >>> by) | (word << (32 - by));

/** @param {Int32Array} state @param {number} begin */
function addBlock(state, begin) {
  for (let place = 0; place < 16; place += 1) words[place] = scratch.getInt32(begin + 4 * place);
  for (let place = 16; place < BLOCK; place += 1) {
    const [two, fifteen] = [words[place - 2], words[place - 15]];
    const low = turned(fifteen, 7) ^ turned(fifteen, 18) ^ (fifteen >>> 3);
    const high = turned(two, 17) ^ turned(two, 19) ^ (two >>> 10);
    words[place] = words[place - 16] + low + words[place - 7] + high;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let place = 0; place < BLOCK; place += 1) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ADDED[place] + words[place];
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => (state[place] += word));
}

/** @param {Bytes} entry */
const leafHash = (entry) => hashed(0x00, entry);
/** @param {Bytes} left @param {Bytes} right */
const nodeHash = (left, right) => hashed(0x01, left, right);

export default function merkle() {
  // Where an audit path leads (section 2.1.1), from the sibling of the leaf up. At each level there is a last node; where
  // ours is that and a left one, it goes up alone.
  /** @param {Bytes} leaf @param {number} index @param {number} size @param {Bytes[]} proof */
  function rootByProof(leaf, index, size, proof) {
    if (index >= size) throw new RangeError("the index lies outside the tree");
    const steps = [...proof];
    let [found, place, last] = [leaf, index, size - 1];
    while (last) {
      if (place % 2 || place < last) {
        const step = steps.shift();
        if (!step) throw new RangeError("the proof is too short");
        found = place % 2 ? nodeHash(step, found) : nodeHash(found, step);
      }
      [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
    }
    if (steps.length) throw new RangeError("the proof is too long");
    return found;
  }

  // The hashes of many, 32 bytes each in one array: `entry(i)` gives the bytes of the i-th.
  /** @param {number} size @param {(index: number) => Bytes} entry */
  const leafHashes = (size, entry) => many(size, (index) => leafHash(entry(index)));

  // The root over leaf hashes. Pairing from below, with the odd one going up as it is, gives the tree of section 2.1.
  /** @param {Bytes} hashes */
  function rootOf(hashes) {
    if (!hashes.length) return digest(0);
    let row = hashes;
    while (row.length > WIDTH) {
      const below = row;
      /** @param {number} place */
      const at = (place) => below.subarray(place * WIDTH, (place + 1) * WIDTH);
      const size = below.length / WIDTH;
      row = many(Math.ceil(size / 2), (pair) => (2 * pair + 1 < size ? nodeHash(at(2 * pair), at(2 * pair + 1)) : at(2 * pair)));
    }
    return row;
  }

  /** @param {number} size @param {(index: number) => Bytes} hash */
  function many(size, hash) {
    const found = new Uint8Array(size * WIDTH);
    for (let index = 0; index < size; index += 1) found.set(hash(index), index * WIDTH);
    return found;
  }

  return { leafHash, rootByProof, leafHashes, rootOf };
}
