"""Witnesses see the states of a log, and what one of them refuses is named. Each double keeps to C2SP tlog-witness by itself."""

from base64 import b64encode

import pytest

from config import Config, ConfigError
from pledge.campaigns.queries import published_slugs
from pledge.core.db import db
from pledge.diagnosis import contents
from pledge.diagnosis.state import readiness
from pledge.ledger import log_queries, witnesses
from pledge.ledger.witnesses import REST, Choice, Feed, check_policy, feeds
from tests.support import ledger
from tests.support.checkers import program
from tests.support.insider import as_superuser
from tests.support.witness import Witness, policy, served

SLUG = "blue-skies"


class Site:
    """A site with a log and witnesses that know it."""

    def __init__(self, clock, folder, names, needed):
        self.clock, self.folder = clock, folder
        self.campaign = ledger.campaign(SLUG)
        self.all = [Witness(name) for name in names]
        self.needed = needed

    def grow(self, number=3):
        ledger.many(self.campaign, number)
        ledger.fold()
        for witness in self.all:
            if not witness.keys:
                witness.knows(*log_queries.verifiers(self.campaign))

    def ask(self, later=10):
        """What the worker does in so many seconds."""
        self.clock.move(seconds=later)
        for feed in self.feeds:
            feed.advance()

    def names(self, note):
        return set(program.Policy(policy(self.all, self.needed)).seen(program.Note(note.encode()), 1e12))

    @property
    def witnessed(self):
        return witnesses.witnessed(self.campaign)


@pytest.fixture
def make(app, frozen_clock, tmp_path):
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(*names, needed="all"):
            site = Site(frozen_clock, tmp_path, names, needed)
            for witness in site.all:
                stack.enter_context(served(witness))
            path = tmp_path / f"policy-{len(names)}-{needed}"
            path.write_text(policy(site.all, needed))
            stack.enter_context(ledger.settings(witness_policy=path))
            site.feeds = feeds(published_slugs)
            return site

        yield make


def test_a_checkpoint_is_cosigned_and_the_next_one_continues_it(make):
    site = make("X", "Y")
    for size in (3, 6, 300):
        site.grow(size - (site.witnessed.size if site.witnessed else 0))
        site.ask()
        assert site.witnessed.size == size
        assert site.names(site.witnessed.note) == {"X", "Y"}
    assert [witness.asked for witness in site.all] == [3, 3], "nobody had to be asked twice"
    assert readiness().warnings == []
