"""Debian's litewitness, which knows nothing of us, cosigns our logs, and refuses what a log may not do."""

import shutil

import pytest

from pledge.campaigns.queries import published_slugs
from pledge.ledger import log_queries, witnesses
from pledge.ledger.witnesses import feeds
from tests.support import ledger, litewitness
from tests.support.programs import installed

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    installed("litetlog")
    if not shutil.which("go") or not litewitness.SOURCE.exists():
        pytest.skip("not installed: golang-go golang-github-filosottile-litetlog-dev")
    return litewitness.build(tmp_path_factory.mktemp("litewitness"))


def test_litewitness_cosigns_what_continues_and_refuses_two_histories_and_a_stolen_key(
    app, program, tmp_path
):
    campaign = ledger.campaign()
    ledger.many(campaign, 300)
    while ledger.fold():
        pass
    with litewitness.running(program, tmp_path) as embassy:
        embassy.knows(*log_queries.verifiers(campaign))
        path = tmp_path / "policy"
        path.write_text(f"witness embassy {embassy.key} {embassy.url}\nquorum embassy\n")
        with ledger.settings(witness_policy=path):

            def refusal():
                """What a worker that begins is answered; the witness has a clock of its own, so ours is real."""
                (feed,) = feeds(published_slugs)
                feed.advance()
                return witnesses.latest()[0].refusal

            assert refusal() == ""
            ledger.many(campaign, 20)
            ledger.fold()
            assert refusal() == ""
            assert witnesses.witnessed(campaign).size == 320

            # Somebody else has handed in more: the witness is as it was after that.
            embassy.set(350, "A" * 43 + "=")
            ledger.many(campaign, 1)
            ledger.fold()
            assert refusal() == "it has seen 350 entries, and there are 321"
            ledger.many(campaign, 60)
            ledger.fold()
            assert refusal().startswith("the first 350 entries that it has seen are not those of the log")
            embassy.set(381, "A" * 43 + "=")
            assert refusal().startswith("the first 381 entries that it has seen are not those of the log")
            embassy.set(0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
            assert refusal() == ""
