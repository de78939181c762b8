// Loads Kakao's script (this page was opened by a press on "KakaoTalk") and opens its share dialogue by the button.
// https://developers.kakao.com/docs/latest/en/kakaotalk-share/js-link

/** @param {HTMLElement} root */
export default async function kakao(root) {
  const { script, integrity, key, url, failed } = root.dataset;
  const button = root.querySelector("[data-open]");
  const fail = () => {
    button.hidden = true;
    root.querySelector("[data-status]").textContent = failed;
  };
  try {
    await load(script, integrity);
    window.Kakao.init(key);
  } catch {
    return fail();
  }
  button.addEventListener("click", () => {
    try {
      // Kakao reads the preview from the page itself, as for an address that is pasted into a chat.
      window.Kakao.Share.sendScrap({ requestUrl: url });
    } catch {
      fail();
    }
  });
  button.hidden = false;
}

/** @param {string} src @param {string} integrity */
function load(src, integrity) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src, integrity, crossOrigin: "anonymous", onload: resolve, onerror: reject });
    document.head.append(script);
  });
}
