// On the page with the thanks: shares the picture with one's number where the device can, and tells a tab that still waits.

export default function thanks(root) {
  tellOthers();
  if (!sharesFiles()) return;
  root.dataset.sharesFiles = "";
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-card-share]");
    if (!button) return;
    const link = root.querySelector("[data-card-link]");
    button.disabled = true;
    try {
      const response = await fetch(link.href);
      if (!response.ok) throw new Error(`status ${response.status}`);
      await navigator.share({ files: [new File([await response.blob()], link.download, { type: "image/png" })] });
    } catch (error) {
      // Closing the sheet without choosing is no error; where sharing failed, the picture can be saved.
      if (error.name !== "AbortError") link.click();
    }
    button.disabled = false;
  });
}

function sharesFiles() {
  const empty = new File([], "card.png", { type: "image/png" });
  return Boolean(navigator.canShare?.({ files: [empty] }));
}

function tellOthers() {
  if (!("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel("pledge.confirmed");
  channel.postMessage("");
  channel.close();
}
