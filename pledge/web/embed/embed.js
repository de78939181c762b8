// Shows the widget of a campaign where this script is, as high as its content:
// <script async src="https://…/embed.js" data-campaign="…" data-lang="ko" data-form data-accent="leaf"></script>
// It sets no cookie, stores nothing and loads nothing but the frame. An iframe by hand works too, with a fixed height.
(() => {
  const script = document.currentScript;
  if (!script?.dataset.campaign) return;
  const { campaign, lang, form, accent, title, via } = script.dataset;
  const site = new URL(script.src).origin;

  const address = new URL(`/embed/${encodeURIComponent(campaign)}`, site);
  if (lang) address.searchParams.set("lang", lang);
  if (form !== undefined && form !== "0") address.searchParams.set("form", "1");
  if (accent) address.searchParams.set("accent", accent);
  if (via) address.searchParams.set("via", via);

  const frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = title || campaign;
  frame.width = "100%";
  frame.height = form === undefined || form === "0" ? "340" : "1200";
  // Which page shows it is nobody's business, ours included.
  frame.referrerPolicy = "no-referrer";
  frame.style.cssText = "display:block;border:0;max-width:40rem;color-scheme:light dark";
  script.after(frame);

  addEventListener("message", ({ origin, source, data }) => {
    // Only our site, and only this frame of it; whatever else a page is sent is not for us.
    if (origin !== site || source !== frame.contentWindow || data?.pledge !== "size") return;
    if (Number.isFinite(data.show)) {
      frame.style.scrollMarginTop = `${16 - data.show}px`;
      frame.scrollIntoView({ behavior: "instant" });
    }
    if (Number.isFinite(data.height)) frame.height = String(Math.min(5000, Math.max(120, Math.ceil(data.height))));
    if (!title && typeof data.title === "string") frame.title = data.title.slice(0, 200);
  });
})();
