// Who else has seen the log: the policy of its witnesses (C2SP tlog-policy) and what they cosigned (tlog-cosignature).

// The type of an Ed25519 key that cosigns; others are not read here.
const COSIGNS = 4;
// Of a witness's clock, in seconds.
const SLACK = 60;

/** @param {Parts} parts */
export default function witness(parts) {
  const { or, decode, encode, decimal } = parts;

  // Who has seen the newest state that satisfies the site's policy, and when the last of them did; nobody in `names` while there
  // is no such state, null where the site has no policy.
  /** @param {string} slug @param {Key[]} published */
  async function seenBy(slug, published) {
    /** @param {string} name */
    const take = (name) => parts.get(`/log/${slug}/${name}`, { cache: "no-store" });
    const [policy, noted] = await Promise.all([take("witnesses"), take("witnessed")]);
    if (!policy) return null;
    return or("witness", async () => {
      const text = decode(policy);
      if (!noted) return { policy: text, names: [] };
      const state = parts.readCheckpoint(noted);
      const seen = await cosigned(state.note, await readPolicy(text));
      const log = await parts.openLog({ slug, published }, state.size);
      if (!(await log?.continues(state))) throw new RangeError("another log");
      return { policy: text, names: [...seen.keys()], at: Math.max(...seen.values()), size: state.size };
    });
  }

  // Names with their moments, if they are enough for the policy. An unknown signature says nothing.
  /** @param {Note} note @param {Policy} policy */
  async function cosigned({ text, signatures }, { witnesses, isEnough }) {
    const seen = new Map();
    for (const { name, id, signature } of signatures) {
      const about = witnesses.find(({ key }) => key.name === name && key.id === id);
      if (!about) continue;
      const at = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
      const isRight = signature.length === 72 && at < Date.now() / 1000 + SLACK;
      const signed = encode(`cosignature/v1\ntime ${at}\n${text}`);
      if (!isRight || !(await parts.isSignedBy(about.key.key, signature.slice(8), signed))) throw new RangeError("a wrong cosignature");
      seen.set(about.name, at);
    }
    if (!isEnough(new Set(seen.keys()))) throw new RangeError("too few witnesses");
    return seen;
  }

  // Each name is defined before it is used, and once.
  /** @param {string} text @returns {Promise<Policy>} */
  async function readPolicy(text) {
    const witnesses = [];
    /** @type {Map<string, Enough>} */
    const known = new Map([["none", () => true]]);
    /** @type {Enough[]} */
    const quorums = [];
    for (const line of text.split("\n")) {
      const [word, name, rule, ...names] = line.trim().split(/\s+/);
      if (!word || word.startsWith("#") || word === "log") continue;
      if (word === "quorum") quorums.push(needed(known, name));
      else if (known.has(name)) throw new RangeError("a name twice");
      else if (word === "witness") {
        const key = await parts.readKey(rule);
        if (key.type === COSIGNS) witnesses.push({ name, key });
        known.set(name, (seen) => seen.has(name));
      } else if (word === "group") {
        const members = names.map((member) => needed(known, member));
        const least = rule === "all" ? members.length : rule === "any" ? 1 : decimal(rule);
        known.set(name, (seen) => members.filter((isMet) => isMet(seen)).length >= least);
      } else throw new RangeError("not a policy");
    }
    if (quorums.length !== 1) throw new RangeError("not one quorum");
    return { witnesses, isEnough: quorums[0] };
  }

  return { seenBy };
}

/** @param {Map<string, Enough>} known @param {string} name */
function needed(known, name) {
  const found = known.get(name);
  if (!found) throw new RangeError("an unknown name");
  return found;
}
