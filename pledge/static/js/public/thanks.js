// On the page with the thanks: asks for what only this tab may be told, shares the picture with one's number where the device
// can, and tells a tab that still waits. What it shows stands in the page, a template for each state of a signature.

// The number is given when the ledger is folded, a moment after the confirmation: asked for then, and until it is there.
const FIRST_PAUSE = 700;
const PAUSE = 600;
const TRIES = 20;
const OF_THE_NUMBER = ["number", "card"];

// What this tab kept when one signed and pressed. The page is painted once this has run (blocking="render"): without it nobody
// sees a place for what is told to others, and nothing moves.
const kept = Object.fromEntries(["ticket", "code", "key"].map((name) => [name, stored(name)]).filter(([, value]) => value));
const isMine = Boolean(kept.key || kept.ticket);
const places = [...document.querySelectorAll("[data-awaited]")];
const forOthers = document.querySelector("[data-others]");
for (const place of places) {
  place.hidden = !isMine;
  delete place.dataset.awaited;
}
if (forOthers) forOthers.hidden = isMine;

/** @param {HTMLElement} root */
export default function thanks(root) {
  tellOthers();
  if (isMine && root.dataset.mine) showMine(root.dataset.mine);
  if (!sharesFiles()) return;
  root.dataset.sharesFiles = "";
  root.addEventListener("click", async (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-card-share]");
    if (!button) return;
    const link = root.querySelector("[data-card-link]");
    button.disabled = true;
    try {
      const response = await fetch(link.href);
      if (!response.ok) throw new Error(`status ${response.status}`);
      await navigator.share({ files: [new File([await response.blob()], link.download, { type: "image/png" })] });
    } catch (error) {
      // Closing the sheet without choosing is no error; where sharing failed, the picture can be saved.
      if (error.name !== "AbortError") link.click();
    }
    button.disabled = false;
  });
}

/** @param {string} address */
async function showMine(address) {
  const done = location.hash.slice(1);
  let isFirst = true;
  await pause(FIRST_PAUSE);
  for (let tried = 0; tried < TRIES; tried += 1) {
    try {
      const response = await fetch(address, { method: "POST", body: new URLSearchParams({ ...kept, done }) });
      // A wrong code is not sent again; the ticket tells what it may.
      if (response.status === 422) delete kept.code;
      const answer = response.ok ? await response.json() : { again: true };
      const { state, key, again } = answer;
      if (key && key !== kept.key) keepKey(key);
      if (state) {
        sessionStorage.removeItem("pledge.form"); // the address was right
        put(filled(state, answer), isFirst ? null : OF_THE_NUMBER);
        if (answer.progress) showProgress(answer.progress);
        isFirst = false;
      }
      if (!again) {
        for (const place of places) place.hidden = !state || !place.childElementCount;
        if (forOthers) forOthers.hidden = Boolean(state);
        return;
      }
    } catch {
      // Offline for a moment; the next try may find it.
    }
    await pause(PAUSE * (1 + tried / 4));
  }
  for (const place of places) place.hidden = true;
  if (forOthers) forOthers.hidden = false; // the e-mail has the number
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// The template of a state: what is between ~ ~ filled in, and what the answer does not have left out.
/** @param {string} state @param {Record<string, unknown>} answer */
function filled(state, answer) {
  const html = document.querySelector(`template[data-state="${state}"]`).innerHTML;
  /** @param {string} name */
  const value = (name) => String(answer[name] ?? "").replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const parts = new DOMParser().parseFromString(
    html.replace(/~(\w+)~/g, (_, name) => value(name)),
    "text/html",
  );
  let choices;
  while ((choices = [...parts.querySelectorAll("template")]).length) {
    for (const choice of choices) choice.replaceWith(...(answer[choice.dataset.if] ? choice.content.childNodes : []));
  }
  return parts;
}

/** @param {{ bar: { max: number, value: number, text: string }, next: string }} progress */
function showProgress({ bar: { max, value, text }, next }) {
  const bar = document.querySelector('[data-part="progress"] progress');
  if (!bar) return; // one cannot sign any more
  Object.assign(bar, { max, value });
  bar.setAttribute("aria-valuetext", text);
  document.querySelector('[data-part="progress"] [data-next-step]').textContent = next;
}

// A question that somebody is answering is not replaced when the number comes.
/** @param {Document} parts @param {string[]} only */
function put(parts, only) {
  for (const part of parts.querySelectorAll("[data-part]")) {
    const place = document.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!place || (only && !only.includes(part.dataset.part))) continue;
    place.replaceChildren(...part.childNodes);
    place.hidden = !place.childElementCount;
  }
  if (!only) document.getElementById("done")?.focus();
}

/** @param {string} key */
function keepKey(key) {
  delete kept.code;
  kept.key = key;
  try {
    sessionStorage.setItem("pledge.key", key);
    sessionStorage.removeItem("pledge.code");
  } catch {
    // Storage may be blocked; then the next page asks by ticket.
  }
}

/** @param {string} name */
function stored(name) {
  try {
    return sessionStorage.getItem(`pledge.${name}`);
  } catch {
    return null;
  }
}

function sharesFiles() {
  const empty = new File([], "card.png", { type: "image/png" });
  return Boolean(navigator.canShare?.({ files: [empty] }));
}

function tellOthers() {
  if (!("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel("pledge.confirmed");
  channel.postMessage("");
  channel.close();
}
