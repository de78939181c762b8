// Tells the page around how high the widget is and, on a page that answers a form, once how far down reading begins. Any page
// may frame it, so the message goes to whichever it is; a height and a public title are no secret.

export default function frameSize(root) {
  if (parent === window) return;
  const message = { pledge: "size", title: document.title };
  const begin = document.querySelector("[data-focus]");
  if (begin) message.show = begin.getBoundingClientRect().top + scrollY;
  const tell = () => {
    parent.postMessage({ ...message, height: root.offsetHeight }, "*");
    delete message.show;
  };
  new ResizeObserver(tell).observe(root);
}
