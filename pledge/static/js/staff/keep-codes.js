// Copying, saving or printing the recovery codes counts as keeping them. Without JavaScript one writes them down and says so.

/** @param {HTMLElement} root */
export default function keepCodes(root) {
  const kept = root.querySelector("[data-kept]");
  const status = root.querySelector("[data-status]");
  const codes = [...root.querySelectorAll("code")].map((code) => code.textContent).join("\n");
  /** @param {string} name @param {() => unknown} act */
  const on = (name, act) => root.querySelector(`[data-${name}]`).addEventListener("click", async () => {
    await act();
    kept.checked = true;
  });
  root.querySelector("[data-keep]").hidden = false;
  on("copy", async () => {
    await navigator.clipboard.writeText(codes);
    status.textContent = root.dataset.copied;
  });
  on("save", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${codes}\n`], { type: "text/plain" }));
    link.download = "recovery-codes.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  on("print", () => window.print());
}
