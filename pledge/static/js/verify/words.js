// What is said about a check, by the words that the page brings along in a template. All of it is set as text, never as markup.

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

export default function words(place) {
  const { lang } = document.documentElement;
  const part = (name) => place.querySelector(`[data-${name}]`);
  const known = [...document.querySelectorAll("template[data-words]")].map(({ content }) => content);

  function say(name, values = {}) {
    const found = known.map((one) => one.querySelector(`[data-word="${name}"]`)).find(Boolean);
    return (found?.textContent ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
  }

  const number = (value) => new Intl.NumberFormat(lang).format(value);

  function showVerdict(verdict, title, ...texts) {
    const [look, sign] = VERDICTS[verdict];
    const box = make("div", `verdict verdict--${look}`);
    const heading = make("p", "verdict__title");
    heading.append(icon("verdict__sign", sign), title);
    box.append(heading, ...texts.map((text) => make("p", "verdict__text", text)));
    part("verdict").replaceChildren(box);
  }

  function make(tag, className, text = "") {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
  }

  function icon(className, sign) {
    const element = make("span", className, sign);
    element.setAttribute("aria-hidden", "true");
    return element;
  }

  return { part, say, number, showVerdict, make, icon };
}
