"""Whom the bar of a week holds in campaigns of other sizes, by the rule itself: a million sign-ups take too long to be played."""

from pledge.watch.clusters import size_bar

#: Of all people so many have an address at a company's domain, one domain to so many of them; the largest has so many who sign.
SHARE_AT_COMPANIES, PEOPLE_EACH, MAX_PEOPLE = 0.08, 20, 2000


def held_at_companies(people: int) -> list[float]:
    """How many are held at each company above the bar of such a week, by Zipf's law: the k-th has 1/k of the first's people."""
    at_companies, bar = people * SHARE_AT_COMPANIES, size_bar(people)
    ranks = range(1, round(at_companies / PEOPLE_EACH) + 1)
    first = at_companies / sum(1 / rank for rank in ranks)
    return [size - bar for rank in ranks if (size := min(first / rank, MAX_PEOPLE)) > bar]
