// Finds the solution of the page's challenge (ALTCHA, version 2, scrypt) and sends the form with it. Workers calculate beside
// the page, which stays usable; where there are none, or they fail, the way on without it is shown.

const SLOW = 8_000;
// The highest number that can be the right one (pledge/abuse/proof.py): where the bar ends.
const LAST = 180;
const MAX_WORKERS = 4;

/** @param {Part} form */
export default function proofOfWork(form) {
  const { challenge, worker, working, slow, sending, failed } = form.dataset;
  const bar = form.querySelector("progress");
  const [work, status, start, without] = ["work", "status", "start", "without"].map((name) => form.querySelector(`[data-${name}]`));

  start.addEventListener("click", go);
  addEventListener("pageshow", ({ persisted }) => persisted && offer());
  work.hidden = false;
  // After an answer that did not do, only a press begins anew: two machines must not keep asking each other.
  if ("pressed" in form.dataset) offer();
  else go();

  function offer() {
    bar.hidden = true;
    status.textContent = "";
    start.hidden = false;
  }

  async function go() {
    start.hidden = true;
    bar.hidden = false;
    without.hidden = true;
    bar.max = LAST;
    bar.value = 0;
    status.textContent = working;
    const late = setTimeout(() => {
      status.textContent = slow;
      without.hidden = false;
    }, SLOW);
    try {
      const asked = JSON.parse(challenge);
      const solution = await solve(worker, asked.parameters, () => { bar.value += 1; });
      form.elements.altcha.value = btoa(JSON.stringify({ challenge: asked, solution }));
      bar.value = LAST;
      status.textContent = sending;
      form.submit();
    } catch (error) {
      console.warn("not solved:", error);
      bar.hidden = true;
      status.textContent = failed;
      without.hidden = false;
    } finally {
      clearTimeout(late);
    }
  }
}

// Several workers take turns: of four, each tries every fourth number.
/** @param {string} address @param {object} parameters @param {() => void} tried */
async function solve(address, parameters, tried) {
  /** @type {Worker[]} */
  const workers = [];
  try {
    return await new Promise((resolve, reject) => {
      const step = Math.min(navigator.hardwareConcurrency || 1, MAX_WORKERS);
      for (let first = 0; first < step; first += 1) {
        const worker = new Worker(address);
        workers.push(worker);
        worker.onerror = reject;
        worker.onmessage = ({ data }) => {
          if (data.error) reject(new Error(data.error));
          else if (data.solution) resolve(data.solution);
          else tried();
        };
        worker.postMessage({ parameters, first, step });
      }
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
