// On the page of a mailed link: this tab keeps the key of whoever presses, for the page with the thanks.

/** @param {HTMLElement} root */
export default function confirm(root) {
  root.addEventListener("submit", () => {
    try {
      sessionStorage.setItem("pledge.key", root.dataset.key);
    } catch {
      // Storage may be blocked; the mail has what the next page then does without.
    }
  });
}
