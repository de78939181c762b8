// The page itself: it asks for an address or a receipt, lets the parts above check, and remembers what was right.

const MEMORY = "pledge-log ";
// Failures that say nothing about what was to be checked.
const UNKNOWN = ["browser", "key", "too-large", "no-log", "no-site", "which", "nothing", "stopped", "trouble"];
// Failures that are about an entry.
const INDEXED = ["entry", "statement", "taken-back"];
const { Failed } = bytesPart;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
let lang = /^ko\b/.test(navigator.language) ? "ko" : "en";
let isStopped = false;
/** @type {() => void} */
let showAgain = () => {};

/** @param {string} name @param {Record<string, any>} [values] */
const say = (name, values = {}) => WORDS[lang][name].replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ key) => written(values[key]));
/** @param {any} value */
const written = (value) => (typeof value === "number" ? new Intl.NumberFormat(lang).format(value) : (value ?? "…"));

/** @param {string} chosen */
function speak(chosen) {
  lang = chosen;
  document.documentElement.lang = lang;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === lang));
  }
  showMemory();
  showAgain();
}

// What was seen of each log, by its name. Where the browser lets nothing be stored, it lasts as long as the page.
const memory = {
  /** @type {Record<string, string>} */
  own: {},
  stored() {
    try {
      return window.localStorage;
    } catch {
      return memory.own;
    }
  },
  names: () => Object.keys(memory.stored()).filter((name) => name.startsWith(MEMORY)).map((name) => name.slice(MEMORY.length)),
  /** @param {string} name @returns {{ keys: string[], note: string, size: number, policy?: string } | null} */
  read: (name) => JSON.parse(memory.stored()[MEMORY + name] ?? "null"),
  /** @param {string} name @param {object} seen */
  write(name, seen) {
    const text = JSON.stringify(seen);
    try {
      memory.stored()[MEMORY + name] = text;
    } catch {
      memory.own[MEMORY + name] = text;
    }
  },
  /** @param {string} name */
  forget(name) {
    delete memory.stored()[MEMORY + name];
  },
};

function showMemory() {
  const lines = memory.names().map((origin) => {
    const line = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("forget");
    button.setAttribute("aria-label", say("forget-named", { origin }));
    button.addEventListener("click", () => {
      memory.forget(origin);
      showMemory();
      part("memory-title").focus();
    });
    line.append(say("remembered", { origin, size: memory.read(origin)?.size }), button);
    return line;
  });
  part("logs").replaceChildren(...lines);
  part("memory").hidden = !lines.length;
}

/** @param {string} typed */
function siteOf(typed) {
  try {
    const url = new URL(/^https?:\/\//.test(typed) ? typed : `https://${typed}`);
    const slug = /\/(?:log|c|campaigns)\/([a-z0-9-]+)/.exec(url.pathname)?.[1] ?? "";
    return { base: url.origin, host: url.host, slug };
  } catch {
    throw new Failed("no-site");
  }
}

/** @param {{ base: string, host: string }} site @returns {any} */
function assemble(site) {
  const parts = { ...bytesPart, ...site };
  for (const module of ASSEMBLED) Object.assign(parts, module(parts));
  return parts;
}

// The slug in the address; where it has none, that of the only campaign, or of the one that is chosen.
/** @param {any} parts @param {{ slug: string }} site */
async function campaignOf(parts, { slug }) {
  if (slug) return slug;
  const select = part("campaign");
  /** @type {{ slug: string, title: Record<string, string> }[]} */
  const campaigns = await parts.or("no-site", async () => parts.json(await parts.get("/api/v1/campaigns")).campaigns);
  if (!campaigns.length) throw new Failed("no-site");
  if (campaigns.length === 1) return campaigns[0].slug;
  if (!part("campaigns").hidden && campaigns.some(({ slug: value }) => value === select.value)) return select.value;
  select.replaceChildren(...campaigns.map(({ slug: value, title }) => new Option(title[lang] ?? value, value)));
  part("campaigns").hidden = false;
  throw new Failed("which");
}

// The keys that are believed: those typed, else those remembered; where neither is, the site's.
/** @param {any} parts @param {string} origin */
async function keysFor(parts, origin) {
  const typed = part("key").value.trim();
  const before = memory.read(origin);
  if (typed) return { keys: await parts.or("key", () => parts.readKeys(typed)), source: "pasted" };
  if (before) return { keys: await parts.readKeys(before.keys.join("\n")), source: "remembered" };
  return { source: "site" };
}

/** @param {any} tell @param {any} facts */
async function count(tell, facts) {
  const site = siteOf(part("address").value.trim());
  const parts = assemble(site);
  if (!(await parts.canCheck())) throw new Failed("browser");
  const slug = await campaignOf(parts, site);
  const origin = `${site.host}/log/${slug}`;
  const before = memory.read(origin);
  const { keys, source } = await keysFor(parts, origin);
  tell.facts({ source, before: before?.size });
  const { verdict } = await parts.checkCount({ slug, shown: [], keys, kept: before && parts.encode(before.note) }, tell);
  const seen = await parts.seenBy(slug, keys ?? (await parts.keysOf(slug)));
  const isPolicyNew = before !== null && (before.policy ?? null) !== (seen?.policy ?? null);
  tell.facts({ seen: seen ?? { names: [] }, isPolicyNew });
  const known = new Set([...(before?.keys ?? []), ...facts.keys]);
  memory.write(origin, { keys: [...known], note: parts.decode(facts.kept), size: facts.size, policy: seen?.policy });
  return verdict === "count-right" && !isPolicyNew ? "right" : "unsure";
}

/** @param {any} tell */
async function check(tell) {
  const [file] = part("file").files;
  const pasted = part("text").value.trim();
  if (!file && !pasted) throw new Failed("nothing");
  const whole = file ?? new File([`${pasted}\n`], "receipt.tlog-proof");
  const origin = (await whole.text()).split("\n\n")[1]?.split("\n")[0] ?? "";
  const [host] = origin.split("/");
  const slug = origin.slice(origin.lastIndexOf("/") + 1);
  const typed = part("address").value.trim();
  // The receipt names its log; only whether that is asked by http or https is taken from the address.
  const site = typed && siteOf(typed).host === host ? siteOf(typed) : { base: `https://${host}`, host };
  const parts = assemble(site);
  if (!(await parts.canCheck())) throw new Failed("browser");
  const { keys, source } = await keysFor(parts, origin);
  tell.facts({ source });
  const address = part("email").value;
  const { verdict } = await parts.checkReceipt(whole, { pasted: "", slugs: slug ? [slug] : [], keys, address }, tell);
  tell.facts({ receipt: verdict, isAboutNobody: !address.trim() });
  return verdict === "receipt-signed" ? "unsure" : "right";
}

/** @param {(tell: any, facts: any) => Promise<string>} work */
async function run(work) {
  /** @type {any} */
  const facts = {};
  let [done, total] = [0, 1];
  isStopped = false;
  const tell = {
    step: () => {},
    facts: (/** @type {object} */ more) => Object.assign(facts, more),
    total: (/** @type {number} */ steps) => ([done, total] = [0, steps]),
    progress: (/** @type {number} */ more) => {
      if (isStopped) throw new Failed("stopped");
      part("bar").value = Math.min(1, (done += more) / total);
    },
  };
  show(true);
  let [verdict, failed, at, isOfSite] = ["", "", "", false];
  try {
    verdict = await work(tell, facts);
  } catch (error) {
    failed = error.failed ?? "trouble";
    if (failed === "trouble") console.warn(error);
    [at, isOfSite] = [error.at ?? "", error.isOfSite];
    verdict = UNKNOWN.includes(failed) || failed === "unknown-key" ? "unknown" : "wrong";
  }
  showAgain = () => showResult(verdict, failed, at, isOfSite, facts);
  show(false);
  showMemory();
  showAgain();
  part("result").focus();
}

/** @param {boolean} isRunning */
function show(isRunning) {
  part("bar").value = 0;
  part("running").hidden = !isRunning;
  for (const button of document.querySelectorAll("button.main")) button.disabled = isRunning;
  if (isRunning) part("result").replaceChildren();
  if (isRunning) part("stop").focus();
}

/** @param {string} verdict @param {string} failed @param {string} at @param {boolean} isOfSite @param {any} facts */
function showResult(verdict, failed, at, isOfSite, facts) {
  const lines = [...sentences(failed, at, facts)];
  if (isOfSite && !facts.signer) lines.push(say("of-site"));
  const box = document.createElement("div");
  box.className = `verdict ${verdict}`;
  const heading = document.createElement("h2");
  const sign = document.createElement("span");
  sign.textContent = { right: "✓ ", wrong: "✕ ", unsure: "! ", unknown: "? " }[verdict] ?? "";
  sign.setAttribute("aria-hidden", "true");
  heading.append(sign, say(`verdict:${verdict}`));
  if (verdict === "wrong") heading.append(" ", Object.assign(document.createElement("code"), { textContent: `FAILED ${failed}` }));
  const list = document.createElement("ul");
  list.append(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  box.append(heading, list);
  part("result").replaceChildren(box);
}

/** @param {string} failed @param {string} at @param {any} facts */
function* sentences(failed, at, facts) {
  const isKnown = failed === "checkpoint" && facts.source !== "site";
  if (failed) yield say(`failed:${failed}${isKnown ? "-known" : ""}`, { at: INDEXED.includes(failed) ? Number(at) : at });
  for (const { where, word, ...two } of facts.differing ?? []) yield say(`differs:${word}`, { where: say(`where:${where}`), ...two });
  for (const { where, why, shown } of facts.unsure ?? []) yield say(`unsure:${why}`, { where: say(`where:${where}`), shown, size: facts.size });
  if (facts.people !== undefined) yield say("counted", facts);
  if (facts.current !== undefined && !facts.unsure.length) yield say("same");
  if (facts.current !== undefined) yield say("words", facts);
  if (facts.receipt) {
    const isAgain = facts.standing !== undefined && facts.standing !== facts.index;
    yield say(isAgain ? "receipt-again" : facts.receipt, facts);
    if (facts.isAboutNobody) yield say("about-nobody");
  }
  if (facts.signer) yield `${say("signed", facts)} ${say(`key:${facts.source}`)}`;
  if (facts.before !== undefined && facts.people !== undefined) yield say("continues", facts);
  if (facts.isPolicyNew) yield say("policy-changed");
  if (facts.seen) yield say(facts.seen.names.length ? "seen" : "seen-by-nobody", witnessed(facts.seen));
  if (facts.origin) yield say("log", facts);
  if (facts.root) yield say("root", facts);
}

/** @param {{ names: string[], at?: number, size?: number }} seen */
function witnessed({ names, at = 0, size }) {
  const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(1000 * at));
  return { names: new Intl.ListFormat(lang).format(names), moment, size };
}

for (const [form, work] of Object.entries({ count, check })) {
  part(form).addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    run(work);
  });
}
part("stop").addEventListener("click", () => (isStopped = true));
part("address").addEventListener("input", () => (part("campaigns").hidden = true));
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => speak(button.dataset.language ?? lang));
}
for (const name of ["dragover", "dragleave", "drop"]) {
  window.addEventListener(name, (event) => {
    const { dataTransfer } = /** @type {DragEvent} */ (event);
    if (!dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    part("check").classList.toggle("near", name === "dragover");
    if (name !== "drop") return;
    part("file").files = dataTransfer.files;
    run(check);
  });
}
speak(lang);
