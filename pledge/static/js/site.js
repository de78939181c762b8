// Every page works without this file. Elements say by data-module which module improves them.
for (const element of document.querySelectorAll("[data-module]")) {
  import(new URL(element.dataset.moduleSrc, document.baseURI))
    .then((module) => module.default(element))
    .catch((error) => console.warn("left as it is:", element.dataset.module, error));
}

// After a form came back with errors, start reading where they are told.
document.querySelector("[data-focus]")?.focus();
