// Asks the browser for a passkey (WebAuthn) and sends its answer with the form. Options come from the server as JSON.

/** @param {string} text */
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

/** @param {ArrayBuffer} buffer */
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** @param {{ id: string }[] | undefined} list */
const withIds = (list) => list?.map((entry) => ({ ...entry, id: decode(entry.id) }));

/** @param {any} options */
async function create(options) {
  const made = /** @type {any} */ (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: withIds(options.excludeCredentials),
    },
  }));
  return answer(made, {
    attestationObject: encode(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

/** @param {any} options */
async function get(options) {
  const shown = /** @type {any} */ (await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: withIds(options.allowCredentials),
    },
  }));
  return answer(shown, {
    authenticatorData: encode(shown.response.authenticatorData),
    signature: encode(shown.response.signature),
    userHandle: shown.response.userHandle ? encode(shown.response.userHandle) : null,
  });
}

/** @param {PublicKeyCredential} credential @param {object} response */
function answer(credential, response) {
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: { clientDataJSON: encode(credential.response.clientDataJSON), ...response },
    extensions: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  };
}

/** @param {Part} form */
export default function passkey(form) {
  const start = form.querySelector("[data-start]");
  const problem = form.querySelector("[data-problem]");
  /** @param {string} text */
  const tell = (text) => {
    problem.textContent = text;
    problem.hidden = false;
  };

  if (!window.PublicKeyCredential) {
    tell(form.dataset.unknown);
    return;
  }

  const ask = async () => {
    start.disabled = true;
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = await (form.dataset.kind === "create" ? create(options) : get(options));
      form.querySelector("[data-credential]").value = JSON.stringify(credential);
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      // Closed, timed out, or no passkey on this device: the browser has said which.
      tell(form.dataset.failed);
      start.disabled = false;
    }
  };

  start.hidden = false;
  start.addEventListener("click", ask);
  ask();
}
