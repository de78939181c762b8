// Fills in what stands behind # in the address or was sent from this tab with a wrong address, ticks all that is required by one box, asks for a province only in Korea, sends
// once, asks back when the address looks mistyped, and takes back a complaint once its field is put right. Also for the forms
// of organisations; a correction has no address.

/** @type {Record<string, string>} */
const ENDINGS = { con: "com", cmo: "com", cim: "com", vom: "com", comm: "com", om: "com", ner: "net", nte: "net", met: "net" };
/** @type {Record<string, string>} */
const DOMAINS = {
  "gamil.com": "gmail.com", "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmail.co": "gmail.com", "gnail.com": "gmail.com",
  "gmaill.com": "gmail.com", "gmail.kr": "gmail.com", "naver.co": "naver.com", "naver.co.kr": "naver.com", "naver.kr": "naver.com",
  "naver.net": "naver.com", "nave.com": "naver.com", "navar.com": "naver.com", "naer.com": "naver.com", "nvaer.com": "naver.com",
  "never.com": "naver.com", "hanmail.com": "hanmail.net", "hanmail.co.kr": "hanmail.net", "hamail.net": "hanmail.net",
  "hanmali.net": "hanmail.net", "daum.com": "daum.net", "daum.co.kr": "daum.net", "duam.net": "daum.net", "nate.co": "nate.com",
  "nate.net": "nate.com", "kakao.co": "kakao.com", "kakao.co.kr": "kakao.com", "outlok.com": "outlook.com", "hotmial.com": "hotmail.com",
  "hotmai.com": "hotmail.com", "yaho.com": "yahoo.com", "iclod.com": "icloud.com", "icloud.co": "icloud.com",
};

// What one agrees to is not kept: it is ticked again.
/** @type {("name" | "email" | "country")[]} */
const KEPT = ["name", "email", "country"];

/** @param {Part} form */
export default function signForm(form) {
  const { country, region, email } = form.elements;
  if (region?.closest(".field")) {
    showRegion(country, region);
    country.addEventListener("change", () => showRegion(country, region));
  }
  for (const all of form.querySelectorAll("[data-all]")) agreeToAll(form, all);
  if (email) askBack(form, email);
  if (form.elements.via) keepVia(form.elements.via);
  if (form.id === "sign-form") fillIn(form.elements);
  form.addEventListener("input", (event) => settle(/** @type {Part} */ (event.target)));
  sendOnce(form, () => email && remember(form));
}

// A newsletter may name its reader there (docs/news.md): no server is sent it, and nobody finds it later. Whoever gave a wrong
// address is led here from the waiting page with #again.
/** @param {HTMLFormControlsCollection} fields */
function fillIn(fields) {
  const given = new URLSearchParams(location.hash === "#again" ? stored("form") : location.hash.slice(1));
  const names = KEPT.filter((name) => given.has(name));
  if (!names.length) return;
  history.replaceState(null, "", location.pathname + location.search);
  for (const name of names) {
    const value = given.get(name).replace(/\p{Cc}/gu, "").trim();
    const field = fields[name];
    if (name === "country" ? [...field.options].some((option) => option.value === value) : !field.value) field.value = value;
  }
}

// The boxes stay what is sent and can each be changed; the one above them only ticks them.
/** @param {Part} form @param {HTMLElement} row */
function agreeToAll(form, row) {
  const all = row.querySelector("input");
  const boxes = row.dataset.all.split(" ").map((name) => form.elements.namedItem(name));
  const follow = () => { all.checked = boxes.every((box) => box.checked); };
  all.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = all.checked;
      settle(box);
    }
  });
  for (const box of boxes) box.addEventListener("change", follow);
  addEventListener("pageshow", follow);
  follow();
  row.hidden = false;
}

// Whose link led here is in the address only: the page is the same for everybody, so that it can be cached. The page in
// another language is told too.
/** @param {Part} field */
function keepVia(field) {
  const via = new URLSearchParams(location.search).get("via");
  if (!via) return;
  field.value = via;
  for (const link of document.querySelectorAll(".site-header a[hreflang]")) {
    const address = new URL(link.href);
    address.searchParams.set("via", via);
    link.href = address.href;
  }
}

/** @param {Part} country @param {Part} region */
function showRegion(country, region) {
  const away = country.value !== "" && country.value !== "KR";
  region.closest(".field").hidden = away;
  region.disabled = away;
}

// An error of the server disappears from a field that has been changed; the summary keeps the list of all errors.
/** @param {Part} field */
function settle(field) {
  const filled = field.type === "checkbox" ? field.checked : field.value.trim() !== "";
  if (!filled || field.getAttribute("aria-invalid") !== "true") return;
  const error = `${field.id}-error`;
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error);
  field.removeAttribute("aria-invalid");
  if (others.length) field.setAttribute("aria-describedby", others.join(" "));
  else field.removeAttribute("aria-describedby");
  field.closest(".field--error, .checkbox--error")?.classList.remove("field--error", "checkbox--error");
  field.closest(".consent--error")?.classList.remove("consent--error");
  document.getElementById(error)?.remove();
}

/** @param {Part} form @param {() => unknown} before */
function sendOnce(form, before) {
  const button = form.querySelector("button[type=submit]");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (sent) return event.preventDefault();
    sent = true;
    before();
    setTimeout(() => { button.disabled = true; });
  });
  // Coming back by the back button finds a form that can be sent again.
  addEventListener("pageshow", () => {
    sent = false;
    button.disabled = false;
  });
}

// Only for the next page, which says where the mail went and keeps its ticket in the tab that sent the form; and until one has
// confirmed (thanks.js), for the form again.
/** @param {Part} form */
function remember(form) {
  try {
    sessionStorage.setItem("pledge.address", form.elements.email.value.trim());
    sessionStorage.setItem("pledge.sent", "y");
    if (form.id !== "sign-form") return;
    const typed = KEPT.map((name) => [name, form.elements[name].value]);
    sessionStorage.setItem("pledge.form", new URLSearchParams(typed).toString());
  } catch {
    // Storage may be blocked; the next page then does without the address.
  }
}

/** @param {string} name */
function stored(name) {
  try {
    return sessionStorage.getItem(`pledge.${name}`) ?? "";
  } catch {
    return "";
  }
}

// Stops the form once when the address looks mistyped, and asks beside the button: what is above stays where it is.
/** @param {Part} form @param {Part} email */
function askBack(form, email) {
  const template = form.querySelector("template");
  /** @type {string | null} */
  let asked = null;
  form.addEventListener("submit", (event) => {
    const typed = email.value.trim();
    const better = corrected(typed);
    if (!better || asked === typed) return;
    event.preventDefault();
    asked = typed;
    const question = /** @type {Element} */ (template.content.firstElementChild.cloneNode(true));
    for (const place of question.querySelectorAll("[data-address]")) {
      place.textContent = place.dataset.address.replace("{typed}", typed).replace("{better}", better);
    }
    const [correct, keep] = question.querySelectorAll("button");
    correct.addEventListener("click", () => {
      email.value = better;
      form.requestSubmit();
    });
    keep.addEventListener("click", () => form.requestSubmit());
    template.after(question);
    correct.focus();
    email.addEventListener("input", () => {
      question.remove();
      asked = null;
    }, { once: true });
  });
}

/** @param {string} address */
export function corrected(address) {
  const at = address.lastIndexOf("@");
  if (at < 1) return null;
  const typed = address.slice(at + 1).toLowerCase();
  const dot = typed.lastIndexOf(".");
  const ending = ENDINGS[typed.slice(dot + 1)];
  const mended = dot > 0 && ending ? `${typed.slice(0, dot)}.${ending}` : typed;
  const domain = DOMAINS[mended] ?? mended;
  return domain === typed ? null : address.slice(0, at + 1) + domain;
}
