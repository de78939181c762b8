// Counts the public log of a campaign again in this browser, in a worker that can be stopped, and says in three sentences what
// was found, who signed it, and what it does not prove.

// Failures of what the site shows; all others are of its list.
/** @type {Record<string, string>} */
const FAULTS = { shown: "shown", pledge: "words", statement: "words" };

/** @param {HTMLElement} place */
export default async function recount(place) {
  const addresses = JSON.parse(place.dataset.parts);
  const { default: words } = await import(addresses.words);
  const { say, number, written, showVerdict, part } = words(place);
  const [start, stop, chosen, bar] = ["start", "stop", "campaign", "bar"].map(part);
  /** @type {Worker | null} */
  let worker = null;

  start.addEventListener("click", begin);
  stop.addEventListener("click", () => end(null));
  start.disabled = false;
  part("missing").hidden = true;

  async function begin() {
    show(true);
    bar.value = 0;
    worker = new Worker(addresses.worker, { type: "module" });
    const mine = worker;
    stop.focus();
    const slug = chosen.value;
    const shown = await shownOnPages(slug);
    if (worker !== mine) return;
    worker.onerror = () => end({ verdict: "unknown", failed: "trouble", facts: {} });
    worker.onmessage = ({ data }) => {
      if (data.progress) bar.value = data.progress;
      if (data.result) end(data.result);
    };
    worker.postMessage({ asked: { slug, shown }, addresses });
  }

  /** @param {Result | null} result */
  function end(result) {
    worker.terminate();
    worker = null;
    show(false);
    if (result) tell(result);
    start.focus();
    part("verdict").scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} isRunning */
  function show(isRunning) {
    start.hidden = isRunning;
    part("running").hidden = !isRunning;
    part("keep").hidden = true;
    if (isRunning) part("verdict").replaceChildren();
  }

  /** @param {Result} result */
  function tell({ verdict, failed = "", at = "", facts }) {
    const { kept, signer, others = [], differing = [], unsure = [], ...numbers } = facts;
    const counted = written(numbers);
    const isCounted = numbers.people !== undefined;
    const sentences = [];
    if (isCounted) sentences.push(say(numbers.paper ? "counted-paper" : "counted", counted));
    if (verdict === "count-right") sentences.push(say("same", counted));
    if (numbers.current !== undefined) sentences.push(say("words", counted));
    for (const { where, word, ...two } of differing) {
      sentences.push(say(`differs:${word}`, { where: say(`where:${where}`), shown: number(two.shown), counted: number(two.counted) }));
    }
    for (const { where, why, shown = 0 } of unsure) {
      sentences.push(say(`unsure:${why}`, { where: say(`where:${where}`), shown: number(shown), size: counted.size }));
    }
    if (failed && failed !== "shown") sentences.push(say(`failed:${failed}`, { at: ["entry", "statement"].includes(failed) ? number(Number(at)) : at }));
    const found = [sentences.join(" ")];
    if (signer) {
      const since = chosen.selectedOptions[0].dataset.since;
      found.push(say(others.length ? "signed-others" : "signed", { signer, since, others: others.join(", ") }));
    }
    if (isCounted) found.push(say("not-proven"));
    const fault = FAULTS[failed] ?? "site";
    showVerdict(verdict, say(verdict === "wrong" ? `title:wrong-${fault}` : `title:${verdict}`), ...found);
    if (verdict !== "unknown" && kept) offerToKeep(kept, numbers.size);
  }

  // The very checkpoint that was counted; the site may have a newer one by now.
  /** @param {BlobPart} bytes @param {number} size */
  function offerToKeep(bytes, size) {
    const link = part("keep").querySelector("a");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([bytes], { type: "text/plain" }));
    link.download = `${chosen.value}-${size}.checkpoint.txt`;
    part("keep").hidden = false;
  }
}

/** @type {Counted[]} */
const NUMBERS = ["people", "organizations", "paper"];
const STANDING = NUMBERS.map((word) => `[data-standing="${word}"]`);

// Asked before the log is, so that the log holds what is shown. Each page names how many entries give its numbers.
/** @param {string} slug */
const shownOnPages = (slug) =>
  Promise.all([
    read("page", slug, "[data-count]", ".count__organizations strong"),
    read("progress", `${slug}/progress`, ...STANDING),
  ]);

/** @param {string} where @param {string} page @param {...string} selectors @returns {Promise<Partial<Shown>>} */
async function read(where, page, ...selectors) {
  try {
    const answer = await fetch(`/${document.documentElement.lang}/c/${page}`, { cache: "no-store" });
    return answer.ok ? { where, ...numbersOf(await answer.text(), selectors) } : { where };
  } catch {
    return { where };
  }
}

/** @param {string} html @param {string[]} selectors */
function numbersOf(html, selectors) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const size = page.querySelector(selectors[0])?.closest("[data-size]")?.getAttribute("data-size");
  /** @type {Partial<Shown>} */
  const found = { size: JSON.parse(size ?? "null") };
  for (const [place, word] of NUMBERS.entries()) {
    const digits = selectors[place] && page.querySelector(selectors[place])?.textContent.replace(/\D/g, "");
    if (digits) found[word] = Number(digits);
  }
  return found;
}
