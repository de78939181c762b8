// Checks a receipt, a pack or a checkpoint in a worker and shows what came out. There is no form, and nothing is sent.

// Before a receipt in the address (web/public/signing/own.py).
const RECEIPT = "#receipt=";

/** @param {HTMLElement} place */
export default async function verify(place) {
  const addresses = JSON.parse(place.dataset.parts);
  const [{ default: words }, { default: result }] = await Promise.all([import(addresses.words), import(addresses.result)]);
  const shown = result(words(place));
  const [file, address, key] = ["file", "address", "key"].map((name) => document.getElementById(`verify-${name}`));
  const error = document.getElementById("verify-file-error");
  /** @type {Worker | null} */
  let worker = null;

  for (const button of place.querySelectorAll("button")) {
    button.addEventListener("click", checkFile);
    button.disabled = false;
  }
  place.querySelector("[data-missing]").hidden = true;
  address.addEventListener("keydown", ({ key, isComposing }) => key === "Enter" && !isComposing && checkFile());
  file.addEventListener("change", () => tell(false));
  takeDrops(place.querySelector("[data-drop]"), file);
  const receipt = await receiptInAddress();
  if (receipt) {
    file.files = receipt;
    checkFile();
  }

  function checkFile() {
    if (file.files.length) return check(file.files[0]);
    worker?.terminate();
    shown.begin(false);
    tell(true);
    file.focus();
  }

  /** @param {File} chosen */
  function check(chosen) {
    worker?.terminate();
    tell(false);
    shown.begin(true);
    const asked = { address: address.value, pasted: key.value, slugs: place.dataset.slugs.split(" ") };
    /** @type {string | null} */
    let kind = null;
    worker = new Worker(addresses.worker, { type: "module" });
    worker.onerror = () => shown.end({ verdict: "unknown", failed: "trouble", at: "", facts: {} }, kind, asked);
    worker.onmessage = ({ data }) => {
      if ("kind" in data) kind = data.kind;
      if (data.step) shown.step(data.step);
      if (data.progress) shown.progress(data.progress);
      if (data.result) shown.end(data.result, kind, asked);
    };
    worker.postMessage({ file: chosen, asked, addresses });
  }

  /** @param {boolean} isMissing */
  function tell(isMissing) {
    error.hidden = !isMissing;
    file.closest(".field").classList.toggle("field--error", isMissing);
    file.setAttribute("aria-describedby", isMissing ? "verify-file-error verify-file-hint" : "verify-file-hint");
    if (isMissing) file.setAttribute("aria-invalid", "true");
    else file.removeAttribute("aria-invalid");
  }
}

// The receipt that the own page or an e-mail put behind `#`, where no server sees it. Whoever has it can try addresses, so it
// does not stay in the address.
async function receiptInAddress() {
  const { hash, pathname } = location;
  if (!hash.startsWith(RECEIPT)) return null;
  history.replaceState(null, "", pathname);
  try {
    const packed = atob(hash.slice(RECEIPT.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(packed, (char) => char.charCodeAt(0));
    const whole = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const kept = new DataTransfer();
    kept.items.add(new File([await new Response(whole).blob()], "receipt.tlog-proof"));
    return kept.files;
  } catch {
    return null;
  }
}

// A file that misses the field would otherwise replace the page.
/** @param {Part} field @param {Part} input */
function takeDrops(field, input) {
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    field.classList.add("drop--near");
  });
  window.addEventListener("dragleave", (event) => event.relatedTarget || field.classList.remove("drop--near"));
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    field.classList.remove("drop--near");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
}
