// Copying or printing the recovery codes counts as keeping them; saving is a link that works by itself.

export default function keepCodes(root) {
  const kept = root.querySelector("[data-kept]");
  const status = root.querySelector("[data-status]");
  const copy = root.querySelector("[data-copy]");
  const print = root.querySelector("[data-print]");
  const codes = [...root.querySelectorAll("code")].map((code) => code.textContent).join("\n");
  copy.hidden = print.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(codes);
    status.textContent = root.dataset.copied;
    kept.checked = true;
  });
  print.addEventListener("click", () => {
    window.print();
    kept.checked = true;
  });
  root.querySelector("[data-save]").addEventListener("click", () => { kept.checked = true; });
}
