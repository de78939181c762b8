// Shows the widget of a campaign where this script is, as high as its content:
// <script async src="https://…/embed.js" data-campaign="…" data-lang="ko" data-form data-theme="auto" data-thanks="/thanks"></script>
// It sets no cookie, stores nothing and loads nothing but the frame. An iframe by hand works too, with a fixed height.
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  if (!script?.dataset.campaign) return;
  const { campaign, lang, form, accent, thanks, title, via } = script.dataset;
  const site = new URL(script.src).origin;
  const hasForm = form !== undefined && form !== "0";
  const theme = themeFor(script.dataset.theme);

  const address = new URL(`/embed/${encodeURIComponent(campaign)}`, site);
  if (lang) address.searchParams.set("lang", lang);
  if (hasForm) address.searchParams.set("form", "1");
  if (accent) address.searchParams.set("accent", accent);
  if (theme !== "light") address.searchParams.set("theme", theme);
  if (via) address.searchParams.set("via", via);

  const frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = title || campaign;
  frame.width = "100%";
  frame.allow = "web-share; clipboard-write";
  // Which page shows it is nobody's business, ours included.
  frame.referrerPolicy = "no-referrer";
  frame.style.cssText = "display:block;border:0;max-width:40rem";
  // About as high as it will be: what stands below then moves little.
  frame.style.height = hasForm ? "1750px" : "620px";
  frame.style.colorScheme = theme === "auto" ? "light dark" : theme;
  script.after(frame);
  if (matchMedia("(prefers-reduced-motion: no-preference)").matches) frame.style.transition = "height .2s";

  addEventListener("message", ({ origin, source, data }) => {
    // Only this frame of our site.
    if (origin !== site || source !== frame.contentWindow) return;
    if (data?.pledge === "size") resize(data);
    if (data?.pledge === "signed" && thanks) leaveFor(new URL(thanks, document.baseURI));
  });

  /** @param {Record<string, any>} message */
  function resize({ height, show, title: heading }) {
    const begin = frame.getBoundingClientRect().top + show;
    if (begin < 0 || begin > innerHeight / 2) {
      frame.style.scrollMarginTop = `${16 - show}px`;
      frame.scrollIntoView({ behavior: "instant" });
    }
    if (Number.isFinite(height)) frame.style.height = `${Math.min(5000, Math.max(120, Math.ceil(height)))}px`;
    if (!title && typeof heading === "string") frame.title = heading.slice(0, 200);
  }

  // Never a script.
  /** @param {URL} address */
  function leaveFor(address) {
    if (address.origin === location.origin || address.protocol === "https:") location.assign(address.href);
  }

  // "auto": dark for a visitor who likes it, where this page has it too.
  /** @param {string} [wanted] */
  function themeFor(wanted) {
    if (wanted !== "auto") return wanted === "dark" ? "dark" : "light";
    const style = getComputedStyle(document.documentElement).colorScheme;
    const own = style === "normal" ? (document.querySelector("meta[name=color-scheme]")?.getAttribute("content") ?? "") : style;
    if (!own.includes("dark")) return "light";
    return own.includes("light") ? "auto" : "dark";
  }
})();
