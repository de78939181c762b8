"""The examples of the page for developers run as they stand there."""

import json
import re
from html import unescape

import pytest

from tests.support import programs
from tests.support.factories import signature
from tests.support.waiting import wait_until


def examples(site, lang="en"):
    """The code to copy on the page, by name."""
    text = site.get(f"/{lang}/developers")
    snippets = re.findall(r'<textarea[^>]* id="code-([a-z-]+)"[^>]*>([^<]*)</textarea>', text)
    return {name: unescape(code) for name, code in snippets}


def run(code, folder):
    """What the lines print in a shell."""
    done = programs.run("sh", "-ec", code, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def count(site):
    return json.loads(site.get("/api/v1/campaigns/blue-skies/count"))


@pytest.fixture
def site(make_site):
    """A site of its own with one signature: the examples are of the newest campaign, and other tests open some."""
    running = make_site().start()
    with running.inside():
        signature()
    wait_until(lambda: count(running)["people"] == 1, "the signature is not counted")
    return running


def test_the_examples_do_what_they_say(site, tmp_path):
    shown = examples(site)
    assert set(shown) == {"count", "etag", "log", "oembed", "problem"}
    assert json.loads(run(shown["count"], tmp_path))["organizations"] == count(site)["organizations"]
    assert run(shown["etag"], tmp_path).split() == ["200", "304"]
    assert "people" in run(shown["log"], tmp_path)
    assert "<iframe" in json.loads(run(shown["oembed"], tmp_path))["html"]
    assert json.loads(run(shown["problem"], tmp_path))["status"] == 404
