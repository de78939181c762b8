"""The program against a site that runs: what it counts is what the site shows."""

import json
import sys

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.core.db import db
from tests.support import programs
from tests.support.checkers import PROGRAM, verify
from tests.support.factories import SLUG, signatures
from tests.support.waiting import wait_until


def test_the_count_by_url_is_the_count_of_the_site(site, tmp_path):
    before = site.count()
    with site.inside():
        signatures(3, db.session.scalars(select(Campaign).where(Campaign.slug == SLUG)).one())
    wait_until(lambda: site.count() >= before + 3)
    program = tmp_path / "verify.py"
    program.write_text(site.get("/verify.py"), "utf-8")
    log = f"{site.url}/log/{SLUG}"

    done = programs.run(sys.executable, "-I", program, "count", log, "--tiles")

    people = json.loads(site.get(f"/api/v1/campaigns/{SLUG}/count"))
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[:2] == [
        f"people {people['people']}",
        f"organizations {people['organizations']}",
    ]
    assert "The number that programs read is the same" in done.stdout
    assert PROGRAM.read_text("utf-8") == program.read_text("utf-8")

    assert verify("mirror", log, tmp_path / "copy").code == 0
    assert verify("count", tmp_path / "copy", "--key", f"{log}/key").code == 0
    assert verify("consistency", tmp_path / "copy/checkpoint", log).code == 0
