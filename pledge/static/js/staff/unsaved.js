// Warns before a form with unsaved text is left, and keeps the text when the language is changed.

const OWN = new Set(["csrf_token", "form_owner"]);

function typedIn(form) {
  const controls = new Map([...form.elements].map((control) => [control.name, control.type]));
  return [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && !OWN.has(name) && controls.get(name) !== "password",
  );
}

function hidden(name, value) {
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name, value });
  return input;
}

export default function unsaved(page) {
  const isForm = (form) => form?.method === "post" && page.contains(form);
  let edited = page.hasAttribute("data-edited");
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
    edited = false;
    if (!form) return;
    for (const before of language.querySelectorAll("[name^=typed]")) before.remove();
    const path = new URL(form.action).pathname;
    language.append(hidden("typed_path", path), hidden("typed", JSON.stringify(typedIn(form))));
  });
}
