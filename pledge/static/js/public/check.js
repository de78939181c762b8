// Says where the mail was sent, and accepts a pasted code with a space ("123 456").

export default function check(line) {
  const address = remembered();
  if (address) line.textContent = line.dataset.sentTo.replace("{address}", address);

  const code = document.getElementById("code");
  if (!code) return;
  const tidy = (text) => text.normalize("NFKC").replace(/\D/g, "").slice(0, 6);
  code.addEventListener("paste", (event) => {
    const digits = tidy(event.clipboardData?.getData("text") ?? "");
    if (!digits) return;
    event.preventDefault();
    code.value = digits;
  });
  code.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const digits = tidy(code.value);
    if (digits !== code.value) code.value = digits;
  });
}

function remembered() {
  try {
    return sessionStorage.getItem("pledge.address");
  } catch {
    return null;
  }
}
