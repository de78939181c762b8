// A link that is shared when somebody presses it: by the device's own sheet, or copied. Without JavaScript it is a link.

export default function shareLink(link) {
  const status = link.parentElement.querySelector("[role=status]");

  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const { text, copied } = link.dataset;
    try {
      if (navigator.share) {
        await navigator.share({ url: link.href, text });
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
