// The tables of a pack: each must say what the entries give, or where those tell nothing, what totals.json says (docs/pack.md).
// The workbook is proven by its signed hash alone.

/** @type {("country" | "region" | "day")[]} */
const BREAKDOWNS = ["country", "region", "day"];
const OTHER = "other";
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|\+09:00)$/;
const TO_KOREA = 9 * 3600_000;
// Two machines' clocks may differ by that.
const SLACK = 5 * 60_000;
const LANGUAGE = /^[a-z]{2}$/;
const CSV_FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** @param {Readers} parts */
export default function tables({ or, decode, json, isNumber }) {
  // `kept`: the members by name; `sum`: what the entries add up to. Throws Failed with the name of the file that differs.
  /** @param {Kept} kept @param {Manifest} manifest @param {Sum} sum */
  async function checkTables(kept, manifest, { counts, moves, paper, days, latest }) {
    /** @template T @param {string} name @param {() => T | Promise<T>} look */
    const inFile = (name, look) => or("count", look, name);
    await inFile("manifest.json", () => check(isEqual(manifest.counts, counts)));
    const totals = await inFile("totals.json", () => {
      const told = json(kept["totals.json"]);
      check(isEqual({ people: told.people, organizations: told.organizations }, counts));
      check(isEqual(told.checkpoint, { size: manifest.size, root: manifest.rootText }));
      checkBreakdowns(told, manifest, days);
      checkMoment(told.as_of, latest);
      checkPaper(told.paper, paper);
      return told;
    });
    await inFile("integrity.json", () => {
      const told = json(kept["integrity.json"]);
      check(isEqual([told.log, told.as_of ?? totals.as_of], [moves, totals.as_of]));
      checkPaper(told.paper, paper);
    });
    const langs = Object.keys(totals.campaign.title);
    await inFile("organizations.csv", () => checkOrganizations(kept["organizations.csv"], totals, langs));
    await inFile("totals.csv", () => checkTotals(kept["totals.csv"], totals, langs));
    const numbers = [counts.people, counts.organizations, ...(totals.paper ? [paper.signatures] : [])];
    await inFile("README.txt", () => checkReadme(decode(kept["README.txt"]), langs.flatMap(() => numbers)));
  }

  // How many sheets they are on is not in the log.
  /** @param {(Paper & { sheets: number }) | undefined} told @param {Paper} paper */
  function checkPaper({ sheets, ...told } = { sheets: 0, signatures: 0, batches: 0 }, paper) {
    check(isNumber(sheets) && isEqual(told, paper));
  }

  /** @param {Totals} totals @param {Manifest} manifest @param {Map<string, number>} days */
  function checkBreakdowns(totals, { campaign }, days) {
    // The title names the languages; every label is in each of them and in no other.
    const { slug, title } = totals.campaign;
    const langs = Object.keys(title);
    check(slug === campaign && isTexts(title) && langs.length && langs.every((lang) => LANGUAGE.test(lang)));
    check(isNumber(totals.unnamed_organizations ?? 0));
    for (const name of BREAKDOWNS) {
      const cells = totals[`by_${name}`];
      for (const { key, label, people } of cells) {
        check(isText(key) && isTexts(label) && Number.isSafeInteger(people));
        check(Object.keys(label).length === langs.length && langs.every((lang) => Object.hasOwn(label, lang)));
      }
      check(new Set(cells.map(({ key }) => key)).size === cells.length);
      check(cells.reduce((sum, { people }) => sum + people, 0) === totals.people);
    }
    check(totals.by_day.every(({ key, people }) => key === OTHER || days.get(key) === people));
  }

  // Entries tell days, so that is all that can be known: not before the last of them.
  /** @param {string} asOf @param {string} latest */
  function checkMoment(asOf, latest) {
    check(MOMENT.test(asOf) && new Date(`${asOf.slice(0, 19)}Z`).toISOString().slice(0, 19) === asOf.slice(0, 19));
    check(new Date(Date.parse(asOf) + TO_KOREA + SLACK).toISOString().slice(0, 10) >= latest);
  }

  /** @param {Bytes} bytes @param {Totals} totals @param {string[]} langs */
  function checkOrganizations(bytes, totals, langs) {
    const [head, ...rows] = csv(decode(bytes));
    check(langs.every((lang, place) => head[place] === `name_${lang}`) && rows.every((row) => row.length === head.length));
    const unnamed = totals.unnamed_organizations ?? Math.max(totals.organizations - rows.length, 0);
    check(rows.length + unnamed === totals.organizations);
  }

  /** @param {Bytes} bytes @param {Totals} totals @param {string[]} langs */
  function checkTotals(bytes, totals, langs) {
    const { slug, title } = totals.campaign;
    /** @param {Label} label */
    const inOrder = (label) => langs.map((lang) => label[lang]);
    const words = langs.map(() => null);
    const expected = [
      ["campaign", slug, ...inOrder(title), ""],
      ["as_of", totals.as_of, ...words, ""],
      ["checkpoint", "size", ...words, totals.checkpoint.size],
      ["total", "people", ...words, totals.people],
      ["total", "organizations", ...words, totals.organizations],
      ...(totals.paper ? [["total", "paper", ...words, totals.paper.signatures]] : []),
      ...BREAKDOWNS.flatMap((name) =>
        totals[`by_${name}`].map(({ key, label, people }) => [name, key, ...inOrder(label), people]),
      ),
    ];
    const [head, ...rows] = csv(decode(bytes));
    check(head.join() === ["section", "key", ...langs.map((lang) => `label_${lang}`), "people"].join() && rows.length === expected.length);
    rows.forEach((row, line) => {
      check(row.length === head.length);
      // The labels of the first lines are words; those may change, but no number belongs into them.
      row.forEach((cell, place) => {
        const text = expected[line][place];
        check(text === null ? !/\p{Nd}/u.test(cell) : isCell(cell, String(text)));
      });
    });
  }

  // It names people, organisations and paper once in each language, in lines of words and a number.
  /** @param {string} text @param {number[]} numbers */
  function checkReadme(text, numbers) {
    const told = [...text.matchAll(/^ +\S.*? {2,}([0-9][0-9,]*)/gm)].map(([, number]) => number);
    check(isEqual(told, numbers.map((number) => NUMBER.format(number))));
  }

  return { checkTables };
}

/** @param {any} holds @returns {asserts holds} */
function check(holds) {
  if (!holds) throw new RangeError("another number");
}

/** @param {any} value */
const isText = (value) => typeof value === "string";
/** @param {object} value */
const isTexts = (value) => Object.values(value).every(isText);
const NUMBER = new Intl.NumberFormat("en-US");
// What a spreadsheet could run has an apostrophe before it.
/** @param {string} cell @param {string} text */
const isCell = (cell, text) => cell === text || cell === `'${text}`;

// RFC 4180.
/** @param {string} text */
function csv(text) {
  /** @type {string[][]} */
  const rows = [[]];
  const whole = text.replace(/^\uFEFF/, "");
  for (CSV_FIELD.lastIndex = 0; CSV_FIELD.lastIndex < whole.length; ) {
    const match = CSV_FIELD.exec(whole);
    check(match);
    const [, quoted, bare, end] = match;
    rows[rows.length - 1].push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== "," && CSV_FIELD.lastIndex < whole.length) rows.push([]);
  }
  return rows;
}

// Of documents of numbers and texts, whatever the order of their keys.
/** @param {any} a @param {any} b @returns {boolean} */
function isEqual(a, b) {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
