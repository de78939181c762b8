// Shows the verdict on a file, the checks it rests on, and what the file says.

/** @type {Record<string, string[]>} */
const STEPS = {
  receipt: ["receipt", "checkpoint", "leaf", "proof", "address", "today", "standing"],
  pack: ["archive", "signature", "manifest", "files", "checkpoint", "entries", "root", "count", "published"],
  checkpoint: ["checkpoint", "published"],
};
// The check in whose course a failure shows, where its name is another.
/** @type {Record<string, Record<string, string>>} */
const SHOWS_IN = {
  receipt: { file: "today", root: "today", consistency: "today", entry: "standing", "taken-back": "standing" },
  pack: { file: "files", entry: "entries", size: "entries", consistency: "published" },
  checkpoint: { consistency: "published" },
};
// Where today's log is read.
/** @type {Record<string, string>} */
const TODAY = { receipt: "today", pack: "published", checkpoint: "published" };
// Failures with a title of their own.
const TITLES = ["address", "taken-back", "consistency"];
// Failures that are about an entry.
const INDEXED = ["entry", "taken-back"];
/** @type {Record<string, string>} */
const SIGNS = { done: "✓", failed: "✕", skipped: "–" };

/** @param {ReturnType<typeof import("./words.js").default>} words */
export default function result({ part, say, number, written, showVerdict, make, icon }) {
  const bar = part("progress").querySelector("progress");
  const states = new Map();

  /** @param {boolean} isRunning */
  function begin(isRunning) {
    states.clear();
    bar.value = 0;
    part("verdict").replaceChildren();
    part("claims").hidden = true;
    part("details").hidden = true;
    part("progress").hidden = !isRunning;
  }

  /** @param {Result} result @param {string} kind @param {{ address: string }} asked */
  function end({ verdict, failed = "", at = "", isOfSite = false, source = "", facts }, kind, asked) {
    // An entry is called by its index, counted from 0, as in the log, in the receipt and by verify.py.
    const numbers = written({ ...facts, number: facts.index });
    const isAboutAddress = asked.address.trim() !== "";
    part("progress").hidden = true;
    let text = failed ? `failed:${failed}` : verdict;
    const isPublic = ["receipt-right", "receipt-public"].includes(verdict);
    if (isPublic && facts.standing !== undefined && facts.standing !== facts.index) text = "receipt-again";
    let title = `title:${verdict}`;
    // A fault of the site's log is never one of the file.
    const isSites = verdict === "wrong" && isOfSite;
    if (verdict === "wrong") title = `title:wrong-${TITLES.includes(failed) ? failed : isSites ? "site" : kind}`;
    const said = say(text, { ...numbers, at: INDEXED.includes(failed) ? number(Number(at)) : at });
    const isAboutNobody = (isPublic || verdict === "receipt-signed") && !isAboutAddress;
    const more = isAboutNobody ? ["about-nobody"] : isSites ? ["file-evidence"] : [];
    showVerdict(verdict, say(title), said, ...more.map((name) => say(name)));
    showChecks(verdict === "wrong" ? failed : "", kind, isSites);
    const name = verdict === "wrong" ? [failed, at].filter(Boolean).join(":") : "";
    showFacts({ ...numbers, failed: name, source: source && say(`source:${source}`) }, kind, facts);
    part("claims").hidden = !["pack-right", "pack-whole"].includes(verdict);
    part("claims-today").parentElement.hidden = facts.todayPeople === undefined;
    part("claims-today").textContent = say("claims-today", numbers);
    part("details").hidden = states.size === 0 && !name;
    part("verdict").scrollIntoView({ block: "center" });
  }

  // Up to the one that failed; what comes after it was not looked at.
  /** @param {string} failed @param {string} kind @param {boolean} isSites */
  function showChecks(failed, kind, isSites) {
    const broken = SHOWS_IN[kind]?.[failed] ?? (isSites ? TODAY[kind] : failed);
    const list = [];
    for (const name of STEPS[kind] ?? []) {
      const state = name === broken ? "failed" : (states.get(name) ?? "skipped");
      const line = make("li", `checks__line checks__line--${state}`);
      line.append(icon("checks__sign", SIGNS[state]), make("span", "visually-hidden", `${say(`state:${state}`)} `));
      line.append(make("span", "", say(`step:${name}`)));
      list.push(line);
    }
    part("checks").replaceChildren(...list);
  }

  /** @param {Record<string, string>} shown @param {string} kind @param {Partial<Facts>} facts */
  function showFacts(shown, kind, { day, index }) {
    const rows = [["failed", shown.failed]];
    if (kind === "receipt" && index !== undefined) {
      rows.push(["number", say("fact:number-of", shown)], ["day", day && date(day)]);
    } else {
      rows.push(["people", shown.people], ["organizations", shown.organizations], ["paper", shown.paper]);
      rows.push(["statements", shown.statements]);
      rows.push(["size", shown.size]);
    }
    rows.push(["today", shown.today]);
    rows.push(["origin", shown.origin], ["source", shown.source], ["root", shown.root]);
    const lines = rows.filter(([, value]) => value).map(([name, value]) => {
      const row = make("div", "facts__row");
      row.append(make("dt", "facts__name", say(`fact:${name}`)), make("dd", "facts__value", value));
      return row;
    });
    part("facts").replaceChildren(...lines);
    part("facts-box").hidden = lines.length === 0;
  }

  /** @param {string} day */
  function date(day) {
    const format = new Intl.DateTimeFormat(document.documentElement.dataset.locale, { dateStyle: "long", timeZone: "UTC" });
    const moment = new Date(`${day}T00:00:00Z`);
    return Number.isNaN(moment.getTime()) ? day : format.format(moment);
  }

  return {
    begin,
    end,
    step: (/** @type {{ name: string, state: string }} */ { name, state }) => states.set(name, state),
    progress: (/** @type {number} */ share) => (bar.value = share),
  };
}
