// A link that is shared when somebody presses it: by the device's own sheet, or copied. Without JavaScript it is a link. One that
// shares another address than its own leads to that where the device has no sheet.

/** @param {Part} link */
export default function shareLink(link) {
  const status = link.parentElement.querySelector("[role=status]");

  link.addEventListener("click", async (event) => {
    const { url = link.href, text, copied } = link.dataset;
    if (url !== link.href && !navigator.share) return;
    event.preventDefault();
    try {
      if (navigator.share) {
        await navigator.share({ url, text });
      } else {
        await navigator.clipboard.writeText(link.href);
        status.textContent = copied;
      }
    } catch (error) {
      // Closing the sheet is no error; without the clipboard (plain http) the address bar has the address to copy.
      if (error.name !== "AbortError") location.assign(link.href);
    }
  });
}
