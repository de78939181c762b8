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

// What was typed before the language was changed is in its forms again; answers these.
function restore(page) {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  sessionStorage.removeItem(KEY);
  const found = kept.map(({ path, fields }) => ({ form: formOf(page, path), fields }));
  const gone = found.filter(({ form }) => !form);
  for (const { form, fields } of found) if (form) fill(form, fields);
  if (gone.length) {
    const text = document.createElement("pre");
    const words = gone.flatMap(({ fields }) => fields.map(([, value]) => value)).join("\n\n");
    Object.assign(text, { className: "stored__text", textContent: words });
    notice(page, page.dataset.typedGone).after(text);
  } else if (found.length) {
    notice(page, page.dataset.typedBack);
  }
  return found.flatMap(({ form }) => form ?? []);
}

export default function unsaved(page) {
  const isForm = (form) => form?.method === "post" && page.contains(form);
  const edited = new Set(restore(page));
  // A form that was refused is shown under the address to which it is sent.
  const refused = page.hasAttribute("data-edited") && formOf(page, location.pathname);
  if (refused) edited.add(refused);

  page.addEventListener("input", ({ target }) => {
    if (isForm(target.form)) edited.add(target.form);
  });
  // What is sent is not lost, whatever the answer: the server shows it again. What was typed into another form is.
  addEventListener("submit", ({ target }) => edited.delete(target));
  addEventListener("beforeunload", (event) => {
    if (edited.size) event.preventDefault();
  });

  const language = document.querySelector("form[data-language]");
  language?.addEventListener("submit", () => {
    const typed = [...edited].map((form) => ({ path: addresses(form)[0], fields: typedIn(form) }));
    edited.clear();
    if (!typed.length) return;
    for (const sent of language.querySelectorAll("[name^='carried:']")) sent.remove();
    sessionStorage.setItem(KEY, JSON.stringify(typed));
  });
}
