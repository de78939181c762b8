// Polls the count: often while it changes, slower when it does not, not at all in a hidden tab.

// With a fifth of jitter and the second that an answer may be old, a new number shows within three seconds.
const FAST = 1200;
const SLOWEST = 10_000;
const MAX_PAUSE = 60_000;
// Long enough to wait for the mail and press its button while another window is watched.
const STAYS_FAST = 10 * 60_000;
const BETWEEN_WORDS = 10_000;
const COUNTING_UP = 900;

/** @param {HTMLElement} root */
export default function liveCount(root) {
  /** @param {string} name */
  const part = (name) => root.querySelector(`[data-${name}]`);
  const { url, one, many, say, next, last, value, oneOrganization, manyOrganizations } = root.dataset;
  const goal = Number(root.dataset.goal);
  const sentences = JSON.parse(root.dataset.sentences);
  const steps = root.dataset.steps.split(" ").map(Number);
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  let known = Number(root.dataset.people);
  let shown = known;
  let asOf = root.dataset.asOf;
  let delay = FAST;
  let movedAt = performance.now();
  let timer = 0;
  let frame = 0;
  let asking = false;
  let saidAt = performance.now();
  let saying = 0;
  let answeredAt = new Date();
  let failures = 0;

  async function ask() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    try {
      const response = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout?.(8000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      take(await response.json(), response.headers.get("Date"));
      const quiet = performance.now() - movedAt > STAYS_FAST;
      answeredAt = new Date();
      failures = 0;
      delay = quiet ? Math.min(SLOWEST, Math.max(FAST, delay) * 1.25) : FAST;
    } catch {
      failures += 1;
      delay = Math.min(MAX_PAUSE, delay * 2);
    }
    asking = false;
    tellOutage();
    // Jitter, so that visitors who opened the page at once do not poll at once.
    timer = setTimeout(ask, delay * (0.8 + Math.random() * 0.4));
  }

  /** @param {{ people: number, organizations: number, as_of: string, checkpoint: number | null }} body @param {string} date */
  function take(body, date) {
    // An unchanged answer still says that nothing changed up to its moment.
    const unchanged = body.as_of === asOf;
    asOf = body.as_of;
    root.dataset.size = String(body.checkpoint);
    const moment = new Date(unchanged && date ? date : body.as_of);
    if (!Number.isNaN(moment.getTime())) tellTime(moment);
    showOrganizations(body.organizations);
    if (body.people === known) return;
    known = body.people;
    movedAt = performance.now();
    countTo(known);
    sayLater();
  }

  /** @param {number} target */
  function countTo(target) {
    cancelAnimationFrame(frame);
    const from = shown;
    if (calm.matches || document.hidden) return show(target);
    const start = performance.now();
    /** @param {number} now */
    const step = (now) => {
      const way = Math.min(1, Math.max(0, (now - start) / COUNTING_UP));
      show(Math.round(from + (target - from) * (1 - (1 - way) ** 3)));
      if (way < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  }

  /** @param {number} people */
  function show(people) {
    shown = people;
    part("count").textContent = numbers.format(people);
    part("label").textContent = people === 1 ? one : many;
    showStep(people, steps.find((step) => step > people));
  }

  // Beyond the steps that the page knows, the bar is full.
  /** @param {number} people @param {number} [target] */
  function showStep(people, target = steps.at(-1)) {
    /** @param {string} pattern */
    const words = (pattern) =>
      pattern
        .replace("{people}", numbers.format(people))
        .replace("{more}", numbers.format(target - people))
        .replace("{target}", numbers.format(target));
    const bar = /** @type {HTMLProgressElement} */ (root.querySelector("progress"));
    if (!bar) return; // one cannot sign
    bar.max = target;
    bar.value = Math.min(people, target);
    bar.setAttribute("aria-valuetext", words(value));
    const line = part("next-step");
    if (!people) return;
    line.hidden = people >= target;
    line.textContent = words(target === goal ? last : next);
    const sentence = part("sentence");
    if (sentence) sentence.textContent = sentences[target] ?? "";
  }

  /** @param {number} number */
  function showOrganizations(number) {
    const line = part("organizations");
    if (number === Number(line.dataset.organizations)) return;
    line.dataset.organizations = String(number);
    line.querySelector("strong").textContent = numbers.format(number);
    line.querySelector("span").textContent = number === 1 ? oneOrganization : manyOrganizations;
    line.hidden = number === 0;
    movedAt = performance.now();
  }

  // A screen reader hears the number from time to time, not each step.
  function sayLater() {
    if (saying) return;
    const wait = Math.max(0, BETWEEN_WORDS - (performance.now() - saidAt));
    saying = setTimeout(() => {
      saying = 0;
      saidAt = performance.now();
      part("announce").textContent = say.replace("{n}", numbers.format(known));
    }, wait);
  }

  // One failure may be a hiccup. The page of a hall says since when its number stands; the others show their time anyway.
  function tellOutage() {
    const line = part("away");
    if (!line || line.hidden === failures < 2) return;
    line.hidden = failures < 2;
    line.textContent = line.hidden ? "" : inWords(answeredAt, line.dataset.away);
  }

  /** @param {Date} moment */
  function tellTime(moment) {
    const time = part("time");
    time.dateTime = moment.toISOString();
    time.textContent = inWords(moment, root.dataset.moment);
  }

  function askNow() {
    clearTimeout(timer);
    if (document.hidden) return;
    delay = FAST;
    ask();
  }
  document.addEventListener("visibilitychange", askNow);
  window.addEventListener("online", askNow);
  timer = setTimeout(ask, FAST);
}

// As the server formats it: in Seoul's time, whatever the time zone of the reader.
/** @param {Date} moment @param {string} pattern */
function inWords(moment, pattern) {
  const { locale } = document.documentElement.dataset;
  const timeZone = "Asia/Seoul";
  const date = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: "long" }).format(moment);
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "short" }).format(moment);
  return pattern.replace("{1}", date).replace("{0}", time);
}
