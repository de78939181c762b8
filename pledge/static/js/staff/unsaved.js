// Warns before a form with unsaved text is left. When another form is sent or the language is changed, the text is kept in this tab
// and put back into its form, for whoever typed it; signing out empties it (Clear-Site-Data).

const OWN = new Set(["csrf_token", "form_owner"]);

const isOwn = (name) => OWN.has(name) || name.startsWith("factor-");
const isSecret = ({ name, type, autocomplete }) => isOwn(name) || type === "password" || autocomplete === "one-time-code";
const hasFile = (form) => [...form.elements].some((control) => control.files?.length);

function typedIn(form) {
  const secret = new Set([...form.elements].filter(isSecret).map(({ name }) => name));
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !secret.has(name));
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

export default function unsaved(page) {
  const key = `typed-${page.dataset.person}`;
  const kept = () => JSON.parse(sessionStorage.getItem(key) ?? "[]");
  const isForm = (form) => form?.method === "post" && page.contains(form);

  function keep(entries) {
    if (entries.length) sessionStorage.setItem(key, JSON.stringify(entries));
    else sessionStorage.removeItem(key);
  }

  // What was typed and not sent is in its forms again; answers these. What another page has waits for that page.
  function restore() {
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
  function keepTyped(forms, at) {
    const waiting = kept().filter((entry) => entry.at !== location.pathname);
    keep([...waiting, ...forms.map((form) => ({ at, path: addresses(form)[0], fields: typedIn(form) }))]);
  }

  const edited = new Set(restore());
  // A form that was refused is shown under the address to which it is sent.
  const refused = page.hasAttribute("data-edited") && formOf(page, location.pathname);
  if (refused) edited.add(refused);

  page.addEventListener("input", ({ target }) => {
    if (isForm(target.form) && !isSecret(target)) edited.add(target.form);
  });

  let isSending = false;
  const language = document.querySelector("form[data-language]");
  addEventListener("submit", ({ target, defaultPrevented }) => {
    if (defaultPrevented) return;
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
