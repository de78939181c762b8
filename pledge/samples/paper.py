"""Sample batches of paper signatures: two that two people counted, and one that waits for the second."""

from datetime import timedelta

from pledge.audit.models import Actor
from pledge.core import clock, languages
from pledge.core.i18n import SEOUL
from pledge.files.scans import store_scan
from pledge.paper import queries, services
from pledge.samples.content import FOLDER, read

#: Nobody of the staff.
_FIRST, _SECOND = Actor(-1, "sample-editor", ""), Actor(-2, "sample-approver", "")


def add(slug: str, campaign_id: int) -> None:
    """The batches of the file, each entered on its day and counted again on the next one."""
    now, sheet = clock.now(), (FOLDER / "sheet.pdf").read_bytes()
    for number_of_file, facts in enumerate(read("paper")["paper"], 1):
        at = now + timedelta(days=facts["day"])
        fields = services.PaperFields(
            place=languages.texts(facts["place"]),
            collected_on=at.astimezone(SEOUL).date(),
            sheets=facts["sheets"],
            signatures=facts["signatures"],
        )
        name = store_scan(sheet + b"\n%% scan %d\n%%%%EOF\n" % number_of_file)
        with clock.pretend(at):
            number = services.enter(_FIRST, slug, fields, name)
        if "checked" in facts:
            with clock.pretend(at + timedelta(days=1)):
                seen = queries.find(campaign_id, number).stamp
                services.check(_SECOND, slug, number, seen, facts["checked"])
