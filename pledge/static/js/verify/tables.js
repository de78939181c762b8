// The tables of a pack: each must say what the entries give, or where those tell nothing, what totals.json says (docs/pack.md).

const BREAKDOWNS = ["country", "region", "day"];
const OTHER = "other";
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;
const TO_KOREA = 9 * 3600_000;
// Two machines' clocks may differ by that.
const SLACK = 5 * 60_000;
const A_DAY = 24 * 3600_000;
const CSV_FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

export default function tables({ Failed, or, decode, json, isNumber, readWorkbook }) {
  // `kept`: the members by name; `sum`: what the entries add up to. Throws Failed with the name of the file that differs.
  async function checkTables(kept, manifest, { counts, moves, days, latest }) {
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
    await inFile("integrity.json", () => check(isEqual(json(kept["integrity.json"]).log, moves)));
    const names = await inFile("organizations.csv", () => checkOrganizations(kept["organizations.csv"], totals));
    await inFile("totals.csv", () => checkTotals(kept["totals.csv"], totals));
    await inFile("totals.xlsx", async () => {
      checkSheets(await readWorkbook(kept["totals.xlsx"]), totals, manifest.origin, names);
    });
    await inFile("README.txt", () => checkReadme(decode(kept["README.txt"]), counts));
  }

  function checkBreakdowns(totals, { campaign }, days) {
    check(totals.campaign.slug === campaign && ["ko", "en"].every((lang) => isText(totals.campaign.title[lang])));
    check(isNumber(totals.unnamed_organizations ?? 0));
    for (const name of BREAKDOWNS) {
      const cells = totals[`by_${name}`];
      check(cells.every(({ key, label, people }) => [key, label.ko, label.en].every(isText) && Number.isSafeInteger(people)));
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

  function checkOrganizations(bytes, totals) {
    const [head, ...rows] = csv(decode(bytes));
    check(head[0] === "name_ko" && head[1] === "name_en" && rows.every((row) => row.length === head.length));
    const unnamed = totals.unnamed_organizations ?? Math.max(totals.organizations - rows.length, 0);
    check(rows.length + unnamed === totals.organizations);
    return rows.map((row) => row.slice(0, 2));
  }

  function checkTotals(bytes, totals) {
    const { slug, title } = totals.campaign;
    const expected = [
      ["campaign", slug, title.ko, title.en, ""],
      ["as_of", totals.as_of, null, null, ""],
      ["checkpoint", "size", null, null, totals.checkpoint.size],
      ["total", "people", null, null, totals.people],
      ["total", "organizations", null, null, totals.organizations],
      ...BREAKDOWNS.flatMap((name) =>
        totals[`by_${name}`].map(({ key, label, people }) => [name, key, label.ko, label.en, people]),
      ),
    ];
    const [head, ...rows] = csv(decode(bytes));
    check(head.join() === "section,key,label_ko,label_en,people" && rows.length === expected.length);
    rows.forEach((row, line) => {
      check(row.length === head.length);
      // The labels of the first lines are words; those may change, but no number belongs into them.
      row.forEach((cell, place) => {
        const text = expected[line][place];
        check(text === null ? !/\p{Nd}/u.test(cell) : isCell(cell, String(text)));
      });
    });
  }

  function checkSheets(sheets, totals, origin, names) {
    check(sheets.length === BREAKDOWNS.length + 2);
    checkSummary(sheets[0].slice(1), totals, origin);
    BREAKDOWNS.forEach((name, place) => checkSheet(sheets[place + 1], totals[`by_${name}`], totals.people));
    const listed = sheets.at(-1).slice(1);
    check(listed.length === names.length);
    names.forEach(([ko, en], line) => check(isCell(ko, listed[line].A ?? "") && isCell(en, listed[line].B ?? "")));
  }

  // Lines of a Korean name, an English one and a value.
  function checkSummary(rows, totals, origin) {
    const numbers = new Map([
      ["People", totals.people],
      ["Organizations", totals.organizations],
      ["Organisations", totals.organizations],
      ["Entries of the public log", totals.checkpoint.size],
      [
        "Organisations that are counted but no longer named, as their content was deleted",
        totals.unnamed_organizations ?? 0,
      ],
    ]);
    const texts = new Map([
      ["Root hash", (text) => text === totals.checkpoint.root],
      ["Name of the log", (text) => text === origin],
      ["As of", (text) => text.includes(`(${totals.as_of})`)],
    ]);
    const seen = new Set();
    for (const { A = "", B = "", C = "", ...more } of rows) {
      check(!Object.keys(more).length && isText(A) && isText(B));
      if (typeof C === "number" || numbers.has(B)) check(numbers.get(B) === C);
      else check(texts.get(B)?.(C) ?? true);
      seen.add(B.replace("z", "s"));
    }
    check(seen.has("People") && seen.has("Organisations"));
  }

  // Lines in the order of totals.json: code and labels, people, and what follows from those.
  function checkSheet([head = {}, ...lines], cells, people) {
    const columns = Object.keys(head).filter((column) => String(head[column]).endsWith("People"));
    check(columns.length === 1 && lines.length === cells.length);
    let total = 0;
    cells.forEach((cell, line) => {
      const { ko, en } = cell.label;
      const { [columns[0]]: told, ...more } = lines[line];
      total += cell.people;
      check(told === cell.people);
      const allowed = [cell.key, ko, en, `${ko} ${en}`, total];
      // As a workbook counts days.
      if (DAY.test(cell.key)) allowed.push((Date.parse(cell.key) - Date.UTC(1899, 11, 30)) / A_DAY);
      const isShare = (value) => typeof value === "number" && Math.abs(value - cell.people / people) < 0.00051;
      check(Object.values(more).every((value) => allowed.includes(value) || isShare(value)));
    });
  }

  function checkReadme(text, { people, organizations }) {
    for (const [words, number] of [
      ["(?:서명한 사람|People)", people],
      ["(?:참여 단체|Organisations)", organizations],
    ]) {
      for (const [, told] of text.matchAll(new RegExp(`^ *${words} {2,}([0-9,]+)`, "gm"))) {
        check(told === new Intl.NumberFormat("en-US").format(number));
      }
    }
  }

  return { checkTables };
}

function check(holds) {
  if (!holds) throw new RangeError("another number");
}

const isText = (value) => typeof value === "string";
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
