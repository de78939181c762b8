// Shows a logo before it is sent, and says at once that it is too large or of the wrong kind, so that it is not uploaded in vain.

const LARGEST = 1_000_000;

/** @param {HTMLElement} root */
export default function logo(root) {
  const input = root.parentElement.querySelector("input[type=file]");
  const canvas = root.querySelector("canvas");
  input.addEventListener("change", async () => {
    const file = input.files[0];
    tell(root, canvas, "");
    if (!file) return;
    if (file.size > LARGEST) return refuse(root.dataset.tooLarge);
    const picture = input.accept.split(",").includes(file.type) && (await createImageBitmap(file).catch(() => /** @type {null} */ (null)));
    if (file !== input.files[0]) return;
    if (!picture) return refuse(root.dataset.wrongKind);
    draw(canvas, picture);
  });

  /** @param {string} words */
  function refuse(words) {
    input.value = "";
    tell(root, canvas, words);
  }
}

/** @param {HTMLElement} root @param {HTMLCanvasElement} canvas @param {string} words */
function tell(root, canvas, words) {
  root.querySelector("[role=status]").textContent = words;
  canvas.hidden = true;
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture */
function draw(canvas, picture) {
  const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  canvas.hidden = false;
}
