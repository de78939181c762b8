// The button that stays on the screen steps aside while the form is there to be filled in.

/** @param {HTMLElement} bar */
export default function signBar(bar) {
  const form = document.getElementById("sign");
  if (!form) return;
  bar.dataset.live = "";
  new IntersectionObserver(([seen]) => { bar.hidden = seen.isIntersecting; }).observe(form);
}
