// Shows the worker's progress: fetches the page again and replaces this part of it, until that part says it is done.

const FIRST = 1000;
const SLOWEST = 8000;
const MAX_PAUSE = 60_000;

/** @param {HTMLElement} part */
export default function jobProgress(part) {
  // Not the address of this page: after a refused form that one accepts only POST.
  const page = part.dataset.page;
  let delay = FIRST;
  let timer = 0;
  let asking = false;

  async function ask() {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    try {
      const response = await fetch(page, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout?.(15_000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = answer.getElementById(part.id);
      if (!fresh || take(fresh)) return;
    } catch {
      // Offline for a moment, or signed out; the link below the bar still works.
      delay = Math.min(MAX_PAUSE, delay * 2);
    } finally {
      asking = false;
    }
    timer = setTimeout(ask, delay * (0.9 + Math.random() * 0.2));
  }

  // Whether the job has ended.
  /** @param {HTMLElement} fresh */
  function take(fresh) {
    const isDone = !fresh.hasAttribute("data-module");
    const same = isDone ? false : shown(part) === shown(fresh);
    delay = same ? Math.min(SLOWEST, delay * 1.3) : FIRST;
    if (same) return false;
    const words = fresh.querySelector("[data-words]")?.textContent ?? "";
    // The bar stays, so that it moves instead of jumping; so does what screen readers listen to, which speaks at the end.
    for (const kept of ["progress", "[data-say]"]) {
      const [mine, theirs] = [part.querySelector(kept), fresh.querySelector(kept)];
      if (!mine || !theirs) continue;
      if (theirs.matches("progress")) mine.value = theirs.value;
      theirs.replaceWith(mine);
    }
    part.replaceChildren(...fresh.childNodes);
    if (isDone) {
      part.removeAttribute("data-module");
      part.querySelector("[data-say]").textContent = words;
    }
    return isDone;
  }

  /** @param {HTMLElement} element */
  function shown(element) {
    const bar = element.querySelector("progress");
    return `${bar ? bar.value : ""} ${element.textContent}`;
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden || !part.hasAttribute("data-module")) return;
    delay = FIRST;
    ask();
  });
  timer = setTimeout(ask, FIRST);
}
