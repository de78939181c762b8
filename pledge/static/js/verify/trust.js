// Whose public keys are believed: the one that somebody pasted, those that this site publishes for its own logs, or, for
// want of both, those that a pack brings along, which prove less.

/** @param {Readers} parts */
export default function trust({ Failed, readKeys }) {
  // { keys, source } with source "pasted" or "site"; keys null where none is known. `slug` is this site's campaign of that
  // name, if it has one, and `published` what it publishes as the keys of its log.
  /** @param {string} origin @param {Asked} asked @returns {Promise<Trusted>} */
  async function keysFor(origin, { pasted, slugs }) {
    const named = /\/log\/([a-z0-9-]+)$/.exec(origin)?.[1];
    const slug = slugs.find((one) => one === named) ?? null;
    if (pasted.trim()) {
      const keys = await readKeys(pasted).catch(() => {
        throw new Failed("key");
      });
      return { keys, source: "pasted", slug, published: [] };
    }
    const published = slug ? await keysOf(slug) : [];
    // A site that has moved still publishes the keys of its old address; those of other sites it never does.
    const mine = published.filter(({ name }) => name === origin);
    return mine.length ? { keys: mine, source: "site", slug, published } : { keys: null, source: "none", slug: null };
  }

  /** @param {string} slug */
  async function keysOf(slug) {
    try {
      const answer = await fetch(`/log/${slug}/key`);
      return answer.ok ? await readKeys(await answer.text()) : [];
    } catch {
      return [];
    }
  }

  return { keysFor, keysOf };
}
