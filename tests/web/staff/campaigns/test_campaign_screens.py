"""The screens of a campaign: texts, pledge, dates, state, preview. A refusal stands at its field, and nothing typed is lost."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.campaigns import items, moderation, partners, staff_queries
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.partners import PARTNER
from pledge.campaigns.rules import stamp
from pledge.core import i18n
from pledge.core.db import load, transaction
from pledge.core.languages import Texts
from pledge.deliveries.models import Delivery
from pledge.web.caching import cache
from tests.support import deliveries, factories
from tests.support.factories import EDITOR, draft
from tests.web.staff.campaigns.screens import seen


def texts_form(editor, slug="air", **changes):
    page = editor.get(f"/staff/campaigns/{slug}")
    return {**staff_queries.desk(slug).texts, "seen": seen(page, "/page/texts"), **changes}


def test_what_does_not_exist_is_not_found(app, editor):
    draft("air")
    for path in ("nothing", "nothing/dates", "air/partners/9", f"air/events/{10**30}", "air/preview/de"):
        assert editor.get(f"/staff/campaigns/{path}").status_code == 404
    assert editor.post(f"/staff/campaigns/air/partners/{10**30}/remove").status_code == 404
    assert editor.post("/staff/campaigns/air/events/7/remove").status_code == 404
    assert editor.post("/staff/campaigns/air/partners/7/move/up").status_code == 404


def test_a_draft_is_made_and_an_address_that_is_taken_is_told(app, editor):
    made = editor.post("/staff/campaigns", data={"slug": "Clean-Air", "title_ko": "맑은 공기"})
    assert (made.status_code, made.location) == (303, "/staff/campaigns/clean-air")
    again = editor.post("/staff/campaigns", data={"slug": "clean-air", "title_en": "Mine"})
    assert again.status_code == 422
    assert "Another campaign has this address." in again.text
    assert 'value="Mine"' in again.text
    assert "맑은 공기" in editor.get("/staff/campaigns").text


def test_a_campaign_begins_with_a_copy_of_another(app, editor):
    factories.campaign("air")
    sent = editor.post("/staff/campaigns", data={"slug": "water", "title_ko": "맑은 물", "copy_of": "air"})
    assert (sent.status_code, sent.location) == (303, "/staff/campaigns/water")
    assert staff_queries.desk("water").texts["body_ko"] == staff_queries.desk("air").texts["body_ko"]
    wrong = editor.post("/staff/campaigns", data={"slug": "forest", "title_ko": "숲", "copy_of": "nothing"})
    assert wrong.status_code == 422
    assert "Choose one from the list." in wrong.text


def test_texts_are_saved_and_shown_at_once(app, editor, client):
    factories.campaign("air")
    sent = editor.post(
        "/staff/campaigns/air/page/texts", data=texts_form(editor, title_en="Clean air for all")
    )
    assert sent.status_code == 303
    assert "Saved." in editor.get(sent.location).text
    assert "Clean air for all" in client.get("/en/c/air").text


def test_earlier_words_are_shown_beside_the_new_ones_and_restored_by_one_press(app, editor):
    factories.campaign("air")
    factories.other_recipient("air")
    assert "/restore/" not in editor.get("/staff/campaigns/air").text, "the recipient is no text of the page"
    before = staff_queries.desk("air").texts["title_en"]
    editor.post("/staff/campaigns/air/page/texts", data=texts_form(editor, title_en="Clean air for all"))
    page = editor.get("/staff/campaigns/air")
    assert "<ins>" in page.text
    path = re.search(r'action="([^"]*/restore/[0-9]+)"', page.text)[1]
    old = {"seen": seen(page, path)}
    assert editor.post(path, data=old).status_code == 303
    assert staff_queries.desk("air").texts["title_en"] == before
    again = editor.post(path, data=old)
    assert again.status_code == 409, "who saw other words overwrites nothing"
    assert editor.post("/staff/campaigns/air/page/texts/restore/999", data=old).status_code == 404


def test_texts_that_were_typed_are_previewed_and_not_stored(app, editor):
    factories.campaign("air")
    typed = texts_form(editor, title_en="A title to try", body_en="## A **bold** word")
    typed |= {"followup_title_en": "Write a letter", "preview": "y"}
    del typed["followup_link_en"]
    page = editor.post("/staff/campaigns/air/page/texts", data=typed).text
    preview = page.partition('id="preview-title"')[2].partition("</section>")[0]
    assert "A title to try" in preview
    assert "<strong>bold</strong>" in preview
    assert 'value="A title to try"' in page, "the form keeps it"
    assert staff_queries.desk("air").texts["title_en"] != "A title to try"


def test_the_card_after_signing_is_previewed_saved_and_its_mistakes_are_told_at_their_fields(
    app, editor, client
):
    factories.campaign("air")
    card = {"followup_title_en": "Write a letter", "followup_link_en": "http://example.org/en"}
    sent = editor.post("/staff/campaigns/air/page/texts", data=texts_form(editor, **card))
    assert sent.status_code == 422
    assert re.findall(r'id="([a-z_]+)-error"', sent.text) == ["followup_link_en"]
    typed = texts_form(editor, **card | {"followup_link_en": "https://example.org/en"})
    preview = editor.post("/staff/campaigns/air/page/texts", data={**typed, "preview": "y"}).text
    link = '<a href="https://example.org/en" rel="noopener noreferrer">'
    assert link in preview
    assert editor.post("/staff/campaigns/air/page/texts", data=typed).status_code == 303
    assert link in client.get("/en/c/air/thanks").text


def test_a_long_korean_text_is_not_too_large_for_its_form(app, editor):
    draft("air")
    long = "하늘 " * 6600
    sent = editor.post(
        "/staff/campaigns/air/page/texts",
        data=texts_form(editor, body_ko=long, body_en=long),
        content_type="multipart/form-data",
    )
    assert sent.status_code == 303
    assert len(staff_queries.desk("air").texts["body_ko"]) > 19_000


def test_what_is_missing_in_public_is_told_at_its_field_and_the_rest_is_kept(app, editor):
    factories.campaign("air")
    sent = editor.post(
        "/staff/campaigns/air/page/texts", data=texts_form(editor, title_ko="", tagline_en="New words")
    )
    assert sent.status_code == 422
    assert 'href="#title_ko"' in sent.text
    assert 'value="New words"' in sent.text
    assert staff_queries.desk("air").texts["title_ko"] == "푸른 하늘"


def test_the_second_editor_sees_both_texts_and_loses_nothing(app, editor):
    factories.campaign("air")
    form = texts_form(editor, title_en="By the second")
    stored = staff_queries.desk("air").texts
    moderation.edit_texts(EDITOR, "air", stamp(stored), {**stored, "title_en": "By the first"})
    sent = editor.post("/staff/campaigns/air/page/texts", data=form)
    assert sent.status_code == 409
    assert 'value="By the second"' in sent.text
    assert re.search(r'class="stored__text"[^>]*>By the first<', sent.text)
    assert sent.text.count("stored__text") == 1, "only what differs is shown twice"
    again = editor.post("/staff/campaigns/air/page/texts", data={**form, "seen": seen(sent, "/page/texts")})
    assert again.status_code == 303
    assert staff_queries.desk("air").texts["title_en"] == "By the second"


def test_publishing_shows_what_is_missing_with_links_to_the_fields(app, editor):
    moderation.create(EDITOR, slug="air", title={"ko": "공기"})
    partner = items.add(
        PARTNER, EDITOR, "air", partners.PartnerFields(partners.PartnerRole.PARTNER, Texts(ko="동반자"), "")
    )
    for page in (
        editor.get("/staff/campaigns/air/dates"),
        editor.get("/staff/campaigns/air/state/open"),
        refused := editor.post("/staff/campaigns/air/state/open", data={"before": "draft"}),
    ):
        assert "/staff/campaigns/air#title_en" in page.text
        assert "/staff/campaigns/air#title_ko" not in page.text
        assert "/staff/campaigns/air#wording_ko" in page.text
        assert f"/staff/campaigns/air/partners/{partner}#name_en" in page.text
    assert refused.status_code == 409
    assert staff_queries.desk("air").state == CampaignState.DRAFT


def test_a_campaign_goes_from_draft_to_archive_with_a_page_between_each_step(app, editor, client):
    draft("air")
    assert client.get("/en/c/air").status_code == 404
    for before, after, reason in [
        ("draft", "open", ""),
        ("open", "closed", "The summit has begun"),
        ("closed", "open", "The summit was moved"),
        ("open", "closed", "It is over"),
        ("closed", "archived", "The answer came"),
    ]:
        assert editor.get(f"/staff/campaigns/air/state/{after}").status_code == 200
        assert staff_queries.desk("air").state == before, "looking changes nothing"
        sent = editor.post(f"/staff/campaigns/air/state/{after}", data={"before": before, "reason": reason})
        assert (sent.status_code, sent.location) == (303, "/staff/campaigns/air/dates")
        assert f"The campaign is {'public' if after == 'open' else after}" in editor.get(sent.location).text
        cache.clear()
        assert client.get("/en/c/air").status_code == 200
    assert "archived" in client.get("/en/c/air").text
    assert client.post("/en/c/air/sign", data=factories.sign_form()).status_code == 409


@pytest.mark.parametrize(("state", "is_offered"), [("open", False), ("closed", True), ("archived", False)])
def test_only_of_a_closed_campaign_it_is_said_that_it_can_be_reopened(editor, state, is_offered):
    factories.campaign("air", state=state)
    assert ("Reopen it to change" in editor.get("/staff/campaigns/air/dates").text) == is_offered


def test_the_life_of_a_campaign_says_what_is_done_and_what_waits(editor, frozen_clock):
    row = factories.campaign("air", state="closed", closes_at=frozen_clock.now())
    factories.signature(row)

    def life():
        page = editor.get("/staff/campaigns/air/dates").text
        return page[page.index("life-title") : page.index("state-title")]

    def day(days):
        return i18n.format_date(row.closes_at + timedelta(days=days), "en")

    due = row.closes_at + timedelta(days=2)
    assert "It waits" in life()
    assert f"Will be deleted on {day(365)}" in life()
    deliveries.handed_over(row, answer_due=due.astimezone(i18n.SEOUL).date())
    assert f"Will be deleted on {day(30)}" in life()
    assert f"Due by {day(2)}" in life()
    deliveries.answer(load(select(Delivery.id))[0])
    assert "Answered" in life()
    with transaction() as session:
        session.get_one(Campaign, row.id).forgotten_at = frozen_clock.now()
    assert f"Deleted on {day(0)}" in life()


@pytest.mark.parametrize("before", [None, "", "draft", "anything"])
def test_nobody_ends_a_campaign_without_saying_in_which_state_they_saw_it(app, editor, before):
    factories.campaign("air")
    sent = editor.post(
        "/staff/campaigns/air/state/closed",
        data={"reason": "over", **({} if before is None else {"before": before})},
    )
    assert sent.status_code == 409
    assert "Nothing was changed" in sent.text
    assert staff_queries.desk("air").state == CampaignState.OPEN


def test_the_overview_does_not_call_a_campaign_open_whose_closing_time_has_passed(app, editor, frozen_clock):
    factories.campaign("air", closes_at=frozen_clock.now() + timedelta(minutes=5))
    assert "Ended: the closing time has passed" not in editor.get("/staff/campaigns/air/dates").text
    frozen_clock.move(minutes=6)
    assert "Ended: the closing time has passed" in editor.get("/staff/campaigns/air/dates").text


@pytest.mark.parametrize("path", ["/dates", "/state/open"])
def test_a_draft_without_a_secretariat_leads_to_the_form_that_adds_one(app, editor, path):
    draft("air", secretariat=False)
    page = editor.get(f"/staff/campaigns/air{path}").text
    there = re.search(r'href="([^"]+)#role">Secretariat</a>', page)[1]
    assert '<option value="secretariat" selected>' in editor.get(there).text
    sent = editor.post("/staff/campaigns/air/state/open", data={"before": "draft"})
    assert (sent.status_code, staff_queries.desk("air").state) == (409, CampaignState.DRAFT)


def test_dates_are_typed_in_seouls_time(app, editor):
    draft("air")
    page = editor.get("/staff/campaigns/air/dates")
    sent = editor.post(
        "/staff/campaigns/air/dates/schedule",
        data={
            "goal": "100,000",
            "goal_steps": "500\r\n5,000\r\n50,000",
            "step_sentences_ko": "500명: 공개 질의합니다",
            "opens_at": "2027-09-07T00:00",
            "closes_at": "2027-12-31T23:59",
            "seen": seen(page),
        },
    )
    assert sent.status_code == 303
    kept = staff_queries.desk("air")
    assert (kept.goal, kept.goal_steps) == (100_000, [500, 5_000, 50_000])
    assert kept.opens_at.isoformat() == "2027-09-06T15:00:00+00:00"
    shown = editor.get("/staff/campaigns/air/dates").text
    assert 'value="2027-12-31T23:59"' in shown
    assert "500\n5,000\n50,000</textarea>" in shown
    assert "500명: 공개 질의합니다\n</textarea>" in shown
    assert "24 hours more" in shown
    assert "1 January 2028, 23:59" in shown, "the day of grace for mails under way"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "text"),
    [
        *[("goal", text) for text in ("many", "9" * 30)],
        ("goal_steps", "few"),
        ("step_sentences_en", "3: not a step"),
        *[("opens_at", text) for text in ("tomorrow", "9999-12-31T23:59")],
        ("closes_at", "2020-01-01T00:00"),
    ],
)
def test_dates_and_goals_that_make_no_sense_are_told_at_their_field(app, editor, field, text):
    draft("air")
    page = editor.get("/staff/campaigns/air/dates")
    sent = editor.post(
        "/staff/campaigns/air/dates/schedule", data={"goal": "5", "seen": seen(page), field: text}
    )
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
    assert staff_queries.desk("air").goal == 1000


def test_a_closed_campaign_keeps_its_dates_and_what_was_typed_stays_in_the_form(app, editor):
    factories.campaign("air", state="closed")
    page = editor.get("/staff/campaigns/air/dates")
    sent = editor.post("/staff/campaigns/air/dates/schedule", data={"goal": "77", "seen": seen(page)})
    assert sent.status_code == 409
    assert 'value="77"' in sent.text
    assert staff_queries.desk("air").goal == 1000


# --- Preview ---


def test_a_draft_is_previewed_as_the_public_will_see_it(app, editor, client):
    draft("air", title_ko="공기의 제목", title_en="Title of air")
    there = editor.get("/staff/campaigns/air/preview/en")
    assert there.status_code == 302
    page = client.get(there.location)
    assert page.status_code == 200
    assert 'lang="en"' in page.text
    assert "Title of air" in page.text
    assert 'id="sign-form"' in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get("/en/c/air").status_code == 404


def test_a_preview_ends_after_an_hour_and_is_for_one_campaign(app, editor, client, clock):
    draft("air")
    draft("sea")
    address = editor.get("/staff/campaigns/air/preview/en").location
    assert client.get(address.replace("/air/", "/sea/")).status_code == 410
    assert client.get(address + "x").status_code == 410
    clock.move(hours=1, minutes=6)
    assert client.get(address).status_code == 410
