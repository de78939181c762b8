"""What people and staff have written is only text on every page that shows it, also what no form would let through.

The client checks each page that it fetches for elements, attributes and addresses that no template of ours has.
"""

import pytest
from markupsafe import escape
from sqlalchemy import JSON, literal

from pledge.audit.models import COMMAND_LINE
from pledge.core.db import db
from pledge.core.languages import Translated
from pledge.switches import registry
from pledge.switches import services as switches
from tests.support.apps import forget_caches
from tests.support.insider import guards_away
from tests.support.payloads import TOGETHER
from tests.support.staff import client as signed_in
from tests.support.world import built, world

#: Columns with what somebody has typed, beside those of texts in several languages.
TYPED = set(
    "title tagline summary body recipient picture_sentence who_may_sign followup_title followup_sentence note reason ended_why name "
    "decision_reason spokesperson receipt_number registration_number contact_name contact_title contact_email actor browser "
    "proposed_name decided_name ended_name placed_name lifted_name frozen_name asked_name".split()
)
#: Of the same names, what the site itself writes.
OURS = {
    *("invalidations.reason", "ledger_entries.reason", "mail_suppressions.reason"),
    *("stored_files.name", "switches.name", "checkpoints.note"),
}
LINKS = {"url", "join_url"}
#: Links that a constraint holds to https.
HTTPS_LINKS = {"website", "followup_link"}


def plant(text, link):
    """Put them into every column that holds what somebody has typed, past all forms, use cases and constraints."""
    in_each = literal({"ko": text, "en": text}, JSON)
    with guards_away() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for table in db.metadata.sorted_tables:
            links = {column.name: link for column in table.columns if column.name in LINKS}
            links |= {
                column.name: f"https://example.org/{link}"
                for column in table.columns
                if column.name in HTTPS_LINKS
            }
            texts = {
                column.name: in_each if isinstance(column.type, Translated) else text
                for column in table.columns
                if isinstance(column.type, Translated) or (column.name in TYPED and str(column) not in OURS)
            }
            if links or texts:
                connection.execute(table.update().values(links | texts))
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://example.org/"><script>alert(1)</script>'])
def test_what_people_and_staff_have_written_is_only_text_on_every_page(app, client, monkeypatch, link):
    reader = signed_in(app, lang="en")
    known = world(reader)
    text = TOGETHER[0]
    monkeypatch.setattr(registry, "MAX_BANNER", len(text))
    switches.turn(COMMAND_LINE, "banner", {"ko": text, "en": text}, "why")
    plant(text, link)
    forget_caches(app)
    showing = set()
    for rule in app.url_map.iter_rules():
        for parts in known.parts(rule) if "GET" in rule.methods else ():
            visitor = reader if rule.rule.startswith("/staff") else client
            page = visitor.get(built(rule, parts), buffered=True)
            assert page.status_code < 500 or rule.rule == "/readyz", built(rule, parts)
            if page.mimetype == "text/html" and str(escape(text)) in page.text:
                showing.add(rule.endpoint)
    assert len(showing) > 60, "most pages show what somebody has written"
