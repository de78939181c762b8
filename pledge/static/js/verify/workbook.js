// The cells of totals.xlsx (ECMA-376 part 1, section 18; PKWARE APPNOTE section 4.3). A worker has no reader of XML, so it is
// read in the one form in which packs have it, and every other is refused: numbers, shared texts, nothing that is computed.

const MAX_PART_BYTES = 1 << 25;
const DEFLATED = 8;
const DECLARED = '<?xml version="1.0" encoding="UTF-8"';
const TEXT = /<si><t(?: xml:space="preserve")?>([^<]*)<\/t><\/si>/y;
const ROW = /<row r="([0-9]+)"[^<>]*?(?:\/>|>(.*?)<\/row>)/sy;
const CELL = /<c r="([A-Z]{1,3})([0-9]+)"(?: s="[0-9]+")?(?: t="(s|n)")?(?:\/>|>(?:<v>([^<]*)<\/v>)?<\/c>)/y;
const SIGNS = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export default function workbook({ decode, inflate }) {
  // The sheets in order, each a list of rows, each of them values by the letters of their columns.
  async function readWorkbook(bytes) {
    const members = directory(bytes);
    const part = async (name) => readPart(bytes, members.get(name));
    const texts = sharedTexts(await part("xl/sharedStrings.xml"));
    const targets = new Map(
      tags(await part("xl/_rels/workbook.xml.rels"), "Relationship").map(({ Id, Target }) => [Id, Target]),
    );
    const sheets = tags(/<sheets>.*<\/sheets>/s.exec(await part("xl/workbook.xml"))[0], "sheet");
    if (sheets.some(({ state }) => state)) throw new RangeError("a hidden sheet");
    const found = [];
    for (const sheet of sheets) found.push(rows(await part(`xl/${targets.get(sheet["r:id"])}`), texts));
    return found;
  }

  function directory(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = bytes.length - 22;
    if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw new RangeError("not a zip");
    const found = new Map();
    let place = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left; left -= 1) {
      if (view.getUint32(place, true) !== 0x02014b50) throw new RangeError("not a zip");
      const [name, extra, remark] = [28, 30, 32].map((at) => view.getUint16(place + at, true));
      const [packed, size, offset] = [20, 24, 42].map((at) => view.getUint32(place + at, true));
      const text = decode(bytes.subarray(place + 46, place + 46 + name));
      if (found.has(text) || view.getUint16(place + 10, true) !== DEFLATED) throw new RangeError("not a usual zip");
      const begin = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      found.set(text, { begin, packed, size });
      place += 46 + name + extra + remark;
    }
    if (place !== end) throw new RangeError("something between the directory and the end");
    return found;
  }

  async function readPart(bytes, { begin, packed, size }) {
    if (size > MAX_PART_BYTES) throw new RangeError("too long");
    const text = decode(await inflate(bytes.slice(begin, begin + packed), size));
    if (!text.startsWith(DECLARED) || text.includes("<!")) throw new RangeError("not written as in a pack");
    return text;
  }

  return { readWorkbook };
}

function sharedTexts(text) {
  const inside = /<sst[^<>]*?(?:\/>|>(.*)<\/sst>)/s.exec(text)[1] ?? "";
  return all(TEXT, inside).map(([, one]) => plain(one).replace(/_x([0-9A-F]{4})_/g, (_, code) => char(Number.parseInt(code, 16))));
}

function rows(text, texts) {
  const inside = /<sheetData(?:\/>|>(.*)<\/sheetData>)/s.exec(text)[1] ?? "";
  const seen = new Set();
  return all(ROW, inside).map(([, number, cells = ""]) => {
    const found = {};
    for (const [, column, row, type, value] of all(CELL, cells)) {
      if (row !== number || seen.has(column + row)) throw new RangeError("a cell appears twice");
      seen.add(column + row);
      if (value !== undefined) found[column] = type === "s" ? (texts[Number(value)] ?? "") : Number(value);
    }
    return found;
  });
}

// Every match of a sticky pattern, which must leave nothing between or behind them.
function all(pattern, text) {
  const found = [];
  pattern.lastIndex = 0;
  let place = 0;
  while (place < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new RangeError("not written as in a pack");
    found.push(match);
    place = pattern.lastIndex;
  }
  return found;
}

function tags(text, name) {
  return [...text.matchAll(new RegExp(`<${name} ([^<>]*)/>`, "g"))].map(([, attributes]) =>
    Object.fromEntries([...attributes.matchAll(/([A-Za-z:]+)="([^"]*)"/g)].map(([, key, value]) => [key, plain(value)])),
  );
}

const char = (code) => String.fromCharCode(code);
const plain = (text) => text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => SIGNS[name]);
