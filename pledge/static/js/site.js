// Every page works without this file. Elements say by data-module which module improves them, and by data-module-later that
// this may wait until they come near the window.
/** @param {HTMLElement} element */
function improve(element) {
  import(new URL(element.dataset.moduleSrc, document.baseURI).href)
    .then((module) => module.default(element))
    .catch((error) => console.warn("left as it is:", element.dataset.module, error));
}

const near = new IntersectionObserver((changes) => {
  for (const { isIntersecting, target } of changes) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    improve(/** @type {HTMLElement} */ (target));
  }
}, { rootMargin: "50%" });

function improveAll() {
  for (const element of document.querySelectorAll("[data-module]")) {
    if ("moduleLater" in element.dataset) near.observe(element);
    else improve(element);
  }
}

// What a newsletter says of its reader is for the form (sign-form.js): another page does not leave it where it is seen or copied.
if (!document.getElementById("sign-form") && /[#&](name|email|country)=/.test(location.hash)) {
  history.replaceState(null, "", location.pathname + location.search);
}

// No module is fetched or run before people see the page. Safari tells frames of other sites nothing about painting.
if (window === window.top) {
  new PerformanceObserver((_painted, observer) => {
    observer.disconnect();
    improveAll();
  }).observe({ type: "paint", buffered: true });
} else {
  requestAnimationFrame(() => setTimeout(improveAll));
}

// After a form came back with errors, start reading at their list.
document.querySelector("[data-focus]")?.focus();
