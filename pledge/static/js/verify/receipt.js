// A receipt (C2SP tlog-proof): one entry, its place in the log, and the checkpoint that was signed over it.

const HEAD = "c2sp.org/tlog-proof@v1";
const MAX_RECEIPT_BYTES = 1 << 20;
const MAX_STEPS = 64;

/** @param {Parts} parts */
export default function receipt(parts) {
  const { Failed, or, encode, decode, decimal, fromBase64, json, hex, same, sha256 } = parts;

  /** @param {File} file @param {Asked} asked @param {Tell} tell */
  async function checkReceipt(file, asked, tell) {
    const found = await or("receipt", () => read(file));
    tell.step("receipt");
    const { origin, size } = found.checkpoint;
    tell.facts({ origin, size, index: found.index });

    const trusted = await parts.keysFor(origin, asked);
    const isSigned = await parts.isSigned(found.checkpoint, trusted);
    tell.step("checkpoint", isSigned ? "done" : "skipped");

    const entry = parts.readEntry(found.leaf);
    if (!entry?.isPlus || entry.of === "paper") throw new Failed("leaf");
    tell.step("leaf");
    tell.facts({ day: entry.day, of: entry.of });

    await or("proof", async () => {
      const leaf = parts.leafHash(encode(found.leaf));
      const root = parts.rootByProof(leaf, found.index, size, found.proof);
      if (!same(root, found.checkpoint.root)) throw new RangeError("another root");
    });
    tell.step("proof");

    const address = asked.address.trim();
    if (address && !(await commitments(found.salt, address)).includes(entry.commitment)) throw new Failed("address");
    tell.step("address", address ? "done" : "skipped");
    // A signature alone does not show that anybody else has seen that log: the receipt's state and its entry must be in the
    // one that is published.
    const today = await parts.openLog(trusted, size);
    const { source } = trusted;
    if (!today && isSigned) return { verdict: "receipt-signed", source };
    const isIn = await today?.holds(found.index, parts.leafHash(encode(found.leaf)));
    if (!today || !isIn || !(await today.continues(found.checkpoint))) {
      return parts.outside(found.checkpoint, trusted, today, isSigned);
    }
    tell.facts({ today: today.size });
    return { verdict: await standing(today, found.index, entry, tell), source };
  }

  // Whether the entry still counts in the log of today, in which it is.
  /** @param {Log} today @param {number} index @param {Entry} entry @param {Tell} tell */
  async function standing(today, index, { commitment }, tell) {
    tell.step("today");
    tell.total(today.size);
    const counting = await today.standingAs(commitment, tell.progress);
    if (counting === null) throw new Failed("taken-back", index);
    if (counting === undefined) return "receipt-public";
    tell.step("standing");
    tell.facts({ standing: counting });
    return "receipt-right";
  }

  // Taken apart, not yet believed.
  /** @param {File} file @returns {Promise<Receipt>} */
  async function read(file) {
    if (file.size > MAX_RECEIPT_BYTES) throw new RangeError("too long");
    const bytes = new Uint8Array(await file.arrayBuffer());
    const text = decode(bytes);
    const divider = text.indexOf("\n\n");
    const lines = text.slice(0, Math.max(divider, 0)).split("\n");
    if (lines[0] !== HEAD || lines.length > 3 + MAX_STEPS) throw new RangeError("not a receipt");
    const told = fromBase64(after(lines[1], "extra "));
    const { v, salt, leaf, ...more } = json(told);
    const isUsual = same(told, encode(JSON.stringify({ v, salt, leaf })));
    if (v !== 1 || !isUsual || Object.keys(more).length || fromBase64(salt).length !== 16) throw new RangeError("extra");
    const proof = lines.slice(3).map(fromBase64);
    if (proof.some((step) => step.length !== 32)) throw new RangeError("not a hash");
    const checkpoint = parts.readCheckpoint(encode(text.slice(divider + 2)));
    return { salt, leaf, index: decimal(after(lines[2], "index ")), proof, checkpoint };
  }

  // What the entry may say for an address: as typed, and with its domain as mails carry it (docs/log.md).
  /** @param {string} salt @param {string} typed */
  async function commitments(salt, typed) {
    const address = typed.normalize("NFC");
    const at = address.lastIndexOf("@");
    const variants = [address];
    if (at > 0) {
      const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
      variants.push(`${local}@${domain.toLowerCase()}`, `${local}@${ascii(domain)}`);
    }
    return Promise.all(
      variants.map(async (one) => hex(await sha256(encode(`pledge-commitment/v1\n${salt}\n${one}`)))),
    );
  }

  return { checkReceipt };
}

/** @param {string} line @param {string} word */
function after(line, word) {
  if (!line?.startsWith(word)) throw new RangeError(word);
  return line.slice(word.length);
}

// A domain as IDNA writes it.
/** @param {string} domain */
function ascii(domain) {
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return domain;
  }
}
