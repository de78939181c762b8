// Offers what this device supports besides plain links: its share sheet, and copying.

/** @param {HTMLElement} root */
export default function share(root) {
  const { url, text, copyText, copied } = root.dataset;
  const sheet = root.querySelector("[data-sheet]");
  const copy = root.querySelector("[data-copy]");
  const status = root.querySelector("[data-status]");
  const address = root.querySelector("input");

  if (sheet && navigator.share) {
    sheet.hidden = false;
    // Closing the sheet without choosing rejects; that is no error.
    sheet.addEventListener("click", () => navigator.share({ url, text, title: document.title }).catch(() => {}));
  }

  copy.hidden = false;
  copy.addEventListener("click", async () => {
    address.select();
    try {
      await navigator.clipboard.writeText(copyText);
    } catch {
      // Without the clipboard API (an old browser, plain http) the selected text is copied the old way.
      document.execCommand("copy");
    }
    status.textContent = "";
    setTimeout(() => { status.textContent = copied; }, 50);
  });
}
