// Tells other reviewers that this case is open here, and shows who else has it open.

const EVERY = 20_000;
// A reviewer who has left neither holds a case nor keeps a session alive by an open page.
const AWAY_AFTER = 10 * 60_000;

/** @param {Part} form */
export default function presence(form) {
  const others = form.querySelector("[data-others]");
  const changed = form.querySelector("[data-changed]");
  const take = form.querySelector("[data-take]");
  const { here, seen } = form.dataset;
  let touchedAt = performance.now();
  let timer = 0;

  async function tell() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(tell, EVERY);
    if (performance.now() - touchedAt > AWAY_AFTER) return;
    try {
      const response = await fetch(here, { method: "POST", body: new URLSearchParams(/** @type {any} */ (new FormData(/** @type {any} */ (form)))), redirect: "error" });
      if (!response.ok) return;
      const answer = await response.json();
      if (others.textContent !== answer.words) others.textContent = answer.words;
      changed.hidden = answer.seen === seen;
      take.hidden = answer.is_mine;
    } catch {
      // Offline for a moment, or signed out; the next act on the page will say so.
    }
  }

  for (const event of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(event, () => { touchedAt = performance.now(); }, { passive: true });
  }
  document.addEventListener("visibilitychange", tell);
  tell();
}
