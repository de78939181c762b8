// Shows a verdict, the checks it rests on, and what the file says. All of it is set as text, never as markup.

const STEPS = {
  receipt: ["receipt", "checkpoint", "leaf", "proof", "address"],
  pack: ["archive", "signature", "manifest", "files", "checkpoint", "entries", "root", "count"],
};
// The check in whose course a failure shows, where its name is another.
const SHOWS_IN = { file: "files", entry: "entries", size: "entries" };
const SIGNS = { done: "✓", failed: "✕", skipped: "–" };
const VERDICTS = {
  "receipt-right": ["right", "✓"],
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
    if (verdict === "receipt-right" && !isAboutAddress) text = "receipt-right-nobody";
    let title = `title:${verdict}`;
    if (verdict === "wrong") title = failed === "address" ? "title:wrong-address" : `title:wrong-${kind}`;
    const about = failed === "entry" ? number(Number(at) + 1) : at;
    showVerdict(VERDICTS[verdict], say(title), say(text, { ...numbers, at: about }));
    showChecks(verdict === "wrong" ? failed : "", kind);
    const name = verdict === "wrong" ? [failed, at].filter(Boolean).join(":") : "";
    showFacts({ ...numbers, failed: name, source: source && say(`source:${source}`) }, kind, facts);
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
    const broken = SHOWS_IN[failed] ?? failed;
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
      rows.push(["people", shown.people], ["organizations", shown.organizations], ["size", shown.size]);
    }
    rows.push(["origin", shown.origin], ["source", shown.source], ["root", shown.root]);
    const lines = rows.filter(([, value]) => value).map(([name, value]) => {
      const row = make("div", "facts__row");
      row.append(make("dt", "facts__name", say(`fact:${name}`)), make("dd", "facts__value", value));
      return row;
    });
    part("facts").replaceChildren(...lines);
    part("facts-box").hidden = lines.length === 0;
  }

  function numbersOf({ index, size, people, organizations, ...more }) {
    const found = { size, people, organizations, number: index === undefined ? undefined : index + 1 };
    const known = Object.entries(found).filter(([, value]) => value !== undefined);
    return { ...more, ...Object.fromEntries(known.map(([name, value]) => [name, number(value)])) };
  }

  function say(name, values = {}) {
    const text = words.querySelector(`[data-word="${name}"]`)?.textContent ?? name;
    return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
  }

  const number = (value) => new Intl.NumberFormat(lang).format(value);

  function date(day) {
    const format = new Intl.DateTimeFormat(lang === "ko" ? "ko-KR" : "en-GB", { dateStyle: "long", timeZone: "UTC" });
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
