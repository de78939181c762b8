"""Loading a campaign from its folder: both languages, versions of the pledge text, nothing twice."""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.campaigns import items, media, moderation, partners, queries, staff_queries
from pledge.campaigns.demands import DEMAND
from pledge.campaigns.events import campaign_events
from pledge.campaigns.loading import EditedByStaff, PledgeTextChanged, load_folder
from pledge.campaigns.media import VideoFields, letter_text
from pledge.campaigns.models import Campaign, Demand, Partner, PledgeText, SisterCampaign
from pledge.campaigns.partners import SISTER
from pledge.campaigns.rules import BadFields, stamp
from pledge.campaigns.video import BadCaptions
from pledge.cli.campaigns import DEMO
from pledge.core.db import db, load
from pledge.core.typesetting import CannotTypeset
from pledge.files.models import StoredFile
from pledge.retention import services as retention
from tests.support import factories
from tests.support.factories import EDITOR
from tests.support.rows import number_of
from tests.support.videos import mp4

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(DEMO / "blue-skies", tmp_path / "blue-skies")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_demo_campaign_is_whole_in_both_languages(folder, lang):
    assert load_folder(folder) == "blue-skies"
    campaign = queries.find("blue-skies", lang)
    assert campaign is not None
    assert campaign.is_open
    assert campaign.title
    assert campaign.summary
    assert campaign.aims.title
    assert len(campaign.background) == 4
    assert all(demand.fields.words[lang] for demand in items.rows(DEMAND, campaign.id))
    assert len(items.rows(DEMAND, campaign.id)) == 4
    assert campaign.pledge.version == 1
    assert len(campaign.pledge.html) > 200
    behind = partners.shown_partners(campaign.id, lang)
    assert len(behind["secretariat"]) == 2
    assert len(behind["partner"]) >= 3
    assert len(letter_text(campaign.id)[lang]) > 500
    pointed_to = [item.fields for item in items.rows(SISTER, campaign.id)]
    assert len(pointed_to) >= 3
    assert all(sister.sentence[lang] and sister.url for sister in pointed_to)
    assert all(event.outcome[lang] for event in campaign_events(campaign.id) if event.is_over)


def test_loading_the_same_folder_twice_changes_nothing(folder):
    load_folder(folder)
    tables = (Demand, Partner, PledgeText, Campaign, SisterCampaign)
    before = [number_of(table) for table in tables]
    load_folder(folder)
    assert [number_of(table) for table in tables] == before


def test_the_film_of_a_folder_is_loaded_once_replaced_and_taken_away(folder, frozen_clock):
    load_folder(folder)
    first = queries.find("blue-skies", "en").video
    assert (first.format, set(first.captions), bool(first.still)) == ("mp4", {"ko", "en"}, True)
    load_folder(folder)
    assert queries.find("blue-skies", "en").video == first
    (folder / "film.mp4").write_bytes(mp4())
    load_folder(folder)
    second = queries.find("blue-skies", "en").video
    assert second.file != first.file
    for left_over in folder.glob("film.*"):
        left_over.unlink()
    load_folder(folder)
    assert queries.find("blue-skies", "en").video is None
    assert retention.run({}, {})["files that nobody keeps"] == 4, "both films and their pictures"


def test_the_film_of_a_campaign_that_staff_have_edited_is_not_stored_again(folder):
    load_folder(folder)
    video = queries.find("blue-skies", "en").video
    media.set_video(EDITOR, "blue-skies", media.video_stamp(video), VideoFields(drop_file=True))
    before = number_of(StoredFile)
    with pytest.raises(EditedByStaff):
        load_folder(folder)
    assert number_of(StoredFile) == before


def test_a_new_file_is_a_new_version_and_the_old_one_stays_readable(folder):
    load_folder(folder)
    old = queries.find("blue-skies", "en")
    for lang in ("ko", "en"):
        (folder / f"pledge.v2.{lang}.md").write_text("새 서약 / The new pledge", "utf-8")
    load_folder(folder)
    new = queries.find("blue-skies", "en")
    assert (old.pledge.version, new.pledge.version) == (1, 2)
    first = db.session.scalar(select(PledgeText.id).where(PledgeText.version == 1))
    assert queries.pledge_text(first, "en") == old.pledge


def test_a_pledge_text_that_people_may_have_signed_is_never_changed(folder):
    load_folder(folder)
    (folder / "pledge.v1.ko.md").write_text("다른 말", "utf-8")
    with pytest.raises(PledgeTextChanged):
        load_folder(folder)


@pytest.mark.parametrize(
    ("file", "spoil", "refusal", "words"),
    [
        ("body.en.md", None, FileNotFoundError, "body.en.md"),
        ("captions.en.vtt", lambda _: "WEBVTT\n\nHello\n", BadCaptions, None),
        ("letter.en.md", lambda _: "> " * 300 + "deep", CannotTypeset, "letter.en.md"),
        (
            "campaign.toml",
            lambda facts: facts.replace('role = "secretariat"', 'role = "partner"'),
            BadFields,
            "secretariat",
        ),
    ],
    ids=["no language left out", "captions that browsers skip", "a letter of no PDF", "no secretariat"],
)
def test_what_is_not_whole_is_refused_by_its_name_and_nothing_is_stored(folder, file, spoil, refusal, words):
    path = folder / file
    if spoil is None:
        path.unlink()
    else:
        path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(refusal, match=words):
        load_folder(folder)
    assert number_of(Campaign) == 0


def numbers_of_partners():
    """The number of each partner by its English name, in their order."""
    stored = load(select(Partner).order_by(Partner.position))
    return {partner.name["en"]: partner.id for partner in stored}


def test_partners_follow_the_file_and_keep_their_numbers(folder):
    load_folder(folder)
    before = numbers_of_partners()
    path = folder / "campaign.toml"
    facts = path.read_text("utf-8")
    new = '[[partners]]\nrole = "partner"\nname = {ko = "새 동반자", en = "A New Partner"}\n\n'
    path.write_text(facts.replace("[[partners]]", f"{new}[[partners]]", 1), "utf-8")
    load_folder(folder)
    after = numbers_of_partners()
    assert list(after) == ["A New Partner", *before]
    assert {name: number for name, number in after.items() if name in before} == before
    path.write_text(facts[: facts.rindex("[[partners]]")], "utf-8")
    load_folder(folder)
    assert list(numbers_of_partners().items()) == list(before.items())[:-1]


def test_events_and_video_follow_the_file_and_calendars_know_the_events_again(folder):
    facts = (folder / "campaign.toml").read_text("utf-8")
    head, mark, rest = facts.partition("[ko]")
    (folder / "campaign.toml").write_text(
        f'{head}video = "https://youtu.be/dQw4w9WgXcQ"\n{mark}{rest}\n'
        '[[events]]\ntitle = {ko = "기후 토크", en = "Climate Talk"}\n'
        "starts_at = 2027-06-05T14:00:00+09:00\nends_at = 2027-06-05T16:00:00+09:00\n",
        "utf-8",
    )
    load_folder(folder)
    campaign = queries.find("blue-skies", "en")
    assert campaign.video.id == "dQw4w9WgXcQ"
    first = [(event.uid, event.sequence) for event in campaign_events(campaign.id)]
    assert [(event.title["en"], event.all_day) for event in campaign_events(campaign.id)][-2:] == [
        ("Climate Talk", False),
        ("International Day of Clean Air for blue skies", True),
    ]
    load_folder(folder)
    assert [(event.uid, event.sequence) for event in campaign_events(campaign.id)] == first
    (folder / "campaign.toml").write_text(facts[: facts.index("[[events]]")], "utf-8")
    load_folder(folder)
    assert campaign_events(campaign.id) == []
    assert queries.find("blue-skies", "en").video.file, "the folder's own film, which an address goes before"


def test_what_staff_have_edited_is_not_loaded_over(folder, runner):
    load_folder(folder)
    stored = staff_queries.desk("blue-skies").texts
    moderation.edit_texts(factories.EDITOR, "blue-skies", stamp(stored), {**stored, "title_en": "Edited"})
    (folder / "body.en.md").write_text("## Another text", "utf-8")
    with pytest.raises(EditedByStaff):
        load_folder(folder)
    assert staff_queries.desk("blue-skies").texts == {**stored, "title_en": "Edited"}
    assert "left as it is" in runner.run("campaign", "load", str(folder))


def test_the_commands_say_what_they_did_and_what_is_wrong(runner, folder):
    for command in (["demo", "load"], ["campaign", "load", str(folder)]):
        result = runner.invoke(args=command)
        assert (result.exit_code, result.output) == (0, "Loaded the campaign blue-skies.\n")
    (folder / "pledge.v1.ko.md").write_text("다른 말", "utf-8")
    refused = runner.invoke(args=["campaign", "load", str(folder)])
    assert refused.exit_code == 1
    assert "new version" in refused.output
    for missing in ("body.en.md", "campaign.toml"):
        (folder / missing).unlink()
        refused = runner.invoke(args=["campaign", "load", str(folder)])
        assert refused.exit_code == 1
        assert missing in refused.output


def test_markup_in_a_text_cannot_harm(folder):
    (folder / "body.ko.md").write_text(
        "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=y>", "utf-8"
    )
    load_folder(folder)
    (section,) = queries.find("blue-skies", "ko").sections
    assert "<script" not in section.html
    assert "<img" not in section.html
    assert 'href="javascript' not in section.html


def test_campaigns_that_one_can_sign_now_come_first(frozen_clock):
    factories.campaign("open-now")
    factories.campaign("opens-later", opens_at=frozen_clock.now() + timedelta(days=1))
    factories.campaign("over", state="closed", closes_at=frozen_clock.now() - timedelta(days=1))
    factories.campaign("hidden", state="draft")
    assert [campaign.slug for campaign in queries.public_campaigns("ko")] == [
        "open-now",
        "over",
        "opens-later",
    ]
