// Whose public keys are believed: the one that somebody pasted, those that this site publishes for its own logs, or, for
// want of both, those that a pack brings along, which prove less.

export default function trust({ Failed, readKeys }) {
  // { keys, source } with source "pasted" or "site"; keys null where none is known.
  async function keysFor(origin, { pasted, slugs }) {
    if (pasted.trim()) {
      const keys = await readKeys(pasted).catch(() => {
        throw new Failed("key");
      });
      return { keys, source: "pasted" };
    }
    const slug = /\/log\/([a-z0-9-]+)$/.exec(origin)?.[1];
    if (!slugs.includes(slug)) return { keys: null, source: "none" };
    const keys = await published(slug);
    // A site that has moved still publishes the keys of its old address; those of other sites it never does.
    const mine = keys.filter(({ name }) => name === origin);
    return mine.length ? { keys: mine, source: "site" } : { keys: null, source: "none" };
  }

  async function published(slug) {
    try {
      const answer = await fetch(`/log/${slug}/key`);
      return answer.ok ? await readKeys(await answer.text()) : [];
    } catch {
      return [];
    }
  }

  return { keysFor };
}
