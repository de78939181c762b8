"""The keys, the name and the renewing of a log: what it says about itself stays right while nobody signs."""

import json
import threading

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from pledge.campaigns.queries import pledge_hashes, published_slugs
from pledge.core.db import transaction
from pledge.ledger import log, log_queries, merkle, queries
from pledge.web.caching import cache
from tests.support import checkers, crash, factories, ledger, packs
from tests.support.at_once import at_once
from tests.support.ledger import fold, verify
from tests.support.published_log import checkpoints, holds, keys, signed_by, verifiers
from tests.support.waiting import TEST_TIMEOUT

SLUG = "blue-skies"


def renew():
    return log.sign_missing_checkpoints(published_slugs)


# --- Keys and addresses ---


def test_a_rotation_signs_with_both_keys_and_then_with_the_new_one(app):
    campaign = ledger.campaign(SLUG)
    with ledger.settings(log_key=keys("old")):
        ledger.confirm(campaign)
        fold()
        assert renew() == 0
    old = verifiers(campaign)
    with ledger.settings(log_key=keys("new", "old")):
        assert (renew(), renew()) == (1, 0)
        during = log_queries.newest(campaign)
    known = verifiers(campaign)
    assert (len(known), [key.text for key in known[1:]]) == (2, [key.text for key in old]), "the newest first"
    assert signed_by(during.note, old).root == signed_by(during.note, known[:1]).root
    with ledger.settings(log_key=keys("new")):
        assert renew() == 1
        after = log_queries.newest(campaign)
        assert (after.size, after.root) == (during.size, during.root)
        with pytest.raises(ValueError, match="no known key"):
            signed_by(after.note, old)
        assert verify(campaign, SLUG).faults == []
    assert len(verifiers(campaign)) == 2, "a key that has ever signed stays known to the site"
    assert log_queries.signing_verifiers(campaign) == [known[0].text]


def test_a_site_that_moves_signs_its_logs_under_the_new_address(app):
    campaign = ledger.campaign(SLUG)
    ledger.confirm(campaign)
    fold()
    before = log_queries.newest(campaign)
    receipt = log_queries.inclusion(campaign, 0, before, pledge_hashes)
    with ledger.settings(base_url="https://sky.example"):
        assert (renew(), renew()) == (1, 0)
        after = log_queries.newest(campaign)
        assert after.note.startswith("sky.example/log/blue-skies\n1\n")
        assert verify(campaign, SLUG).faults == []
    assert (after.size, after.root) == (before.size, before.root)
    assert {verifier.name for verifier in verifiers(campaign)} == {
        "localhost/log/blue-skies",
        "sky.example/log/blue-skies",
    }
    assert holds(receipt, verifiers(campaign))
    assert len(log_queries.signing_verifiers(campaign)) == 2, "it is the same key"


def test_the_drill_for_the_key_keeps_what_was_signed_and_refuses_a_thief_of_the_old_one(
    app, client, tmp_path
):
    """docs/log.md, "Drill for the key"."""
    campaign = factories.campaign().id

    def publish(name):
        """A copy of the log as the site publishes it now, and the lines of its `key`."""
        factories.fold_all()
        log.sign_missing_checkpoints(published_slugs)
        folder = packs.mirror(packs.from_database(campaign, SLUG), tmp_path / name)
        cache.clear()
        (folder / "key").write_text(client.get(f"/log/{SLUG}/key").text)
        return folder, (folder / "key").read_text().splitlines()

    def keep(state, name):
        """Every kind of file that somebody may hold, with the words that check it."""
        kept = {
            "consistency": state.note().encode(),
            "receipt": packs.receipt(state, len(state.lines) - 1, salt="A" * 22 + "=="),
            "pack": packs.pack(state),
        }
        for command, content in kept.items():
            (tmp_path / f"{name}-{command}").write_bytes(content)
        return {command: [command, tmp_path / f"{name}-{command}"] for command in kept}

    def results(kept, folder):
        by_log = {**kept, "consistency": [*kept["consistency"], folder]}
        by_log.update({command: [*kept[command], "--log", folder] for command in ("receipt", "pack")})
        return [checkers.verify(*words).failure or checkers.verify(*words).code for words in by_log.values()]

    with ledger.settings(log_key=keys("old")):
        factories.signatures(3)
        _, (old,) = publish("before")
        state = packs.from_database(campaign, SLUG)
        kept = keep(state, "kept")
    with ledger.settings(log_key=keys("new", "old")):
        during, both = publish("during")
        assert len(both) == 2
        assert [checkers.verify("count", during, "--key", line).code for line in both] == [0, 0]
    with ledger.settings(log_key=keys("new")):
        factories.signatures(1)
        today, (new,) = publish("today")
        assert new == both[0]
        assert new != old
        assert results(kept, today) == [0, 0, 0]
        assert checkers.verify("count", today, "--key", old).failure == "checkpoint"
        assert checkers.verify(*kept["receipt"], "--key", new).failure == "checkpoint", "not by itself"
        invented = state.lines[0].replace(json.loads(state.lines[0])["commitment"].encode(), b"ab" * 32)
        stolen = packs.Log([*state.lines, invented], state.signers, state.origin, pledges=state.pledges)
        assert results(keep(stolen, "stolen"), today) == ["checkpoint", "checkpoint", "consistency"]


def test_a_process_without_the_key_neither_folds_nor_signs(app):
    campaign = ledger.campaign(SLUG)
    ledger.confirm(campaign)
    with ledger.settings(log_key=(SecretStr("elsewhere"),)):
        with pytest.raises(log.NoLogKey):
            fold()
        with pytest.raises(log.NoLogKey):
            renew()
        assert queries.count(campaign).people == 0
        assert log_queries.newest(campaign) is None
    assert fold() == 1
    with ledger.settings(log_key=(SecretStr("elsewhere"),)):
        assert log_queries.inclusion(campaign, 0, log_queries.newest(campaign), pledge_hashes), (
            "reading needs no key"
        )


# --- Renewing ---


def test_renewing_gives_public_campaigns_an_empty_log_and_drafts_none(app):
    shown, draft = ledger.campaign(SLUG), ledger.campaign("draft", state="draft")
    assert (renew(), renew()) == (1, 0)
    checkpoint = log_queries.newest(shown)
    assert (checkpoint.size, checkpoint.root, checkpoint.people) == (0, merkle.EMPTY, 0)
    assert log_queries.newest(draft) is None
    ledger.confirm(shown)
    fold()
    ledger.check()


def test_nothing_to_renew_takes_no_write_lock(app, statements):
    ledger.campaign(SLUG)
    renew()
    with transaction() as session:
        session.execute(text("UPDATE campaigns SET goal = goal"))
        with statements() as seen:
            assert renew() == 0
        # Where the audit log ends, which campaigns are public, its head, checkpoint and losses.
        assert len(seen) == 5, seen


@pytest.mark.postgresql_only
def test_a_renewal_waits_for_a_fold_and_never_publishes_less_than_it_did(app):
    campaign = ledger.campaign(SLUG)
    ledger.confirm(campaign)
    renewed = []

    def renew_elsewhere():
        with app.app_context():
            renewed.append(renew())

    other = threading.Thread(target=renew_elsewhere)

    def meanwhile(_number, statement):
        if "INSERT INTO checkpoints" in statement and not other.ident:
            other.start()
            other.join(0.5)
            assert other.is_alive(), "it must wait for the lock"

    with crash.before_statement(meanwhile):
        assert fold() == 1
    other.join(TEST_TIMEOUT)
    assert renewed == [0]
    assert [checkpoint.size for checkpoint in checkpoints(campaign)] == [1]


def test_two_renewals_at_once_sign_once(app):
    campaign = ledger.campaign(SLUG)
    at_once(app, *[renew] * 4)
    assert len(checkpoints(campaign)) == 1
