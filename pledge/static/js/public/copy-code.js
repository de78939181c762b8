// A button that copies the code beside it.

/** @param {HTMLElement} root */
export default function copyCode(root) {
  const text = root.querySelector("textarea");
  const button = root.querySelector("[data-copy]");
  const status = root.querySelector("[data-status]");
  button.hidden = false;
  text.addEventListener("focus", () => text.select());
  button.addEventListener("click", async () => {
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Without the clipboard API (an old browser, plain http) the selected text is copied the old way.
      document.execCommand("copy");
    }
    status.textContent = "";
    setTimeout(() => { status.textContent = root.dataset.copied; }, 50);
  });
}
