// Says where the mail was sent, accepts a pasted code with a space ("123 456"), sends the sixth digit, and asks whether
// the link was pressed elsewhere: then this page is the one with the thanks.

// Nobody has found, opened and confirmed the mail sooner.
const FIRST_PAUSE = 4000;
const MAX_PAUSE = 15000;
const AN_HOUR = 3600000;

export default function check(line) {
  const address = remembered();
  if (address) line.textContent = line.dataset.sentTo.replace("{address}", address);

  if (line.dataset.state) wait(line.dataset.state);

  const code = document.getElementById("code");
  if (!code) return;
  const tidy = (text) => text.normalize("NFKC").replace(/\D/g, "").slice(0, 6);
  code.addEventListener("paste", (event) => {
    const digits = tidy(event.clipboardData?.getData("text") ?? "");
    if (!digits) return;
    event.preventDefault();
    code.value = digits;
    sendWhole(code);
  });
  code.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const digits = tidy(code.value);
    if (digits !== code.value) code.value = digits;
    sendWhole(code);
  });
}

// The same six digits are sent once: who comes back to correct a wrong code changes it first.
function sendWhole(code) {
  if (code.value.length !== 6 || code.value === code.dataset.sent) return;
  code.dataset.sent = code.value;
  code.form.requestSubmit();
}

// Slower and slower, not at all in the background, and at once when one comes back to this tab.
function wait(address) {
  const since = Date.now();
  let pause = FIRST_PAUSE;
  let timer = 0;
  const ask = async (isTold = false) => {
    clearTimeout(timer);
    if ((document.hidden && isTold !== true) || Date.now() - since > AN_HOUR) return;
    try {
      const response = await fetch(address, { cache: "no-store" });
      if (response.ok && (await response.json()).confirmed) return location.replace(location.pathname);
    } catch {
      // Offline for a moment; the next time may find it.
    }
    pause = Math.min(pause * 1.2, MAX_PAUSE);
    timer = setTimeout(ask, pause);
  };
  document.addEventListener("visibilitychange", ask);
  // The page with the thanks tells when it opens in another tab of this browser (thanks.js).
  if ("BroadcastChannel" in window) new BroadcastChannel("pledge.confirmed").addEventListener("message", () => ask(true));
  timer = setTimeout(ask, pause);
}

function remembered() {
  try {
    return sessionStorage.getItem("pledge.address");
  } catch {
    return null;
  }
}
