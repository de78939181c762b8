// Shows a verdict, the checks it rests on, and what the file says. All of it is set as text, never as markup.

const STEPS = {
  receipt: ["receipt", "checkpoint", "leaf", "proof", "address", "today", "standing"],
  pack: ["archive", "signature", "manifest", "files", "checkpoint", "entries", "root", "count", "published"],
};
// The check in whose course a failure shows, where its name is another.
const SHOWS_IN = {
  receipt: { file: "today", root: "today", consistency: "today", entry: "standing", "taken-back": "standing" },
  pack: { file: "files", entry: "entries", size: "entries", consistency: "published" },
};
const SIGNS = { done: "✓", failed: "✕", skipped: "–" };
const VERDICTS = {
  "receipt-right": ["right", "✓"],
  "receipt-public": ["right", "✓"],
  "receipt-signed": ["unsure", "!"],
  "pack-right": ["right", "✓"],
  "pack-whole": ["unsure", "!"],
  wrong: ["wrong", "✕"],
  unknown: ["unsure", "?"],
};

export default function result(page) {
  const lang = page.documentElement.lang;
  const words = page.getElementById("verify-words").content;
  const part = (name) => page.querySelector(`[data-${name}]`);
  const bar = part("progress").querySelector("progress");
  const states = new Map();

  function begin(isRunning) {
    states.clear();
    bar.value = 0;
    part("verdict").replaceChildren();
    part("details").hidden = true;
    part("progress").hidden = !isRunning;
  }

  function end({ verdict, failed = "", at = "", source = "", facts }, kind, asked) {
    const numbers = numbersOf(facts);
    const isAboutAddress = asked.address.trim() !== "";
    part("progress").hidden = true;
    let text = failed ? `failed:${failed}` : verdict;
    const isPublic = ["receipt-right", "receipt-public"].includes(verdict);
    if (isPublic && facts.standing !== undefined && facts.standing !== facts.index) text = "receipt-again";
    let title = `title:${verdict}`;
    if (verdict === "wrong") title = `title:wrong-${["address", "taken-back"].includes(failed) ? failed : kind}`;
    const said = say(text, { ...numbers, at: failed === "entry" ? number(Number(at)) : at });
    const isAboutNobody = (isPublic || verdict === "receipt-signed") && !isAboutAddress;
    showVerdict(VERDICTS[verdict], say(title), isAboutNobody ? `${said} ${say("about-nobody")}` : said);
    showChecks(verdict === "wrong" ? failed : "", kind);
    const name = verdict === "wrong" ? [failed, at].filter(Boolean).join(":") : "";
    showFacts({ ...numbers, failed: name, source: source && say(`source:${source}`) }, kind, facts);
    part("claims").hidden = !["pack-right", "pack-whole"].includes(verdict);
    part("details").hidden = states.size === 0 && !name;
    part("verdict").scrollIntoView({ block: "center" });
  }

  function showVerdict([look, sign], title, text) {
    const box = make("div", `verdict verdict--${look}`);
    const heading = make("p", "verdict__title");
    heading.append(icon("verdict__sign", sign), title);
    box.append(heading, make("p", "verdict__text", text));
    part("verdict").replaceChildren(box);
  }

  // Up to the one that failed; what comes after it was not looked at.
  function showChecks(failed, kind) {
    const broken = SHOWS_IN[kind]?.[failed] ?? failed;
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

  function showFacts(shown, kind, { day, index }) {
    const rows = [["failed", shown.failed]];
    if (kind === "receipt" && index !== undefined) {
      rows.push(["number", say("fact:number-of", shown)], ["day", day && date(day)]);
    } else {
      rows.push(["people", shown.people], ["organizations", shown.organizations], ["paper", shown.paper]);
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

  // An entry is called by its index, counted from 0, as in the log, in the receipt and by verify.py.
  function numbersOf({ index, size, today, standing, people, organizations, paper, ...more }) {
    const found = { size, today, standing, people, organizations, paper, number: index };
    const known = Object.entries(found).filter(([, value]) => value !== undefined);
    return { ...more, ...Object.fromEntries(known.map(([name, value]) => [name, number(value)])) };
  }

  function say(name, values = {}) {
    const text = words.querySelector(`[data-word="${name}"]`)?.textContent ?? name;
    return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
  }

  const number = (value) => new Intl.NumberFormat(lang).format(value);

  function date(day) {
    const format = new Intl.DateTimeFormat(page.documentElement.dataset.locale, { dateStyle: "long", timeZone: "UTC" });
    const moment = new Date(`${day}T00:00:00Z`);
    return Number.isNaN(moment.getTime()) ? day : format.format(moment);
  }

  function make(tag, className, text = "") {
    const element = page.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
  }

  function icon(className, sign) {
    const element = make("span", className, sign);
    element.setAttribute("aria-hidden", "true");
    return element;
  }

  return {
    begin,
    end,
    step: ({ name, state }) => states.set(name, state),
    progress: (share) => (bar.value = share),
  };
}
