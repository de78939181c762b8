// A pack as a zip, read strictly: every byte of it belongs to a member, and nothing is said twice in two ways (PKWARE
// APPNOTE sections 4.3.7, 4.3.12, 4.3.16, 4.5.3). Other programs would read the first or the last of two members of one
// name, or what lies between them. tools/verify.py reads it by the same rules.

const CENTRAL = 46;
const END = 22;
const TOO_LARGE = 0xffffffff;
const DEFLATED = 8;
const BEGINNING_OF_TIME = 33; // 1980-01-01 as a zip counts
const LARGEST_DIRECTORY = 1 << 20;
// How Unix and Windows write a plain file that its owner may write.
const ATTRIBUTES = new Set([0, (0o100644 << 16) >>> 0, (0o600 << 16) >>> 0]);

export default function zip({ Failed, decode, encode, same }) {
  // The places of all members, by name. Nothing is unpacked yet.
  async function openZip(file, wanted) {
    const members = await readDirectory(file);
    const names = members.map(({ name }) => name);
    for (const name of wanted) if (!names.includes(name)) throw new Failed("archive", name);
    for (const name of names) if (!wanted.includes(name)) throw new Failed("archive", name);
    if (names.join("\n") !== wanted.join("\n")) throw new Failed("archive");
    for (const member of members) await checkHead(file, member);
    return Object.fromEntries(members.map((member) => [member.name, member]));
  }

  async function readDirectory(file) {
    const end = await view(file, file.size - END, END);
    const [count, length, begin] = [end.getUint16(10, true), end.getUint32(12, true), end.getUint32(16, true)];
    if (end.getUint32(0, true) !== 0x06054b50) throw new Failed("archive");
    if (begin === TOO_LARGE) throw new Failed("too-large");
    const isPlain = !end.getUint16(4, true) && !end.getUint16(6, true) && !end.getUint16(20, true);
    if (!isPlain || end.getUint16(8, true) !== count || begin + length !== file.size - END) throw new Failed("archive");
    if (length > LARGEST_DIRECTORY) throw new Failed("archive");
    const directory = await view(file, begin, length);
    const members = [];
    let [place, next] = [0, 0];
    for (let index = 0; index < count; index += 1) {
      const member = readMember(directory, place);
      const { needed, made, attributes } = members[0] ?? member;
      if (member.offset !== next || (member.made & 0xff00) !== (made & 0xff00) || member.attributes !== attributes) {
        throw new Failed("archive", member.name);
      }
      if (![20, 45].includes(needed) || !ATTRIBUTES.has(attributes)) throw new Failed("archive");
      members.push(member);
      place += CENTRAL + member.name.length;
      next = member.begin + member.packed;
    }
    if (place !== length || next !== begin) throw new Failed("archive");
    return members;
  }

  function readMember(directory, place) {
    if (place + CENTRAL > directory.byteLength) throw new Failed("archive");
    const short = (at) => directory.getUint16(place + at, true);
    const long = (at) => directory.getUint32(place + at, true);
    const nameLength = short(28);
    if (place + CENTRAL + nameLength > directory.byteLength) throw new Failed("archive");
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + place + CENTRAL, nameLength);
    const name = String.fromCharCode(...bytes);
    const member = { name, made: short(4), needed: short(6), crc: long(16), packed: long(20), size: long(24) };
    member.attributes = long(38);
    member.offset = long(42);
    if ([member.packed, member.size, member.offset].includes(TOO_LARGE)) throw new Failed("too-large");
    const isPlain = long(0) === 0x02014b50 && !short(8) && short(10) === DEFLATED && !short(12);
    const hasNothingMore = short(14) === BEGINNING_OF_TIME && !short(30) && !short(32) && !short(34) && !short(36);
    const isUsual = [20, 45].includes(member.needed) && (member.made & 0xff) === member.needed;
    if (!isPlain || !hasNothingMore || !isUsual || ![0, 3].includes(member.made >> 8)) throw new Failed("archive", name);
    member.begin = member.offset + head(member).length;
    return member;
  }

  // The header that a member must have: what the directory says of it, in the one way in which packs are written.
  function head({ name, needed, crc, packed, size }) {
    const isLong = needed === 45; // a writer that did not know how long it would get (4.5.3)
    const bytes = new Uint8Array(30 + name.length + (isLong ? 20 : 0));
    const into = new DataView(bytes.buffer);
    const shorts = { 4: needed, 8: DEFLATED, 12: BEGINNING_OF_TIME, 26: name.length, 28: isLong ? 20 : 0 };
    const longs = { 0: 0x04034b50, 14: crc, 18: isLong ? TOO_LARGE : packed, 22: isLong ? TOO_LARGE : size };
    for (const [at, value] of Object.entries(shorts)) into.setUint16(Number(at), value, true);
    for (const [at, value] of Object.entries(longs)) into.setUint32(Number(at), value, true);
    bytes.set(encode(name), 30);
    if (isLong) {
      const at = 30 + name.length;
      into.setUint16(at, 1, true);
      into.setUint16(at + 2, 16, true);
      into.setBigUint64(at + 4, BigInt(size), true);
      into.setBigUint64(at + 12, BigInt(packed), true);
    }
    return bytes;
  }

  async function checkHead(file, member) {
    const expected = head(member);
    if (!same(await bytes(file, member.offset, expected.length), expected)) throw new Failed("archive", member.name);
  }

  // The content of a member: never more than its head says, and never more than `longest`.
  async function read(file, member, longest) {
    if (member.size > longest) throw new Failed("too-large", member.name);
    const packed = await bytes(file, member.begin, member.packed);
    const found = await inflate(packed, member.size);
    if (!found || crc32(found) !== member.crc) throw new Failed("archive", member.name);
    // The bits behind the end of what is packed are zero, as every writer leaves them. If they are not, the highest bit of
    // the last byte is one of them, and can be cleared without changing anything.
    const last = packed.length - 1;
    if (packed[last]) {
      packed[last] &= ~(1 << (31 - Math.clz32(packed[last])));
      const other = await inflate(packed, member.size);
      if (other && crc32(other) === member.crc) throw new Failed("archive", member.name);
    }
    return found;
  }

  // Exactly `size` bytes, or null.
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

  async function bytes(file, begin, length) {
    if (begin < 0 || begin + length > file.size) throw new Failed("archive");
    return new Uint8Array(await file.slice(begin, begin + length).arrayBuffer());
  }

  async function view(file, begin, length) {
    return new DataView((await bytes(file, begin, length)).buffer);
  }

  return { openZip, inflate, read, readText: async (...what) => decode(await read(...what)) };
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (let place = 0; place < bytes.length; place += 1) sum = TABLE[(sum ^ bytes[place]) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
