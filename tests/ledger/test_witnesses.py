"""Witnesses see the states of a log, and what one of them refuses is named. The doubles keep to C2SP tlog-witness by themselves."""

from contextlib import ExitStack

import pytest

from config import Config, ConfigError, current_config
from pledge.campaigns.queries import published_slugs
from pledge.diagnosis import contents
from pledge.diagnosis.state import figures, readiness
from pledge.ledger import log_queries, witnesses
from pledge.ledger.witnesses import REST, check_policy, feeds
from tests.support import ledger
from tests.support.checkers import program
from tests.support.insider import as_superuser
from tests.support.published_log import notes_of
from tests.support.witness import Witness, policy, served

SLUG = "blue-skies"


class Site:
    """A site with a log and witnesses that know it."""

    def __init__(self, clock, names, needed):
        self.clock = clock
        self.campaign = ledger.campaign(SLUG)
        self.witnesses = [Witness(name) for name in names]
        self.needed = needed

    @property
    def policy(self):
        return policy(self.witnesses, self.needed)

    def grow(self, number=3):
        ledger.many(self.campaign, number)
        ledger.fold()
        for witness in self.witnesses:
            if not witness.keys:
                witness.knows(*log_queries.verifiers(self.campaign))

    def ask(self, later=REST):
        """What the worker does after so many seconds."""
        self.clock.move(seconds=later)
        for feed in self.feeds:
            feed.advance()

    def restore(self, size):
        """The whole machine as it was when the log had so many entries, and a worker that begins."""
        (current_config().instance_dir / "signed.json").unlink()
        as_superuser(
            "DELETE FROM witnessed_checkpoints",
            "DELETE FROM cosignatures",
            f"DELETE FROM checkpoints WHERE size > {size}",
            f"DELETE FROM ledger_entries WHERE number > {size}",
            "UPDATE log_tiles SET hashes = substr(hashes, 1, 32 * 3)",
            f"UPDATE ledger_heads SET size = {size}, log_size = {size}, people = {size}",
            f"UPDATE tallies SET count = {size}",
        )
        self.feeds = feeds(published_slugs)

    @property
    def witnessed(self):
        return witnesses.witnessed(self.campaign)

    @property
    def seen_by(self):
        """Who has cosigned the newest state that satisfies the policy, as anybody reads it."""
        note = program.Note(self.witnessed.note.encode())
        return set(program.Policy(self.policy).seen(note, self.clock.now().timestamp()))

    def refusals(self):
        return {witness.name: witness.refusal for witness in witnesses.latest() if witness.refusal}


@pytest.fixture
def make(app, frozen_clock, tmp_path):
    """`make("X", "Y")`: a site with these witnesses."""
    with ExitStack() as stack:

        def make(*names, needed="all"):
            site = Site(frozen_clock, names, needed)
            for witness in site.witnesses:
                stack.enter_context(served(witness))
            path = tmp_path / "policy"
            path.write_text(site.policy)
            stack.enter_context(ledger.settings(witness_policy=path))
            site.feeds = feeds(published_slugs)
            return site

        yield make


# --- What they see ---


def test_a_state_is_cosigned_and_the_next_one_continues_it(make):
    site = make("X", "Y")
    for size, more in ((3, 3), (6, 3), (300, 294)):
        site.grow(more)
        site.ask()
        assert site.witnessed.size == size
        assert site.seen_by == {"X", "Y"}
    assert [witness.asked for witness in site.witnesses] == [3, 3], "nobody had to be asked twice"
    assert readiness().warnings == []
    assert notes_of(site.campaign)[-1] == log_queries.newest(site.campaign).note, "as it was signed"


def test_anybody_reads_policy_and_state(make, client):
    site = make("X")
    assert client.get(f"/log/{SLUG}/witnessed").status_code == 404
    site.grow()
    site.ask()
    assert client.get(f"/log/{SLUG}/witnessed").text == site.witnessed.note
    reply = client.get(f"/log/{SLUG}/witnesses")
    assert reply.text == site.policy.partition("\n")[2], "without comments"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    with ledger.settings(witness_policy=None):
        assert witnesses.witnessed(site.campaign) is None
        assert feeds(published_slugs) == []


def test_all_witnesses_are_asked_about_one_state_for_ten_seconds(make):
    site = make("X", "Y")
    site.grow()
    first, second = site.feeds
    first.advance()
    site.grow()
    second.advance()
    assert site.witnessed.size == 3
    assert site.seen_by == {"X", "Y"}
    site.ask(later=9)
    assert site.witnessed.size == 3
    site.ask(later=1)
    assert site.witnessed.size == 6


def test_a_quiet_log_is_seen_again_and_not_at_each_step(make):
    site = make("X")
    site.grow()
    for minutes in (1, 1, 9):
        site.ask(later=60 * minutes)
    assert site.witnesses[0].asked == 2
    assert witnesses.latest()[0].seen_at == site.clock.now()


def test_a_witness_whose_answer_was_lost_is_asked_from_where_it_is(make):
    site = make("X")
    site.grow()
    site.ask()
    as_superuser("DELETE FROM witnessed_checkpoints", "DELETE FROM cosignatures")
    site.grow()
    site.ask()
    assert site.witnessed.size == 6


def test_a_witness_that_is_away_keeps_nobody_from_anything_and_catches_up(make):
    site = make("X", "Y", needed="any")
    url, site.feeds[0].policy.addresses["X"] = site.witnesses[0].url, "http://127.0.0.1:9"
    site.grow()
    site.ask()
    assert site.seen_by == {"Y"}
    assert readiness().warnings == []
    site.feeds[0].policy.addresses["X"] = url
    site.ask()
    assert site.seen_by == {"X", "Y"}


# --- What they refuse ---


def test_a_restored_backup_is_named_with_both_sizes_and_counting_goes_on(make):
    site = make("X")
    site.grow()
    site.grow(2)
    site.ask()
    site.restore(3)
    site.grow(1)
    site.ask()
    words = "it has seen 5 entries, and there are 4"
    assert site.refusals() == {"X": words}
    assert readiness().warnings == [f"the witness X does not cosign the log of {SLUG}: {words}"]
    assert any(finding.text == f"X, the log of {SLUG}: {words}" for finding in contents.witness_findings())
    (figure,) = [figure for figure in figures() if figure.name == "witness_other_size"]
    assert figure.value == {(SLUG, "X"): 5}
    assert witnesses.is_in_doubt(site.campaign)
    site.grow(4)
    site.ask()
    assert "the first 5 entries that it has seen are not those" in site.refusals()["X"]
    assert log_queries.newest(site.campaign).size == 8


def test_another_log_of_the_same_size_is_named(make):
    site = make("X")
    site.grow()
    site.grow(2)
    site.ask()
    site.restore(3)
    site.grow(2)
    site.ask()
    assert "the first 5 entries that it has seen are not those" in site.refusals()["X"]


def test_who_has_submitted_more_with_a_stolen_key_is_seen_and_it_ends_when_the_witness_agrees(make):
    site = make("X")
    site.grow()
    site.ask()
    origin, seen = next(iter(site.witnesses[0].seen.items()))
    site.witnesses[0].seen[origin] = (4, bytes(32))
    site.grow()
    site.ask()
    assert "the first 4 entries that it has seen are not those" in site.refusals()["X"]
    assert witnesses.is_in_doubt(site.campaign)
    site.witnesses[0].seen[origin] = seen
    site.ask()
    assert site.refusals() == {}
    assert not witnesses.is_in_doubt(site.campaign)


def test_a_second_worker_that_was_quicker_is_no_theft(make):
    site = make("X")
    site.grow()
    site.ask()
    other = feeds(published_slugs)[0]
    site.grow()
    site.feeds[0].choice.checkpoints()
    site.clock.move(seconds=REST)
    site.grow()
    other.advance()
    site.feeds[0].choice._chosen[site.campaign] = (
        log_queries.newest(site.campaign, 6),
        site.clock.monotonic(),
    )
    site.feeds[0].advance()
    assert site.refusals() == {}


@pytest.mark.parametrize("lie", ["future", "replayed", "origin", "unsigned", "nothing", "rubbish", "error"])
def test_an_answer_that_proves_nothing_is_refused_and_named(make, lie):
    site = make("X")
    site.grow()
    (witness,) = site.witnesses
    text = program.Note(log_queries.newest(site.campaign).note.encode()).text
    now = int(site.clock.now().timestamp())
    stranger = Witness("stranger")
    answers = {
        "future": (200, witness.cosign(text, now + 3600)),
        "replayed": (200, witness.cosign(text, now - 3600)),
        "origin": (200, witness.cosign(text.replace(SLUG, "other"))),
        "unsigned": (200, stranger.cosign(text)),
        "nothing": (200, ""),
        "rubbish": (200, "\u2014 X AAAA\n"),
        "error": (500, ""),
    }
    witness.lie = lambda _body: answers[lie]
    site.ask()
    assert site.witnessed is None
    assert site.refusals().keys() == {"X"}
    assert not witnesses.is_in_doubt(site.campaign), "it has seen no other log"
    witness.lie = None
    site.ask()
    assert site.refusals() == {}


@pytest.mark.parametrize("answer", [(409, "99\n"), (422, ""), (403, ""), (200, "\u2014 X AAAA\n")])
def test_one_of_three_that_lies_changes_nothing_where_two_are_enough(make, answer):
    site = make("X", "Y", "Z", needed="2")
    site.witnesses[0].lie = lambda _body: answer
    site.grow()
    site.ask()
    site.grow()
    site.ask()
    assert site.witnessed.size == 6
    assert site.seen_by == {"Y", "Z"}
    assert not witnesses.is_in_doubt(site.campaign)
    assert site.refusals().keys() == {"X"}


def test_two_of_three_that_lie_are_a_doubt(make):
    site = make("X", "Y", "Z", needed="2")
    for witness in site.witnesses[:2]:
        witness.lie = lambda _body: (409, "99\n")
    site.grow()
    site.ask()
    assert witnesses.is_in_doubt(site.campaign)


def test_what_satisfied_the_policy_of_before_is_served_no_more(make, tmp_path):
    site = make("X")
    site.grow()
    site.ask()
    path = tmp_path / "other"
    path.write_text(policy([*site.witnesses, Witness("new")]))
    with ledger.settings(witness_policy=path):
        assert site.witnessed is None


def test_the_doctor_says_when_a_witness_has_seen_last_and_whose_key_is_ignored(make, tmp_path):
    site = make("X")
    site.grow()
    site.ask()
    seen = site.clock.now()
    site.clock.move(hours=2)
    assert [f.text for f in contents.witness_findings()] == [
        f"X, the log of {SLUG}: last seen at {seen:%Y-%m-%dT%H:%M:%SZ}"
    ]
    newer = Witness("newer")
    newer.kind = b"\6"
    path = tmp_path / "other"
    path.write_text(policy([newer], "any"))
    with ledger.settings(witness_policy=path):
        assert [f.text for f in contents.witness_findings()] == [
            "newer has a key of a kind that is not known here: it is ignored"
        ]
        assert feeds(published_slugs) == []


# --- The policy ---


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "quorum"),
        ("quorum none\nquorum none", "quorum"),
        ("quorum X", "quorum X"),
        ("witness X X+00000000+AAAA\nquorum X", "witness X X+00000000+AAAA"),
        ("{x}\n{x}\nquorum none", "witness X"),
        ("{x}\n{y}\ngroup g 3 X Y\nquorum g", "group g 3 X Y"),
        ("{x}\ngroup g 1 X X\nquorum g", "group g 1 X X"),
        ("{x}\ngroup g any X\ngroup h any X\nquorum g", "group h any X"),
        ("group g any X\n{x}\nquorum g", "group g any X"),
        ("{x}\ngroup g all\nquorum g", "group g all"),
        ("{x}\nquorum", "quorum"),
        ("observe X\nquorum none", "observe X"),
    ],
)
def test_a_policy_that_cannot_be_read_stops_the_start_with_one_line(tmp_path, text, words):
    path = tmp_path / "policy"
    lines = {name.lower(): f"witness {name} {Witness(name).key}" for name in "XY"}
    if text is not None:
        path.write_text(text.format(**lines))
    with pytest.raises(ConfigError) as raised:
        check_policy(Config(witness_policy=path))
    (line,) = raised.value.problems
    assert line.startswith(f"PLEDGE_WITNESS_POLICY: {path}: ")
    assert words in line


def test_groups_may_hold_groups_and_lines_about_logs_are_skipped():
    names = "ABCD"
    lines = [f"witness {name} {Witness(name).key}" for name in names]
    text = "\n".join(
        ["log any+thing", *lines, "group one any A B", "group two all C D", "group q all one two", "quorum q"]
    )
    rules = program.Policy(text)
    assert rules.is_satisfied({"A", "C", "D"})
    assert not rules.is_satisfied({"A", "B", "C"})
    assert program.Policy("quorum none").is_satisfied(())
