// Keeps what is typed into a long form in this tab, in whichever language it is shown, until it is sent (check.js); with #again,
// as whoever gave a wrong address is led here, also what was sent. What one agrees to is not kept: it is ticked again.

const NOT_KEPT = new Set(["checkbox", "file", "hidden", "submit"]);

/** @param {HTMLElement} line */
export default function draft(line) {
  const form = line.closest("form");
  const key = `pledge.draft ${location.pathname.replace(/^\/[^/]+/, "")}`;
  const isAgain = location.hash === "#again";
  const fields = [...form.elements].filter((field) => field.name && !NOT_KEPT.has(field.type));
  try {
    // A form that came back has what was sent.
    if (!form.querySelector(".error-summary")) fill(fields, JSON.parse(sessionStorage.getItem(isAgain ? "pledge.form" : key) || "{}"));
    form.addEventListener("input", () => {
      sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, field.value]))));
    });
    line.hidden = false;
  } catch {
    // Storage may be blocked; the form then is as without JavaScript.
  }
}

/** @param {Part[]} fields @param {Record<string, string>} kept */
function fill(fields, kept) {
  for (const field of fields) {
    if (!kept[field.name] || kept[field.name] === field.value) continue;
    field.value = kept[field.name];
    field.dispatchEvent(new Event("change", { bubbles: true }));
    const folded = field.closest("details");
    if (folded) folded.open = true;
  }
}
