"""What journalists find of a campaign on one page."""

import re

from pledge.campaigns import media, staff_queries
from tests.support.factories import EDITOR, SLUG, campaign, endorsement, fold_all, signatures

QUOTATION = {
    "quotation": {"ko": "하늘은 하나입니다.", "en": "There is one sky."},
    "speaker": {"ko": "김하늘", "en": "Kim Haneul"},
    "speaker_role": {},
    "portrait_alt": {},
}


def test_the_press_page_has_number_words_pictures_tables_and_whom_to_ask(app, client):
    of = campaign()
    signatures(3)
    endorsement(of)
    fold_all()
    seen = media.stored_quotation(staff_queries.desk(SLUG).row).stamp
    media.set_quotation(EDITOR, SLUG, seen, QUOTATION)
    page = client.get(f"/en/c/{SLUG}/press")
    assert page.status_code == 200
    for part in (
        'standing__number">3<',
        'standing__number">1<',
        "As of <time",
        "There is one sky.",
        "Kim Haneul",
        f"/share/{SLUG}.en.png",
        f"/badge/{SLUG}.svg",
        *(
            f"/api/v1/campaigns/{SLUG}/{table}.csv"
            for table in ("history", "regions", "countries", "organizations")
        ),
    ):
        assert part in page.text, part
    assert re.search(r"<strong>Press: .*press@pledge\.example", page.text)
    for path in ("", "/spread"):
        assert f'href="/en/c/{SLUG}/press"' in client.get(f"/en/c/{SLUG}{path}").text
