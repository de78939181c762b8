// j and k go down and up a list, Enter opens; on a page without one, j goes to the next page of its kind.

/** @param {HTMLElement} root */
export default function listKeys(root) {
  const links = [...root.querySelectorAll("th a")];
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /** @type {Element} */ (event.target).matches("input, select, textarea")) return;
    if (event.key !== "j" && event.key !== "k") return;
    const next = root.querySelector("[rel=next]");
    if (next) {
      if (event.key === "j") next.click();
      return;
    }
    const place = links.indexOf(/** @type {Part} */ (document.activeElement)) + (event.key === "j" ? 1 : -1);
    links[Math.min(Math.max(place, 0), links.length - 1)]?.focus();
  });
}
