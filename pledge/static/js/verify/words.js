// What is said about a check, by the words that the page brings along in a template. All of it is set as text, never as markup.

/** @type {Record<string, [string, string]>} */
const VERDICTS = {
  "receipt-right": ["right", "✓"],
  "receipt-public": ["right", "✓"],
  "receipt-signed": ["unsure", "!"],
  "pack-right": ["right", "✓"],
  "pack-whole": ["unsure", "!"],
  "kept-right": ["right", "✓"],
  "count-right": ["right", "✓"],
  "count-unsure": ["unsure", "!"],
  wrong: ["wrong", "✕"],
  unknown: ["unsure", "?"],
};

/** @param {HTMLElement} place */
export default function words(place) {
  const { lang } = document.documentElement;
  /** @param {string} name */
  const part = (name) => place.querySelector(`[data-${name}]`);
  const templates = [...document.querySelectorAll("template")].filter((template) => "words" in template.dataset);
  const known = templates.map(({ content }) => content);

  /** @param {string} name @param {Record<string, any>} [values] */
  function say(name, values = {}) {
    const found = known.map((one) => one.querySelector(`[data-word="${name}"]`)).find(Boolean);
    return (found?.textContent ?? name).replace(/\{(\w+)\}/g, (/** @type {string} */ all, /** @type {string} */ key) => values[key] ?? all);
  }

  /** @param {number} value */
  const number = (value) => new Intl.NumberFormat(lang).format(value);

  // Facts, with their numbers as people write them.
  /** @param {Record<string, any>} facts @returns {Record<string, any>} */
  const written = (facts) =>
    Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === "number" ? number(value) : value]));

  /** @param {string} verdict @param {string} title @param {...string} texts */
  function showVerdict(verdict, title, ...texts) {
    const [look, sign] = VERDICTS[verdict];
    const box = make("div", `verdict verdict--${look}`);
    const heading = make("p", "verdict__title");
    heading.append(icon("verdict__sign", sign), title);
    box.append(heading, ...texts.map((text) => make("p", "verdict__text", text)));
    part("verdict").replaceChildren(box);
  }

  /** @param {string} tag @param {string} className @param {string} [text] */
  function make(tag, className, text = "") {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
  }

  /** @param {string} className @param {string} sign */
  function icon(className, sign) {
    const element = make("span", className, sign);
    element.setAttribute("aria-hidden", "true");
    return element;
  }

  return { part, say, number, written, showVerdict, make, icon };
}
