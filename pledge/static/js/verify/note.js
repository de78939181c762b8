// Signed notes, checkpoints and public keys (C2SP signed-note, tlog-checkpoint).

const MAX_NOTE_BYTES = 100_000;
const MAX_SIGNATURES = 64;
const AUDIT = "pledge-audit/v1";

/** @param {Basics} parts */
export default function note({ decode, encode, decimal, fromBase64, toBase64, hex, sha256, same }) {
  // `<name>+<key id in hex>+<base64 of its type and the key>`, one a line; those of other types than Ed25519 are skipped.
  /** @param {string} text */
  async function readKeys(text) {
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    const keys = (await Promise.all(lines.map(readKey))).filter(({ isKnown }) => isKnown);
    if (!keys.length) throw new RangeError("no key");
    return keys;
  }

  /** @param {string} line */
  async function readKey(line) {
    const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line) ?? [];
    const data = fromBase64(encoded ?? "!");
    const digest = await sha256(new Uint8Array([...encode(`${name}\n`), ...data]));
    if (hex(digest.slice(0, 4)) !== id) throw new RangeError("not a key");
    const audit = await sha256(new Uint8Array([...encode(`${name}\n`), 0xff, ...encode(AUDIT), ...data.slice(1)]));
    return { line, name, id, auditId: hex(audit.slice(0, 4)), key: data.slice(1), type: data[0], isKnown: data.length === 33 && data[0] === 1 };
  }

  // Taken apart, not yet believed.
  /** @param {Bytes} bytes */
  function readNote(bytes) {
    const whole = decode(bytes);
    const divider = whole.lastIndexOf("\n\n");
    if (bytes.length > MAX_NOTE_BYTES || divider < 0 || !whole.endsWith("\n")) throw new RangeError("not a note");
    if (/[\x00-\x09\x0b-\x1f]/.test(whole)) throw new RangeError("a control character");
    const lines = whole.slice(divider + 2, -1).split("\n");
    if (lines.length > MAX_SIGNATURES) throw new RangeError("too many signatures");
    return { text: whole.slice(0, divider + 1), signatures: lines.map(readSignature) };
  }

  /** @param {string} line */
  function readSignature(line) {
    const parts = line.split(" ");
    if (parts.length !== 3 || parts[0] !== "\u2014" || !parts[1]) throw new RangeError("not a signature");
    const data = fromBase64(parts[2]);
    if (data.length < 5) throw new RangeError("not a signature");
    return { name: parts[1], id: hex(data.slice(0, 4)), signature: data.slice(4) };
  }

  // The known keys of this name that signed. An unknown key says nothing; a wrong signature of a known one spoils the note.
  /** @param {Note} found @param {Key[]} keys @param {string} origin */
  async function signedBy(found, keys, origin) {
    const signers = [];
    for (const { name, id, signature } of found.signatures) {
      const about = keys.find((one) => one.name === name && one.auditId === id && name === origin);
      if (about && !(await isAuditLine(found.text, about.key, signature))) throw new RangeError("a wrong audit line");
      const key = keys.find((one) => one.name === name && one.id === id && name === origin);
      if (!key) continue;
      if (!(await isSigned(key.key, signature, encode(found.text)))) throw new RangeError("a wrong signature");
      signers.push(key);
    }
    return signers;
  }

  // Length and digest of the site's audit log, signed along with the note (docs/log.md).
  /** @param {string} text @param {Bytes} key @param {Bytes} data */
  async function isAuditLine(text, key, data) {
    if (data.length !== 104) return false;
    const length = new DataView(data.buffer, data.byteOffset).getBigUint64(0);
    return isSigned(key, data.slice(40), encode(`${AUDIT}\n${length}\n${toBase64(data.slice(8, 40))}\n\n${text}`));
  }

  // Three lines: origin, size, root.
  /** @param {Bytes} bytes */
  function readCheckpoint(bytes) {
    const found = readNote(bytes);
    const lines = found.text.split("\n");
    if (lines.length !== 4 || !/^[^ +]+$/.test(lines[0])) throw new RangeError("not a checkpoint");
    const root = fromBase64(lines[2]);
    if (root.length !== 32) throw new RangeError("not a checkpoint");
    return { note: found, origin: lines[0], size: decimal(lines[1]), root, rootText: lines[2] };
  }

  /** @param {State} a @param {State} b */
  const isSameState = (a, b) => a.origin === b.origin && a.size === b.size && same(a.root, b.root);

  // Whether this browser can check a signature at all: a key of RFC 8032 (7.1) is taken on https and on the own machine only.
  const canCheck = () => imported(fromBase64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")).then(() => true, () => false);

  return { readKey, readKeys, isSignedBy: isSigned, readNote, signedBy, readCheckpoint, isSameState, canCheck };
}

/** @param {Bytes} key */
const imported = async (key) => crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);

/** @param {Bytes} key @param {Bytes} signature @param {Bytes} text */
async function isSigned(key, signature, text) {
  return crypto.subtle.verify("Ed25519", await imported(key), signature, text);
}
