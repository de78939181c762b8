// Checks beside the page, so that the page stays responsive. It sends nothing anywhere: a file stays here, and all that is
// fetched are the parts of this program and the public keys and logs of this site.

const ORDER = ["note", "merkle", "zip", "entries", "log", "receipt", "tables", "pack", "count"];
// What says nothing about what was to be checked.
const UNKNOWN = ["browser", "neither", "key", "too-large", "unreadable", "no-log", "trouble"];

onmessage = async ({ data: { file, asked, addresses } }) => {
  const parts = await assemble(addresses);
  const facts = {};
  let [done, total] = [0, 0];
  /** @type {Tell} */
  const tell = {
    step: (name, state = "done") => postMessage({ step: { name, state } }),
    facts: (more) => Object.assign(facts, more),
    total: (steps) => ([done, total] = [0, steps]),
    progress: (more) => postMessage({ progress: Math.min(1, (done += more) / total) }),
  };
  postMessage({ result: { ...(await check(parts, file, asked, tell)), facts } });
};

/** @param {Record<string, string>} addresses @returns {Promise<Checks>} */
async function assemble(addresses) {
  const bytes = await import(addresses.bytes);
  const parts = { ...bytes, base: "", host: location.host };
  for (const name of ORDER) {
    Object.assign(parts, (await import(addresses[name])).default(parts));
  }
  return parts;
}

/** @param {Checks} parts @param {File | undefined} file @param {any} asked @param {Tell} tell */
async function check(parts, file, asked, tell) {
  try {
    const kind = file ? await kindOf(file) : "count";
    postMessage({ kind });
    if (!(await parts.canCheck())) throw new parts.Failed("browser");
    if (!kind) throw new parts.Failed("neither");
    if (!file || kind === "count") return await parts.checkCount(asked, tell);
    const checks = { receipt: parts.checkReceipt, pack: parts.checkPack, checkpoint: parts.checkKept };
    return await checks[kind](file, asked, tell);
  } catch (error) {
    // An error that prevents checking says nothing about the file.
    const failed = error.failed ?? (error.name === "NotReadableError" ? "unreadable" : "trouble");
    if (failed === "trouble") console.warn(error);
    return { verdict: UNKNOWN.includes(failed) ? "unknown" : "wrong", failed, at: error.at ?? "", isOfSite: error.isOfSite };
  }
}

// What it is by its first bytes, or where those are damaged, by its name.
/** @param {File} file */
async function kindOf(file) {
  const first = new TextDecoder("latin1").decode(await file.slice(0, 300).arrayBuffer());
  if (first.startsWith("c2sp.org") || file.name.endsWith(".tlog-proof")) return "receipt";
  if (first.startsWith("PK\x03\x04") || file.name.endsWith(".zip")) return "pack";
  return /^[^ +\n]+\n[0-9]+\n/.test(first) ? "checkpoint" : null;
}
