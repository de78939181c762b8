// Bytes, base64, hashes, and how a check fails. The other modules of this folder are handed what they need of each
// other by worker.js, as no script loads another file by itself.

// A check that did not hold: `failed` is its name in the manual, `at` what it is about.
export class Failed extends Error {
  /** @param {string} failed @param {string | number} [at] */
  constructor(failed, at = "") {
    super(at ? `${failed}:${at}` : failed);
    this.failed = failed;
    this.at = String(at);
  }
}

// Runs `work`; whatever it does not like is the failure of this name.
/** @template T @param {string} failed @param {() => T | Promise<T>} work @param {string} [at] */
export async function or(failed, work, at) {
  try {
    return await work();
  } catch (error) {
    throw error.failed ? error : new Failed(failed, at);
  }
}

/** @param {number} seconds */
export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// What `work` gives, tried up to `times`: between two, a network may come back, and a cache may fetch what is new.
/** @template T @param {() => Promise<T>} work @param {number} times */
export async function again(work, times) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === times) throw error;
      await pause(attempt);
    }
  }
}

/** @param {string} text */
export const encode = (text) => new TextEncoder().encode(text);
/** @param {Bytes} bytes */
export const decode = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
/** @param {Bytes} a @param {Bytes} b */
export const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);

/** @param {Bytes} bytes */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** @param {Bytes} bytes */
export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

// In its one usual form: other characters that mean the same bytes are refused.
/** @param {string} text */
export function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new RangeError("not base64 in its usual form");
  return bytes;
}

// A number without sign, space or leading zero.
/** @param {string} text */
export function decimal(text) {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new RangeError("not a number");
  return Number(text);
}

/** @param {any} value @returns {value is number} */
export const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;

// A document; one in which a key appears twice is refused, as readers then differ in what they see.
/** @param {Bytes} bytes */
export function json(bytes) {
  const text = decode(bytes);
  const found = JSON.parse(text);
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon).length;
  if (keysIn(found) !== written) throw new RangeError("a key appears twice");
  return found;
}

/** @param {any} value @returns {number} */
function keysIn(value) {
  if (value === null || typeof value !== "object") return 0;
  const inside = Object.values(value);
  return inside.reduce((sum, one) => sum + keysIn(one), Array.isArray(value) ? 0 : inside.length);
}
