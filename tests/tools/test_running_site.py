"""The program against a site that runs: what it counts is what the site shows."""

import json
import subprocess
import sys
import urllib.request
from urllib.parse import urlencode

from tests.support.checkers import PROGRAM, say
from tests.support.factories import sign_form
from tests.support.waiting import TEST_TIMEOUT, wait_until

SLUG = "blue-skies"


def sign_and_confirm(site, address: str) -> None:
    form = urlencode({key: value for key, value in sign_form(email=address).items() if value}).encode()
    request = urllib.request.Request(
        f"{site.url}/ko/c/{SLUG}/sign", form, {"Sec-Fetch-Site": "same-origin", "Origin": site.url}
    )
    urllib.request.urlopen(request, timeout=TEST_TIMEOUT).close()
    mail = site.wait_for_mail(address)
    link = next(word for word in mail["text"].split() if "/confirm/" in word)
    confirm = urllib.request.Request(
        link, b"", {"Sec-Fetch-Site": "same-origin", "Origin": site.url}, method="POST"
    )
    confirm.add_header("Content-Type", "application/x-www-form-urlencoded")
    urllib.request.urlopen(confirm, timeout=TEST_TIMEOUT).close()


def test_the_count_by_url_is_the_count_of_the_site(site, tmp_path):
    before = site.count()
    for number in range(3):
        sign_and_confirm(site, f"verifier{number}@example.org")
    wait_until(lambda: site.count() >= before + 3)
    program = tmp_path / "verify.py"
    program.write_text(site.get("/verify.py"), "utf-8")
    log = f"{site.url}/log/{SLUG}"

    done = subprocess.run(
        [sys.executable, "-I", program, "count", log, "--tiles"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=2 * TEST_TIMEOUT,
        check=False,
    )

    people = json.loads(site.get(f"/api/v1/campaigns/{SLUG}/count"))
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[:2] == [
        f"people {people['people']}",
        f"organizations {people['organizations']}",
    ]
    assert "The site shows the same" in done.stdout
    assert PROGRAM.read_text("utf-8") == program.read_text("utf-8")

    assert say("mirror", log, tmp_path / "copy").code == 0
    assert say("count", tmp_path / "copy", "--key", f"{log}/key").code == 0
    assert say("consistency", tmp_path / "copy/checkpoint", log).code == 0
