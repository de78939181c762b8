// Warns before a form with unsaved text is left. When another form is sent or the language is changed, the text is kept in this tab
// and put back into its form, for whoever typed it; signing out empties it (Clear-Site-Data).

/** @typedef {[string, string][]} Typed */
/** @typedef {{ at: string, path: string, fields: Typed }} Entry */

const OWN = new Set(["csrf_token", "form_owner"]);

/** @param {string} name */
const isOwn = (name) => OWN.has(name) || name.startsWith("factor-");
/** @param {Part} field */
const isSecret = ({ name, type, autocomplete }) => isOwn(name) || type === "password" || autocomplete === "one-time-code";
/** @param {Part} form */
const hasFile = (form) => [...form.elements].some((control) => control.files?.length);

/** @param {Part} form @returns {Typed} */
function typedIn(form) {
  const secret = new Set([...form.elements].filter(isSecret).map(({ name }) => name));
  const sent = /** @type {Typed} */ ([...new FormData(/** @type {any} */ (form))]);
  return sent.filter(([name, value]) => typeof value === "string" && !secret.has(name));
}

/** @param {Part} form */
function addresses(form) {
  // A field may be called "action".
  const buttons = [...form.querySelectorAll("[formaction]")].map((button) => button.getAttribute("formaction"));
  return [form.getAttribute("action"), ...buttons].map((address) => new URL(address ?? "", location.href).pathname);
}

/** @param {HTMLElement} page @param {string} path */
const formOf = (page, path) =>
  [...page.querySelectorAll("form[method=post]")].find((form) => addresses(form).includes(path));

/** @param {Part} form @param {Typed} fields */
function fill(form, fields) {
  for (const control of form.elements) {
    if (!control.name || isOwn(control.name)) continue;
    const values = fields.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
    else if (values.length && !["file", "password", "submit"].includes(control.type)) control.value = values[0];
  }
  for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}

/** @param {HTMLElement} page @param {string} text */
function notice(page, text) {
  const line = document.createElement("p");
  Object.assign(line, { className: "notice notice--warning", textContent: text });
  line.setAttribute("role", "status");
  page.prepend(line);
  return line;
}

/** @param {HTMLElement} page */
export default function unsaved(page) {
  const key = `typed-${page.dataset.person}`;
  /** @returns {Entry[]} */
  const kept = () => JSON.parse(sessionStorage.getItem(key) ?? "[]");
  /** @param {Part} form */
  const isForm = (form) => form?.method === "post" && page.contains(form);

  /** @param {Entry[]} entries */
  function keep(entries) {
    if (entries.length) sessionStorage.setItem(key, JSON.stringify(entries));
    else sessionStorage.removeItem(key);
  }

  // What was typed and not sent is in its forms again; answers these. What another page has waits for that page.
  function restore() {
    /** @param {Entry} entry */
    const found = kept().map((entry) => ({ ...entry, form: formOf(page, entry.path) }));
    const back = found.filter(({ form }) => form);
    const gone = found.filter(({ form, at }) => !form && (!at || at === location.pathname));
    keep(found.filter((entry) => !back.includes(entry) && !gone.includes(entry)));
    for (const { form, fields } of back) fill(form, fields);
    if (gone.length) {
      const text = document.createElement("pre");
      const words = gone.flatMap(({ fields }) => fields.map(([, value]) => value)).join("\n\n");
      Object.assign(text, { className: "stored__text", textContent: words });
      notice(page, page.dataset.typedGone).after(text);
    } else if (back.length) {
      notice(page, page.dataset.typedBack);
    }
    return back.map(({ form }) => form);
  }

  // Keep what was typed into these forms; `at` is the page that has them, where the answer may be another page.
  /** @param {Part[]} forms @param {string} at */
  function keepTyped(forms, at) {
    /** @param {Entry} entry */
    const waiting = kept().filter((entry) => entry.at !== location.pathname);
    keep([...waiting, ...forms.map((form) => ({ at, path: addresses(form)[0], fields: typedIn(form) }))]);
  }

  const edited = new Set(restore());
  // A form that was refused is shown under the address to which it is sent.
  const refused = page.hasAttribute("data-edited") && formOf(page, location.pathname);
  if (refused) edited.add(refused);

  page.addEventListener("input", (event) => {
    const target = /** @type {Part} */ (event.target);
    if (isForm(target.form) && !isSecret(target)) edited.add(target.form);
  });

  let isSending = false;
  const language = document.querySelector("form[data-language]");
  addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const target = /** @type {Part} */ (event.target);
    if (target === language) {
      if (edited.size) for (const sent of language.querySelectorAll("[name^='carried:']")) sent.remove();
      keepTyped([...edited], "");
      edited.clear();
    } else if (isForm(target)) {
      // What is sent is not lost, whatever the answer: the server shows it again.
      edited.delete(target);
      keepTyped([...edited], location.pathname);
      isSending = true;
    }
  });
  addEventListener("beforeunload", (event) => {
    // A file that was chosen cannot be kept.
    if (isSending ? [...edited].some(hasFile) : edited.size) event.preventDefault();
    isSending = false;
  });
}
