// A link out of the widget says whose link led to it, as the widget's own address does.
/** @param {Part} link */
export default function viaLink(link) {
  const via = new URLSearchParams(location.search).get("via");
  if (!via) return;
  const address = new URL(link.href);
  address.searchParams.set("via", via);
  link.href = address.href;
}
