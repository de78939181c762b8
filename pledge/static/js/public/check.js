// Takes the ticket and the two digits out of the address, keeps the ticket in this tab, says where the mail was sent and opens
// that mailbox, says by when another mail comes, accepts a pasted code with a space ("123 456"), sends the sixth digit, and asks
// for the two digits, where the address did not have them, and whether the link was pressed elsewhere: then the page with the
// thanks is next.

// Nobody has found and opened the mail sooner. Who was given the two digits with the address need not ask for them.
const FIRST_PAUSE = 4000;
const MAX_PAUSE = 15000;
const AN_HOUR = 3600000;
// One address gets one mail in this time.
const TEN_MINUTES = 600000;

/** @param {HTMLElement} line */
export default function check(line) {
  const { page, mine, thanks, sentTo } = line.dataset;
  const address = stored("address");
  if (address) {
    line.textContent = sentTo.replace("{address}", address);
    offerMailbox(address);
  }
  sayWhen();

  const given = location.pathname.slice(page.length + 1);
  const [digits] = location.hash.match(/(?<=^#)\d\d$/) ?? [];
  const ticket = takeTicket(page, given);
  if (ticket) {
    for (const form of document.querySelectorAll("main form")) form.action = `${page}/${ticket}${location.search}`;
    if (digits) {
      showDigits(digits);
      // Behind an address with `#` a browser does not do it by itself.
      /** @type {Part | null} */ (document.querySelector("[autofocus]"))?.focus();
    }
    wait(mine, ticket, thanks, digits ? MAX_PAUSE : FIRST_PAUSE);
  }

  const code = document.getElementById("code");
  if (!code) return;
  /** @param {string} text */
  const tidy = (text) => text.normalize("NFKC").replace(/\D/g, "").slice(0, 6);
  code.addEventListener("paste", (event) => {
    const digits = tidy(event.clipboardData?.getData("text") ?? "");
    if (!digits) return;
    event.preventDefault();
    code.value = digits;
    sendWhole(code);
  });
  // The page with the thanks shows both to prove that this tab has read the mail.
  code.form.addEventListener("submit", () => {
    if (given) keepTicket(given);
    keep("code", tidy(code.value));
  });
  code.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const digits = tidy(code.value);
    if (digits !== code.value) code.value = digits;
    sendWhole(code);
  });
}

/** @param {string} address */
function offerMailbox(address) {
  const link = document.querySelector("[data-mailboxes]");
  const mailbox = JSON.parse(link.dataset.mailboxes)[address.split("@").pop().toLowerCase()];
  if (!mailbox) return;
  link.href = mailbox;
  link.hidden = false;
}

function sayWhen() {
  const resent = document.getElementById("resent");
  document.querySelector("[name=resend]").form.addEventListener("submit", () => keep("resent", String(Date.now() + TEN_MINUTES)));
  const moment = Number(stored("resent"));
  if (location.hash !== "#resent" || !moment) return;
  const time = new Date(moment).toLocaleTimeString(document.documentElement.dataset.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  resent.querySelector("p:last-child").textContent = resent.dataset.by.replace("{time}", time);
}

// The same six digits are sent once: who comes back to correct a wrong code changes it first.
/** @param {Part} code */
function sendWhole(code) {
  if (code.value.length !== 6 || code.value === code.dataset.sent) return;
  code.dataset.sent = code.value;
  code.form.requestSubmit();
}

// The ticket of the tab that sent the form, which then no longer stands in the address. Any other tab that opens the address
// asks nothing and learns nothing.
/** @param {string} page @param {string} given */
function takeTicket(page, given) {
  if (given && stored("sent")) {
    keep("sent", "");
    const draft = `draft ${page.replace(/^\/[^/]+|\/check$/g, "")}`;
    if (stored(draft)) keep("form", stored(draft));
    keep(draft, "");
    keepTicket(given);
  }
  const ticket = stored("ticket");
  if (given && given !== ticket) return null;
  history.replaceState(null, "", page + location.search + (location.hash === "#resent" ? location.hash : ""));
  return ticket;
}

/** @param {string} ticket */
function keepTicket(ticket) {
  if (ticket !== stored("ticket")) keep("key", ""); // of somebody else, who signed in this tab before
  keep("ticket", ticket);
}

// Slower and slower, not at all in the background, and at once when one comes back to this tab.
/** @param {string} mine @param {string} ticket @param {string} thanks @param {number} pause */
function wait(mine, ticket, thanks, pause) {
  const since = Date.now();
  let timer = 0;
  /** @param {boolean | Event} [isTold] */
  const ask = async (isTold) => {
    clearTimeout(timer);
    if ((document.hidden && isTold !== true) || Date.now() - since > AN_HOUR) return;
    try {
      const response = await fetch(mine, { method: "POST", body: new URLSearchParams({ ticket }) });
      const { state, digits } = response.ok ? await response.json() : {};
      if (state) return location.replace(thanks);
      if (digits) showDigits(digits);
    } catch {
      // Offline for a moment; the next time may find it.
    }
    timer = setTimeout(ask, pause);
    pause = Math.min(pause * 1.2, MAX_PAUSE);
  };
  timer = setTimeout(ask, pause);
  document.addEventListener("visibilitychange", ask);
  // The page with the thanks tells when it opens in another tab of this browser (thanks.js).
  if ("BroadcastChannel" in window) new BroadcastChannel("pledge.confirmed").addEventListener("message", () => ask(true));
}

/** @param {string} digits */
function showDigits(digits) {
  const place = document.querySelector("[data-match]");
  if (!place) return;
  place.querySelector("[data-match-number]").textContent = digits;
  place.hidden = false;
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    sessionStorage.setItem(`pledge.${name}`, value);
  } catch {
    // Storage may be blocked; the page then is as without JavaScript.
  }
}

/** @param {string} name */
function stored(name) {
  try {
    return sessionStorage.getItem(`pledge.${name}`);
  } catch {
    return null;
  }
}
