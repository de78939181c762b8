// Tells at once that a file is too large, instead of after it was sent. The server checks it all the same.

/** @param {Part} input */
export default function fileSize(input) {
  const { maxBytes, tooLarge } = input.dataset;
  const told = document.createElement("p");
  told.className = "field__error";
  told.setAttribute("role", "alert");

  input.addEventListener("change", () => {
    const isTooLarge = (input.files[0]?.size ?? 0) > Number(maxBytes);
    told.textContent = isTooLarge ? tooLarge : "";
    input.setAttribute("aria-invalid", String(isTooLarge));
    if (isTooLarge) {
      input.value = "";
      input.before(told);
    } else {
      told.remove();
    }
  });
}
