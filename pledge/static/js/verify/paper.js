// The record of signatures on paper, as this site publishes it (docs/paper.md): a signed end, and lines that each name the
// one before.

const FORMAT = "pledge-paper/v1";
const NO_LINE = "0".repeat(64);
const TRIES = 3;

export default function paper({ Failed, or, decimal, decode, encode, hex, isNumber, json, sha256, ...parts }) {
  async function checkPaper(slug, asked, tell) {
    const { end, lines } = await newest(slug);
    tell.facts({ origin: end.origin, lines: lines.length });
    const { keys, source, slug: named } = await parts.keysFor(end.origin, asked);
    await or("paper", async () => {
      if (named !== slug || !(await parts.signedBy(end.note, keys, end.origin)).length) throw new RangeError("not signed");
    });
    tell.step("paper");
    const { sum, last } = await addUp(lines);
    tell.step("paper-line");
    if (lines.length !== end.size || sum !== end.sum || last !== end.last) throw new Failed("paper-sum");
    tell.step("paper-sum");
    tell.facts({ signatures: sum });
    return { verdict: "paper-right", source };
  }

  // End and lines are two files: for a moment a cache may hold one of them without the newest line.
  async function newest(slug) {
    for (let attempt = 1; ; attempt += 1) {
      const [note, entries] = [await published(slug, "paper"), await published(slug, "paper/entries")];
      const end = await or("paper", () => readEnd(note));
      const lines = await or("paper-sum", () => decode(entries).split("\n"));
      if (lines.pop() !== "") throw new Failed("paper-sum");
      if (lines.length === end.size || attempt === TRIES) return { end, lines };
      await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
    }
  }

  function readEnd(bytes) {
    const note = parts.readNote(bytes);
    const [format, origin, size, sum, last, ...more] = note.text.split("\n");
    if (format !== FORMAT || more.length !== 1) throw new RangeError("not the end of a record");
    return { note, origin, size: decimal(size), sum: decimal(sum), last };
  }

  // A plus counts a new batch; a minus takes one back, whole, once.
  async function addUp(lines) {
    const counts = new Map();
    let last = NO_LINE;
    for (const [number, line] of lines.entries()) {
      const { entry, before, batch, change } = readLine(line);
      const isNew = change > 0 && !counts.has(batch);
      const takesBack = change < 0 && counts.get(batch) === -change;
      const isLine = isNumber(batch) && Number.isSafeInteger(change);
      if (!isLine || entry !== number || before !== last || !(isNew || takesBack)) throw new Failed("paper-line", number);
      counts.set(batch, Math.max(change, 0));
      last = hex(await sha256(encode(line)));
    }
    return { sum: [...counts.values()].reduce((sum, count) => sum + count, 0), last };
  }

  // Without anything in it where it is none of such a record.
  function readLine(line) {
    try {
      return json(encode(line)) ?? {};
    } catch {
      return {};
    }
  }

  return { checkPaper };
}

async function published(slug, name) {
  const answer = await fetch(`/log/${slug}/${name}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
