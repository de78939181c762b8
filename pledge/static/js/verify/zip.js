// The members of a pack as a zip (PKWARE APPNOTE sections 4.3.7, 4.3.12, 4.3.16). What they hold is proven by the signed
// hashes, so how the zip is written does not matter. verifier/verify.py leaves this to the standard library.

const CENTRAL = 46;
const END = 22;
const HEAD = 30;
const TOO_LARGE = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const LARGEST_DIRECTORY = 1 << 20;

/** @param {Basics} parts */
export default function zip({ Failed }) {
  // The places of all members, by name; `membersAmong` names those that there must be. Nothing is unpacked yet.
  /** @param {File} file @param {(names: string[]) => string[]} membersAmong */
  async function openZip(file, membersAmong) {
    const members = await readDirectory(file);
    const wanted = membersAmong([...members.keys()]);
    for (const name of wanted) if (!members.has(name)) throw new Failed("archive", name);
    for (const name of members.keys()) if (!wanted.includes(name)) throw new Failed("archive", name);
    return members;
  }

  /** @param {File} file */
  async function readDirectory(file) {
    const end = await view(file, file.size - END, END);
    const [count, length, begin] = [end.getUint16(10, true), end.getUint32(12, true), end.getUint32(16, true)];
    if (end.getUint32(0, true) !== 0x06054b50 || length > LARGEST_DIRECTORY) throw new Failed("archive");
    if (begin === TOO_LARGE) throw new Failed("too-large");
    const directory = await view(file, begin, length);
    const members = new Map();
    let place = 0;
    for (let index = 0; index < count; index += 1) {
      if (place + CENTRAL > length || directory.getUint32(place, true) !== 0x02014b50) throw new Failed("archive");
      const [nameLength, extra, remark] = [28, 30, 32].map((at) => directory.getUint16(place + at, true));
      const [packed, size, offset] = [20, 24, 42].map((at) => directory.getUint32(place + at, true));
      if (place + CENTRAL + nameLength > length) throw new Failed("archive");
      const name = new TextDecoder().decode(new Uint8Array(directory.buffer, place + CENTRAL, nameLength));
      if ([packed, size, offset].includes(TOO_LARGE)) throw new Failed("too-large");
      if (members.has(name)) throw new Failed("archive", name);
      members.set(name, { name, packed, size, offset, method: directory.getUint16(place + 10, true) });
      place += CENTRAL + nameLength + extra + remark;
    }
    return members;
  }

  // The content of a member: never more than the directory says, and never more than `longest`.
  /** @param {File} file @param {Member} member @param {number} longest */
  async function read(file, { name, packed, size, offset, method }, longest) {
    if (size > longest) throw new Failed("too-large", name);
    const head = await view(file, offset, HEAD);
    const begin = offset + HEAD + head.getUint16(26, true) + head.getUint16(28, true);
    const data = await bytes(file, begin, packed);
    const found = method === DEFLATED ? await inflate(data, size) : data;
    if (![STORED, DEFLATED].includes(method) || found?.length !== size) throw new Failed("archive", name);
    return found;
  }

  // Exactly `size` bytes, or null.
  /** @param {Bytes} packed @param {number} size */
  async function inflate(packed, size) {
    const found = new Uint8Array(size);
    let place = 0;
    try {
      const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (place + part.value.length > size) {
          await reader.cancel();
          return null;
        }
        found.set(part.value, place);
        place += part.value.length;
      }
    } catch {
      return null;
    }
    return place === size ? found : null;
  }

  /** @param {File} file @param {number} begin @param {number} length */
  async function bytes(file, begin, length) {
    if (begin < 0 || begin + length > file.size) throw new Failed("archive");
    return new Uint8Array(await file.slice(begin, begin + length).arrayBuffer());
  }

  /** @param {File} file @param {number} begin @param {number} length */
  async function view(file, begin, length) {
    return new DataView((await bytes(file, begin, length)).buffer);
  }

  return { openZip, read };
}
