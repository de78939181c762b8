// Tells the page around how high the widget is and, on a page that answers a form, once how far down reading begins and whether
// somebody has signed. Any page may frame it, so the messages go to whichever it is; nothing in them is a secret.

/** @param {HTMLElement} root */
export default function frameSize(root) {
  if (parent === window) return;
  if ("signed" in root.dataset) parent.postMessage({ pledge: "signed" }, "*");
  /** @type {{ pledge: string, title: string, show?: number }} */
  const message = { pledge: "size", title: document.title };
  const begin = document.querySelector("[data-focus]");
  if (begin) message.show = begin.getBoundingClientRect().top + scrollY;
  const tell = () => {
    parent.postMessage({ ...message, height: root.offsetHeight }, "*");
    delete message.show;
  };
  new ResizeObserver(tell).observe(root);
}
