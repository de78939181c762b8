// Says at once that a picture is too large, and removes it, so that it is not uploaded in vain.

const LARGEST = 1_000_000;

export default function logo(line) {
  const input = line.parentElement.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    const isTooLarge = (input.files[0]?.size ?? 0) > LARGEST;
    line.textContent = isTooLarge ? line.dataset.tooLarge : "";
    if (isTooLarge) input.value = "";
  });
}
