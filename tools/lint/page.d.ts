// What the scripts of pages are written against.

// What a script finds in its page by a selector or an id: the template says what it is, and that it is there. A name that
// no element has is an error all the same. (TypeScript's own type of a form takes any name for a field of it.)
interface Part extends Omit<HTMLInputElement, "form"> {
  action: string;
  dateTime: string;
  download: string;
  elements: HTMLFormControlsCollection;
  form: Part;
  href: string;
  method: string;
  options: HTMLOptionsCollection;
  requestSubmit(): void;
  selectedOptions: HTMLCollectionOf<HTMLOptionElement>;
  submit(): void;
}

type Tags = Omit<HTMLElementTagNameMap, "form">;

interface ParentNode {
  querySelector<K extends keyof Tags>(selectors: K): Tags[K];
  querySelector(selectors: string): Part;
  querySelectorAll<K extends keyof Tags>(selectors: K): NodeListOf<Tags[K]>;
  querySelectorAll(selectors: string): NodeListOf<Part>;
}

interface Document {
  getElementById(id: string): Part;
}

interface Element {
  closest<K extends keyof Tags>(selector: K): Tags[K];
  closest(selectors: string): Part;
}

// https://developers.kakao.com/docs/latest/en/javascript/getting-started
interface Window {
  Kakao: { init(key: string): void; Share: { sendScrap(what: { requestUrl: string }): void } };
}

// Fields by their names.
interface HTMLFormControlsCollection {
  altcha: Part;
  country: Part;
  email: Part;
  name: Part;
  region: Part;
  via: Part;
  namedItem(name: string): Part;
  [Symbol.iterator](): ArrayIterator<Part>;
}
