"""The examples of the page for developers run as they stand there: in a shell, and on a page of another site."""

import json
import re
import subprocess
from html import unescape

import pytest

from tests.browser.outside_page import outside_page
from tests.browser.steps import sign_and_confirm
from tests.support.waiting import wait_until

#: Runs an example and returns what it logs, line by line.
LOGGED = "async () => { const lines = []; const console = { log: (...all) => lines.push(all) }; %s; return lines; }"


def examples(site, lang="en"):
    """The code to copy on the page, by name."""
    text = site.get(f"/{lang}/developers")
    found = re.findall(r'<textarea[^>]* id="code-([a-z-]+)"[^>]*>([^<]*)</textarea>', text)
    return {name: unescape(code) for name, code in found}


def run(code, folder):
    """What the lines print in a shell."""
    done = subprocess.run(
        ["sh", "-ec", code], cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


def count(site):
    return json.loads(site.get("/api/v1/campaigns/blue-skies/count"))


@pytest.fixture
def site(make_site, chromium):
    """A site of its own with one signature: the examples are of the newest campaign, and other tests open some."""
    running = make_site().start()
    with chromium.new_context(base_url=running.url) as context:
        sign_and_confirm(context.new_page(), running)
    wait_until(lambda: count(running)["people"] == 1, "the signature is not counted")
    return running


def test_the_examples_for_curl_do_what_they_say(site, tmp_path):
    shown = examples(site)
    assert {name for name in shown if name.startswith("curl-")} == {
        *("curl-count", "curl-etag", "curl-log", "curl-oembed", "curl-problem")
    }
    assert json.loads(run(shown["curl-count"], tmp_path))["organizations"] == count(site)["organizations"]
    assert run(shown["curl-etag"], tmp_path).split() == ["200", "304"]
    assert "people" in run(shown["curl-log"], tmp_path)
    assert "<iframe" in json.loads(run(shown["curl-oembed"], tmp_path))["html"]
    assert json.loads(run(shown["curl-problem"], tmp_path))["status"] == 404


@pytest.fixture
def window(chromium):
    with chromium.new_context() as context:
        yield context.new_page()


def test_the_examples_for_javascript_run_on_a_page_of_another_site(window, site):
    shown = {name: code for name, code in examples(site).items() if name.startswith("js-")}
    assert set(shown) == {"js-count", "js-regions", "js-organizations", "js-problem"}
    with outside_page(site.url, "", f"connect-src {site.url}") as address:
        window.goto(address)
        printed = {name: window.evaluate(LOGGED % code) for name, code in shown.items()}
    numbers = count(site)
    assert printed["js-count"][0][:2] == [numbers["people"], numbers["organizations"]]
    assert all(isinstance(people, int) and name for name, people in printed["js-regions"])
    assert printed["js-organizations"] == [[numbers["organizations"]]]
    assert printed["js-problem"][0][0] == 404
