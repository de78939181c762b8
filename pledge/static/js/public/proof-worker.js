// Tries numbers until the key that scrypt (RFC 7914) makes of one begins as the challenge says. WebCrypto has its HMAC, and
// a PBKDF2 that gives less in Firefox than is needed; what fills two megabytes and reads them again no browser has. All words
// are little-endian.

onmessage = async ({ data: { parameters, first, step } }) => {
  try {
    for (let counter = first; ; counter += step) {
      const derivedKey = hex(await scrypt(counter, parameters));
      if (derivedKey.startsWith(parameters.keyPrefix)) return postMessage({ solution: { counter, derivedKey } });
      postMessage({});
    }
  } catch (error) {
    postMessage({ error: String(error) });
  }
};

/** @param {number} counter @param {{ nonce: string, salt: string, cost: number, memoryCost: number, keyLength: number }} parameters */
async function scrypt(counter, { nonce, salt, cost, memoryCost, keyLength }) {
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  new DataView(password.buffer).setUint32(password.length - 4, counter);
  const key = await crypto.subtle.importKey("raw", password, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mixed = mix(new Int32Array((await pbkdf2(key, bytes(salt), memoryCost * 128)).buffer), cost);
  return pbkdf2(key, new Uint8Array(mixed.buffer), keyLength);
}

// With the one iteration of scrypt each block is one HMAC.
/** @param {CryptoKey} key @param {Bytes} salt @param {number} length */
async function pbkdf2(key, salt, length) {
  const derived = new Uint8Array(length);
  const message = new Uint8Array([...salt, 0, 0, 0, 0]);
  for (let at = 0; at < length; at += 32) {
    message[salt.length + 3] += 1;
    derived.set(new Uint8Array(await crypto.subtle.sign("HMAC", key, message)), at);
  }
  return derived;
}

/** @type {Words | undefined} */
let table;

// scryptROMix
/** @param {Words} start @param {number} cost */
function mix(start, cost) {
  const length = start.length;
  if (table?.length !== cost * length) table = new Int32Array(cost * length);
  let [from, to] = [start, new Int32Array(length)];
  for (let row = 0; row < cost; row += 1) {
    table.set(from, row * length);
    mixBlocks(from, to);
    [from, to] = [to, from];
  }
  for (let row = 0; row < cost; row += 1) {
    const other = (from[length - 16] & (cost - 1)) * length;
    for (let word = 0; word < length; word += 1) from[word] ^= table[other + word];
    mixBlocks(from, to);
    [from, to] = [to, from];
  }
  return from;
}

const block = new Int32Array(16);

// scryptBlockMix: the even blocks go to the first half, the odd ones to the second.
/** @param {Words} from @param {Words} to */
function mixBlocks(from, to) {
  const blocks = from.length / 16;
  block.set(from.subarray(from.length - 16));
  for (let number = 0; number < blocks; number += 1) {
    addAndMix(from, number * 16);
    const at = ((number >> 1) + (number & 1) * (blocks >> 1)) * 16;
    for (let word = 0; word < 16; word += 1) to[at + word] = block[word];
  }
}

// Salsa20/8 of `block` and the words from `at`. Sixteen variables, as an array would take several times as long.
/** @param {Words} words @param {number} at */
function addAndMix(words, at) {
  let a = block[0] ^= words[at];
  let b = block[1] ^= words[at + 1];
  let c = block[2] ^= words[at + 2];
  let d = block[3] ^= words[at + 3];
  let e = block[4] ^= words[at + 4];
  let f = block[5] ^= words[at + 5];
  let g = block[6] ^= words[at + 6];
  let h = block[7] ^= words[at + 7];
  let i = block[8] ^= words[at + 8];
  let j = block[9] ^= words[at + 9];
  let k = block[10] ^= words[at + 10];
  let l = block[11] ^= words[at + 11];
  let m = block[12] ^= words[at + 12];
  let n = block[13] ^= words[at + 13];
  let o = block[14] ^= words[at + 14];
  let p = block[15] ^= words[at + 15];
  for (let round = 0; round < 8; round += 2) {
    e ^= rotate(a + m, 7);
    i ^= rotate(e + a, 9);
    m ^= rotate(i + e, 13);
    a ^= rotate(m + i, 18);
    j ^= rotate(f + b, 7);
    n ^= rotate(j + f, 9);
    b ^= rotate(n + j, 13);
    f ^= rotate(b + n, 18);
    o ^= rotate(k + g, 7);
    c ^= rotate(o + k, 9);
    g ^= rotate(c + o, 13);
    k ^= rotate(g + c, 18);
    d ^= rotate(p + l, 7);
    h ^= rotate(d + p, 9);
    l ^= rotate(h + d, 13);
    p ^= rotate(l + h, 18);
    b ^= rotate(a + d, 7);
    c ^= rotate(b + a, 9);
    d ^= rotate(c + b, 13);
    a ^= rotate(d + c, 18);
    g ^= rotate(f + e, 7);
    h ^= rotate(g + f, 9);
    e ^= rotate(h + g, 13);
    f ^= rotate(e + h, 18);
    l ^= rotate(k + j, 7);
    i ^= rotate(l + k, 9);
    j ^= rotate(i + l, 13);
    k ^= rotate(j + i, 18);
    m ^= rotate(p + o, 7);
    n ^= rotate(m + p, 9);
    o ^= rotate(n + m, 13);
    p ^= rotate(o + n, 18);
  }
  block[0] += a;
  block[1] += b;
  block[2] += c;
  block[3] += d;
  block[4] += e;
  block[5] += f;
  block[6] += g;
  block[7] += h;
  block[8] += i;
  block[9] += j;
  block[10] += k;
  block[11] += l;
  block[12] += m;
  block[13] += n;
  block[14] += o;
  block[15] += p;
}

/** @param {number} word @param {number} bits */
function rotate(word, bits) {
  return (word << bits) | (word >>> (32 - bits));
}

/** @param {string} text */
function bytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {Uint8Array} values */
function hex(values) {
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}
