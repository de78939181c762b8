// Warns before a form with unsaved text is left, and puts the text back into its form when the language is changed.

const OWN = new Set(["csrf_token", "form_owner"]);
const KEY = "typed";

const isOwn = (name) => OWN.has(name) || name.startsWith("factor-");

function typedIn(form) {
  const controls = new Map([...form.elements].map((control) => [control.name, control.type]));
  return [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && !isOwn(name) && controls.get(name) !== "password",
  );
}

function addresses(form) {
  // A field may be called "action".
  const buttons = [...form.querySelectorAll("[formaction]")].map((button) => button.getAttribute("formaction"));
  return [form.getAttribute("action"), ...buttons].map((address) => new URL(address ?? "", location).pathname);
}

const formOf = (page, path) =>
  [...page.querySelectorAll("form[method=post]")].find((form) => addresses(form).includes(path));

function fill(form, fields) {
  for (const control of form.elements) {
    if (!control.name || isOwn(control.name)) continue;
    const values = fields.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
    else if (values.length && !["file", "password", "submit"].includes(control.type)) control.value = values[0];
  }
  for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}

function notice(page, text) {
  const line = document.createElement("p");
  Object.assign(line, { className: "notice notice--warning", textContent: text });
  line.setAttribute("role", "status");
  page.prepend(line);
  return line;
}

// What was typed before the language was changed; true when it is in its form again.
function restore(page) {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!kept) return false;
  const { path, fields } = JSON.parse(kept);
  const form = formOf(page, path);
  if (form) {
    fill(form, fields);
    notice(page, page.dataset.typedBack);
  } else {
    const text = document.createElement("pre");
    Object.assign(text, { className: "stored__text", textContent: fields.map(([, value]) => value).join("\n\n") });
    notice(page, page.dataset.typedGone).after(text);
  }
  return Boolean(form);
}

export default function unsaved(page) {
  const isForm = (form) => form?.method === "post" && page.contains(form);
  let edited = restore(page) || page.hasAttribute("data-edited");
  let form = null;

  page.addEventListener("input", ({ target }) => {
    if (isForm(target.form)) {
      edited = true;
      form = target.form;
    }
  });
  // What is sent is not lost, whatever the answer: the server shows it again.
  addEventListener("submit", ({ target }) => {
    if (isForm(target)) edited = false;
  });
  addEventListener("beforeunload", (event) => {
    if (edited) event.preventDefault();
  });

  const language = document.querySelector("form[data-language]");
  language?.addEventListener("submit", () => {
    const typed = form ?? (edited ? formOf(page, location.pathname) : null);
    edited = false;
    if (!typed) return;
    for (const sent of language.querySelectorAll("[name^='carried:']")) sent.remove();
    sessionStorage.setItem(KEY, JSON.stringify({ path: addresses(typed)[0], fields: typedIn(typed) }));
  });
}
