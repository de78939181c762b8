// The number is given when the ledger is folded, a moment after the confirmation: poll until it is there.

const PAUSE = 600;
const TRIES = 20;

export default async function number(place) {
  for (let tried = 0; tried < TRIES; tried += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE * (1 + tried / 4)));
    try {
      const response = await fetch(place.dataset.counted, { cache: "no-store" });
      const { html } = response.ok ? await response.json() : {};
      if (!html) continue;
      const counted = new DOMParser().parseFromString(html, "text/html");
      place.replaceChildren(...counted.querySelector("[data-number]").childNodes);
      // The progress now counts this person too. Both are apart from the number, so that a screen reader hears it alone.
      for (const part of ["[data-progress]", "[data-card]"]) {
        document.querySelector(part).replaceChildren(...counted.querySelector(part).childNodes);
      }
      return;
    } catch {
      // Offline for a moment; the next try may find it.
    }
  }
}
