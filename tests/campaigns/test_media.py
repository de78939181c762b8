"""The video with its picture, and the letter: stored files are kept while a row refers to them, and let go of after."""

import pytest

from pledge.campaigns import media, queries, staff_queries
from pledge.campaigns.media import VideoFields
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import move
from pledge.campaigns.rules import FieldFault, stamp
from pledge.campaigns.video import campaign_video
from pledge.files.services import UnknownFile
from tests.support.factories import EDITOR, draft, stored_document, stored_picture, stored_video
from tests.support.refusals import faults_of
from tests.support.rows import is_kept
from tests.support.videos import CAPTIONS, webm

pytestmark = pytest.mark.usefixtures("app")

ADDRESS = "https://youtu.be/dQw4w9WgXcQ"


def set_video(address=ADDRESS, **more):
    seen = media.video_stamp(campaign_video(staff_queries.desk("air")))
    media.set_video(EDITOR, "air", seen, VideoFields(address, **more))


def set_letters(new=(), drop=()):
    seen = stamp({"letter": staff_queries.desk("air").letter})
    media.set_letters(EDITOR, "air", seen, new=dict(new), drop=frozenset(drop))


def published():
    move(EDITOR, draft("air"), CampaignState.DRAFT, CampaignState.OPEN)


def test_the_picture_of_a_video_is_kept_replaced_and_let_go_of():
    draft("air")
    old, new = stored_picture(), stored_picture()
    set_video(still=old)
    set_video("https://vimeo.com/123456789")
    assert campaign_video(staff_queries.desk("air")).still == old, "another address leaves the picture alone"
    set_video(still=new)
    assert (is_kept(old), is_kept(new)) == (False, True)
    set_video(drop_still=True)
    assert (campaign_video(staff_queries.desk("air")).still, is_kept(new)) == ("", False)


def test_a_video_of_our_own_has_captions_and_takes_the_place_of_one_elsewhere():
    published()
    set_video()
    name = stored_video(webm())
    set_video("", file=name, captions={"ko": CAPTIONS})
    video = queries.find("air", "en").video
    assert (video.file, video.format, video.media_type) == (name, "webm", "video/webm")
    assert video.captions == {"ko": CAPTIONS}
    assert video.words("en") == ["One sky & all", "Two lines"]
    assert is_kept(name)
    set_video("", captions={"ko": CAPTIONS, "en": CAPTIONS})
    assert queries.find("air", "en").video.file == name, "other captions leave the file alone"


def test_the_file_of_a_video_is_replaced_and_let_go_of():
    draft("air")
    old, new = stored_video(), stored_video()
    set_video("", file=old, still=stored_picture())
    set_video("", file=new)
    assert (is_kept(old), is_kept(new)) == (False, True)
    still = campaign_video(staff_queries.desk("air")).still
    set_video("", drop_file=True, captions={"ko": CAPTIONS})
    assert campaign_video(staff_queries.desk("air")) is None
    assert (is_kept(new), is_kept(still)) == (False, False)


def test_a_campaign_has_one_video():
    draft("air")
    name = stored_video()
    assert faults_of(set_video, file=name) == {"video": FieldFault.TWO_VIDEOS}
    set_video("", file=name)
    assert faults_of(set_video) == {"video": FieldFault.TWO_VIDEOS}
    set_video(drop_file=True)
    assert campaign_video(staff_queries.desk("air")).id == "dQw4w9WgXcQ"


def test_captions_belong_to_a_file():
    draft("air")
    assert faults_of(set_video, captions={"ko": CAPTIONS}) == {"own": FieldFault.MISSING}


@pytest.mark.parametrize(
    "text",
    [
        "One sky",
        "WEBVTTS\n\n00:00.000 --> 00:02.000\nOne",
        "\nWEBVTT\n\n00:00.000 --> 00:02.000\nOne",
        "WEBVTT\n\nOne",
        "WEBVTT\n\n00:00,000 --> 00:02,000\nOne",
        "WEBVTT\n\n00:00.000 --> 00:02.000\nOne\n\n0:02 --> 0:04\nTwo",
    ],
)
def test_captions_are_webvtt_of_which_browsers_show_everything(text):
    draft("air")
    assert faults_of(set_video, "", file=stored_video(), captions={"en": text}) == {
        "captions_en": FieldFault.CAPTIONS
    }


def test_another_file_is_no_video():
    draft("air")
    with pytest.raises(UnknownFile):
        set_video("", file=stored_document())


def test_a_letter_of_each_language_is_replaced_and_taken_away():
    published()
    old, new, english = stored_document(), stored_document(), stored_document()
    set_letters({"ko": old})
    set_letters({"ko": new, "en": english})
    assert [is_kept(name) for name in (old, new, english)] == [False, True, True]
    assert queries.find("air", "en").row.letter == {"ko": new, "en": english}
    set_letters(drop=["ko"])
    assert not is_kept(new)
    assert queries.find("air", "ko").row.letter == {"en": english}
