"""The words that a site publishes are those that its log has the hashes of: verifier/verify.py finds each that is not.

The same for the page's program: tests/browser/verify/test_recount.py.
"""

import json

import pytest

from tests.support import packs
from tests.support.checkers import program, verify
from tests.support.packs import made_up, site


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Before a list is asked for again that may be older than the log."""
    monkeypatch.setattr(program.time, "sleep", lambda _: None)


def count(website):
    return verify("count", f"{website[0]}/log/blue-skies")


def rewrite(path, change):
    path.write_text(json.dumps(change(json.loads(path.read_text("utf-8")))), "utf-8")


def with_pledges(*pledges):
    return lambda facts: {**facts, "pledges": list(pledges)}


def test_words_that_are_those_of_the_log_are_right(tmp_path, website, log):
    site(log, tmp_path)
    result = count(website)
    assert result.code == 0, result
    signatories = sum(b'"pledge"' in line for line in log.lines)
    assert f"{signatories} entries are of its newest pledge text" in result.out


def test_a_text_that_was_exchanged_is_named(tmp_path, website, log):
    documents = site(log, tmp_path)
    (tmp_path / "en/c/blue-skies/pledge/1.md").write_text("We pledge nothing.")
    assert count(website).failure == "pledge"
    words = {"ko": packs.WORDS["ko"], "en": "We pledge nothing."}
    texts = dict.fromkeys(words, "")
    exchanged = {"version": 1, "sha256": packs.fingerprint(words).hex(), "texts": texts}
    rewrite(documents / "index.html", with_pledges(exchanged))
    result = count(website)
    assert (result.code, result.failure) == (1, "pledge")
    assert packs.PLEDGE in result.out, "the text that was signed"


def test_a_text_that_is_published_nowhere_or_not_in_all_its_languages_is_named(tmp_path, website, log):
    documents = site(log, tmp_path)
    (tmp_path / "ko/c/blue-skies/pledge/1.md").unlink()
    assert count(website).failure == "pledge"
    for facts in ({"pledges": []}, {}, [], {"pledges": [{}]}, {"pledges": None}):
        rewrite(documents / "index.html", lambda _, facts=facts: facts)
        assert count(website).failure == "pledge", facts


def test_a_text_may_not_hide_behind_the_hash_of_another(tmp_path, website, log):
    documents = site(log, tmp_path)
    (tmp_path / "en/c/blue-skies/pledge/2.md").write_text("We pledge nothing.")
    hidden = {"version": 2, "sha256": packs.PLEDGE, "texts": {"en": ""}}
    rewrite(documents / "index.html", lambda facts: {"pledges": [hidden, *facts["pledges"]]})
    assert count(website).failure == "pledge"


def test_a_newer_text_that_nobody_has_signed_is_told(tmp_path, website, log):
    log.pledges = {**log.pledges, packs.fingerprint({"en": "More."}).hex(): {"en": "More."}}
    site(log, tmp_path)
    assert "0 entries are of its newest pledge text" in count(website).out


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda statement: [{**statement, "words": {"ko": "답변 1", "en": "No."}}], "statement:1"),
        (lambda statement: [{**statement, "words": None}], "statement"),
        (lambda statement: [{**statement, "kind": "promise"}], "statement:1"),
        (lambda statement: [{**statement, "kind": "letter"}], "statement:1"),
        (lambda statement: [], "statement:1"),
        (lambda statement: [statement, {**statement, "entry": 0}], "statement:0"),
        (lambda statement: [{**statement, "words": {"en": "No."}}, statement], "statement:1"),
        (lambda statement: [statement, {**statement, "entry": 3}], ""),
        (lambda statement: [statement, {**statement, "entry": "x"}], "statement"),
        (lambda statement: None, "statement"),
    ],
)
def test_words_in_somebodys_name_that_are_not_those_of_the_log_are_named(tmp_path, website, change, failure):
    documents = site(made_up("+s+"), tmp_path)
    rewrite(documents / "statements", lambda facts: {"statements": change(facts["statements"][0])})
    assert count(website).failure == failure


def test_a_letter_needs_its_hash_alone(tmp_path, website):
    log = made_up("+s")
    log.lines[1] = log.lines[1].replace(b"answer", b"letter")
    documents = site(log, tmp_path)
    assert count(website).code == 0
    rewrite(
        documents / "statements", lambda facts: {"statements": [{**facts["statements"][0], "sha256": "0"}]}
    )
    assert count(website).failure == "statement:1"


def test_a_list_that_lags_behind_the_log_is_asked_for_again(tmp_path, website, monkeypatch):
    documents = site(made_up("+s"), tmp_path)
    statements = (documents / "statements").read_text()
    (documents / "statements").write_text('{"statements": []}')
    monkeypatch.setattr(program.time, "sleep", lambda _: (documents / "statements").write_text(statements))
    assert count(website).code == 0


def test_a_site_that_lists_no_words_is_not_called_right(tmp_path, website, log):
    (site(log, tmp_path) / "statements").unlink()
    result = count(website)
    assert (result.code, "or its words" in result.out) == (2, True)
