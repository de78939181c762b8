// Checks beside the page, so that the page stays responsive. It sends nothing anywhere: a file stays here, and all that is
// fetched are the parts of this program and the public keys and logs of this site.

const ORDER = ["note", "merkle", "zip", "entries", "trust", "log", "receipt", "tables", "pack"];

onmessage = async ({ data: { file, asked, addresses } }) => {
  const parts = await assemble(addresses);
  const facts = {};
  let [done, total] = [0, 0];
  const tell = {
    step: (name, state = "done") => postMessage({ step: { name, state } }),
    facts: (more) => Object.assign(facts, more),
    total: (steps) => ([done, total] = [0, steps]),
    progress: (more) => postMessage({ progress: Math.min(1, (done += more) / total) }),
  };
  postMessage({ result: { ...(await check(parts, file, asked, tell)), facts } });
};

async function assemble(addresses) {
  const bytes = await import(addresses.bytes);
  const parts = { ...bytes };
  for (const name of ORDER) {
    const module = await import(addresses[name]);
    Object.assign(parts, module.default(parts));
    if (module.canCheck) parts.canCheck = module.canCheck;
  }
  return parts;
}

async function check(parts, file, asked, tell) {
  try {
    const kind = await kindOf(file);
    postMessage({ kind });
    if (!(await parts.canCheck())) throw new parts.Failed("browser");
    if (!kind) throw new parts.Failed("neither");
    const checks = { receipt: parts.checkReceipt, pack: parts.checkPack };
    return await checks[kind](file, asked, tell);
  } catch (error) {
    // An error that prevents checking says nothing about the file.
    const failed = error.failed ?? (error.name === "NotReadableError" ? "unreadable" : "trouble");
    const isUnknown = ["browser", "neither", "key", "too-large", "unreadable", "trouble"].includes(failed);
    if (failed === "trouble") console.warn(error);
    return { verdict: isUnknown ? "unknown" : "wrong", failed, at: error.at ?? "" };
  }
}

// What it is by its first bytes, or where those are damaged, by its name.
async function kindOf(file) {
  const first = new TextDecoder("latin1").decode(await file.slice(0, 8).arrayBuffer());
  if (first === "c2sp.org" || file.name.endsWith(".tlog-proof")) return "receipt";
  if (first.startsWith("PK\x03\x04") || file.name.endsWith(".zip")) return "pack";
  return null;
}
