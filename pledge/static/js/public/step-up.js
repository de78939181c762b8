// Finds the solution of the page's challenge (ALTCHA, version 2, PBKDF2) and sends the form with it. WebCrypto calculates
// beside the page, which stays usable; where there is none, or it fails, the way on without it is shown.

const AT_ONCE = 8;
const SLOW = 8_000;
// The highest number that can be the right one (pledge/abuse/proof.py): where the bar ends.
const LAST = 300;

export default function stepUp(form) {
  const { challenge, working, slow, sending, failed } = form.dataset;
  const [work, status, bar, start, without] = ["work", "status", "bar", "start", "without"].map((name) => form.querySelector(`[data-${name}]`));

  start.addEventListener("click", go);
  addEventListener("pageshow", ({ persisted }) => persisted && offer());
  work.hidden = false;
  // After an answer that did not do, only a press begins anew: two machines must not keep asking each other.
  if ("pressed" in form.dataset) offer();
  else go();

  function offer() {
    bar.hidden = true;
    status.textContent = "";
    start.hidden = false;
  }

  async function go() {
    start.hidden = true;
    bar.hidden = false;
    without.hidden = true;
    bar.max = LAST;
    bar.value = 0;
    status.textContent = working;
    const late = setTimeout(() => {
      status.textContent = slow;
      without.hidden = false;
    }, SLOW);
    try {
      const asked = JSON.parse(challenge);
      const solution = await solve(asked.parameters, (tried) => { bar.value = tried; });
      form.elements.altcha.value = btoa(JSON.stringify({ challenge: asked, solution }));
      bar.value = LAST;
      status.textContent = sending;
      form.submit();
    } catch (error) {
      console.warn("not solved:", error);
      bar.hidden = true;
      status.textContent = failed;
      without.hidden = false;
    } finally {
      clearTimeout(late);
    }
  }
}

export async function solve({ nonce, salt, cost, keyLength, keyPrefix }, progress) {
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  const settings = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  for (let first = 0; first <= LAST; first += AT_ONCE) {
    const keys = await Promise.all(Array.from({ length: AT_ONCE }, (_, place) => key(first + place)));
    const place = keys.findIndex((found) => found.startsWith(keyPrefix));
    if (place >= 0) return { counter: first + place, derivedKey: keys[place] };
    progress(first + AT_ONCE);
  }
  throw new Error("no number fits");

  async function key(counter) {
    const own = password.slice();
    new DataView(own.buffer).setUint32(own.length - 4, counter);
    const imported = await crypto.subtle.importKey("raw", own, "PBKDF2", false, ["deriveBits"]);
    return hex(new Uint8Array(await crypto.subtle.deriveBits(settings, imported, keyLength * 8)));
  }
}

function bytes(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function hex(values) {
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}
