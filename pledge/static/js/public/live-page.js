// The count in a hall: fills the screen on request and keeps it from going dark.
/** @param {HTMLElement} root */
export default function livePage(root) {
  const button = root.querySelector("[data-fullscreen]");
  if (document.fullscreenEnabled) {
    button.hidden = false;
    button.addEventListener("click", () => document.documentElement.requestFullscreen().catch(() => {}));
  }

  // The lock ends whenever the page is hidden, so it is asked for again. Browsers may refuse it, on a low battery for example.
  const stayAwake = () => {
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}
