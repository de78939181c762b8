// The tables of a pack: each must say what the entries give, or where those tell nothing, what totals.json says (docs/pack.md).

const BREAKDOWNS = ["country", "region", "day"];
const OTHER = "other";
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;
const TO_KOREA = 9 * 3600_000;
// Two machines' clocks may differ by that.
const SLACK = 5 * 60_000;
const A_DAY = 24 * 3600_000;
const LANGUAGE = /^[a-z]{2}$/;
// Their columns have one letter.
const MAX_LANGUAGES = 20;
const CSV_FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

export default function tables({ Failed, or, decode, json, isNumber, readWorkbook }) {
  // `kept`: the members by name; `sum`: what the entries add up to. Throws Failed with the name of the file that differs.
  async function checkTables(kept, manifest, { counts, moves, paper, days, latest }) {
    const inFile = (name, look) =>
      or("count", look).catch((error) => {
        throw new Failed("count", error.at || name);
      });
    await inFile("manifest.json", () => check(isEqual(manifest.counts, counts)));
    const totals = await inFile("totals.json", () => {
      const told = json(kept["totals.json"]);
      check(isEqual({ people: told.people, organizations: told.organizations }, counts));
      check(isEqual(told.checkpoint, { size: manifest.size, root: manifest.rootText }));
      checkBreakdowns(told, manifest, days);
      checkMoment(told.as_of, latest);
      return told;
    });
    await inFile("integrity.json", () => {
      const told = json(kept["integrity.json"]);
      check(isEqual(told.log, moves));
      // Where there are any; how many sheets they are on is not in the log.
      const { sheets, ...onPaper } = told.paper ?? { sheets: 0, signatures: 0, batches: 0 };
      check(isNumber(sheets) && isEqual(onPaper, paper));
    });
    const langs = Object.keys(totals.campaign.title);
    const names = await inFile("organizations.csv", () => checkOrganizations(kept["organizations.csv"], totals, langs));
    await inFile("totals.csv", () => checkTotals(kept["totals.csv"], totals, langs));
    await inFile("totals.xlsx", async () => {
      checkSheets(await readWorkbook(kept["totals.xlsx"]), totals, manifest.origin, names, langs);
    });
    await inFile("README.txt", () => checkReadme(decode(kept["README.txt"]), counts, langs));
  }

  function checkBreakdowns(totals, { campaign }, days) {
    // The title names the languages; every label is in each of them and in no other.
    const { slug, title } = totals.campaign;
    const langs = Object.keys(title);
    check(slug === campaign && isTexts(title) && langs.length && langs.length <= MAX_LANGUAGES && langs.every((lang) => LANGUAGE.test(lang)));
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
  function checkMoment(asOf, latest) {
    check(MOMENT.test(asOf) && new Date(asOf).toISOString().replace(".000Z", "Z") === asOf);
    check(new Date(Date.parse(asOf) + TO_KOREA + SLACK).toISOString().slice(0, 10) >= latest);
  }

  function checkOrganizations(bytes, totals, langs) {
    const [head, ...rows] = csv(decode(bytes));
    check(langs.every((lang, place) => head[place] === `name_${lang}`) && rows.every((row) => row.length === head.length));
    const unnamed = totals.unnamed_organizations ?? Math.max(totals.organizations - rows.length, 0);
    check(rows.length + unnamed === totals.organizations);
    return rows.map((row) => row.slice(0, langs.length));
  }

  function checkTotals(bytes, totals, langs) {
    const { slug, title } = totals.campaign;
    const inOrder = (label) => langs.map((lang) => label[lang]);
    const words = langs.map(() => null);
    const expected = [
      ["campaign", slug, ...inOrder(title), ""],
      ["as_of", totals.as_of, ...words, ""],
      ["checkpoint", "size", ...words, totals.checkpoint.size],
      ["total", "people", ...words, totals.people],
      ["total", "organizations", ...words, totals.organizations],
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

  function checkSheets(sheets, totals, origin, names, langs) {
    check(sheets.length === BREAKDOWNS.length + 2);
    checkSummary(sheets[0].slice(1), totals, origin, langs);
    BREAKDOWNS.forEach((name, place) =>
      checkSheet(sheets[place + 1], totals[`by_${name}`], totals.people, langs, name === "day"),
    );
    const listed = sheets.at(-1).slice(1);
    check(listed.length === names.length);
    names.forEach((row, line) =>
      row.forEach((name, place) => check(isCell(name, listed[line][letter(place)] ?? ""))),
    );
  }

  // Lines of a code, its name in each language and a value.
  function checkSummary(rows, totals, origin, langs) {
    const isRight = {
      people: (value) => value === totals.people,
      organizations: (value) => value === totals.organizations,
      entries: (value) => value === totals.checkpoint.size,
      unnamed_organizations: (value) => value === (totals.unnamed_organizations ?? 0),
      root: (value) => value === totals.checkpoint.root,
      log: (value) => value === origin,
      as_of: (value) => isText(value) && value.includes(`(${totals.as_of})`),
      campaign: isText,
      verify: isText,
      note: isText,
    };
    const seen = new Set();
    for (const row of rows) {
      const [code, ...named] = cellsOf(row, langs.length + 2);
      const value = named.pop();
      check(Object.hasOwn(isRight, code) && isRight[code](value) && (code === "note" || !seen.has(code)));
      check(named.every((name) => isText(name) && !/\p{Nd}/u.test(name)));
      seen.add(code);
    }
    check(seen.has("people") && seen.has("organizations"));
  }

  // Lines in the order of totals.json: code and labels, people, the running total of days, the share.
  function checkSheet([head = {}, ...lines], cells, people, langs, isByDay) {
    const width = langs.length + (isByDay ? 4 : 3);
    check(cellsOf(head, width).every((name) => name !== "" && isText(name)) && lines.length === cells.length);
    let total = 0;
    cells.forEach((cell, line) => {
      total += cell.people;
      const [key, ...told] = cellsOf(lines[line], width);
      const share = told.pop();
      check(isEqual(told, [...langs.map((lang) => cell.label[lang]), cell.people, ...(isByDay ? [total] : [])]));
      // As a workbook counts days.
      const day = DAY.test(cell.key) ? (Date.parse(cell.key) - Date.UTC(1899, 11, 30)) / A_DAY : cell.key;
      check(key === cell.key || key === day);
      check(typeof share === "number" && Math.abs(share - cell.people / (people || 1)) < 0.00051);
    });
  }

  // It names people and organisations once in each language, in lines of words and a number.
  function checkReadme(text, { people, organizations }, langs) {
    const told = [...text.matchAll(/^ +\S.*? {2,}([0-9][0-9,]*)/gm)].map(([, number]) => number);
    const expected = langs.flatMap(() => [people, organizations]).map((number) => NUMBER.format(number));
    check(isEqual(told, expected));
  }

  return { checkTables };
}

function check(holds) {
  if (!holds) throw new RangeError("another number");
}

const isText = (value) => typeof value === "string";
const isTexts = (value) => Object.values(value).every(isText);
const NUMBER = new Intl.NumberFormat("en-US");
const letter = (place) => String.fromCharCode(65 + place);
// The first cells of a row of a workbook, "" where there is none; it may have no more than those.
function cellsOf(row, width) {
  const columns = Array.from({ length: width }, (_, place) => letter(place));
  check(Object.keys(row).every((column) => columns.includes(column)));
  return columns.map((column) => row[column] ?? "");
}
// What a spreadsheet could run has an apostrophe before it.
const isCell = (cell, text) => cell === text || cell === `'${text}`;

// RFC 4180.
function csv(text) {
  const rows = [[]];
  const whole = text.replace(/^\uFEFF/, "");
  for (CSV_FIELD.lastIndex = 0; CSV_FIELD.lastIndex < whole.length; ) {
    const match = CSV_FIELD.exec(whole);
    check(match);
    const [, quoted, bare, end] = match;
    rows.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== "," && CSV_FIELD.lastIndex < whole.length) rows.push([]);
  }
  return rows;
}

// Of documents of numbers and texts, whatever the order of their keys.
function isEqual(a, b) {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
