"""Which videos are taken: those whose container is whole and whose codec every browser has."""

import io

import pytest

from pledge.files import videos
from pledge.files.faults import BadVideoFile, VideoFault
from pledge.files.videos import blank_metadata, video_type
from tests.support.videos import box, element, mp4, webm


def fault_of(data):
    with pytest.raises(BadVideoFile) as refused:
        video_type(io.BytesIO(data))
    return refused.value.fault


@pytest.mark.parametrize("codec", ["avc1", "avc3", "av01"])
def test_an_mp4_that_every_browser_plays_is_taken(codec):
    assert video_type(io.BytesIO(mp4(codec))) == "video/mp4"


@pytest.mark.parametrize("codec", ["V_VP8", "V_VP9", "V_AV1"])
def test_a_webm_is_taken(codec):
    assert video_type(io.BytesIO(webm(codec))) == "video/webm"


def test_a_webm_as_a_browser_records_it_is_taken():
    assert video_type(io.BytesIO(webm(is_endless=True))) == "video/webm"


def test_large_boxes_and_a_last_one_without_a_size_are_understood():
    large = (1).to_bytes(4, "big") + b"mdat" + (116).to_bytes(8, "big") + bytes(100)
    start = mp4()[: -len(box("mdat", bytes(100)))]
    assert video_type(io.BytesIO(start + large)) == "video/mp4"
    assert video_type(io.BytesIO(start + bytes(4) + b"mdat" + bytes(100))) == "video/mp4"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", VideoFault.EMPTY),
        (b"GIF89a" + bytes(100), VideoFault.WRONG_TYPE),
        (mp4(brand="qt  "), VideoFault.WRONG_TYPE),
        (webm(kind=b"matroska"), VideoFault.WRONG_TYPE),
        (mp4("hvc1"), VideoFault.CODEC),
        (webm("V_MPEG4/ISO/AVC"), VideoFault.CODEC),
        (mp4()[:-1], VideoFault.DAMAGED),
        (mp4() + b"\0\0\0\4free", VideoFault.DAMAGED),
        (mp4() + b"rest", VideoFault.DAMAGED),
        (mp4()[: -len(box("mdat", bytes(100)))], VideoFault.DAMAGED),
        (webm()[:-1], VideoFault.DAMAGED),
        (webm() + b"\0", VideoFault.DAMAGED),
        (element("1a45dfa3", element("4282", b"webm")) + element("18538067"), VideoFault.DAMAGED),
    ],
)
def test_every_other_file_is_refused_with_its_reason(data, fault):
    assert fault_of(data) == fault


def test_every_cut_and_every_wrong_byte_is_answered():
    """No other exception leaves the check, whatever a file says about its own structure."""
    for whole in (mp4(media=8), webm()):
        for at in range(len(whole)):
            for data in (
                whole[:at],
                whole[:at] + b"\xff" + whole[at + 1 :],
                whole[:at] + b"\0" + whole[at + 1 :],
            ):
                try:
                    video_type(io.BytesIO(data))
                except BadVideoFile:
                    continue


def test_boxes_a_thousand_deep_are_no_way_to_a_codec():
    deep = box("stsd", bytes(8))
    for _ in range(2000):
        deep = box("moov", deep)
    assert fault_of(box("ftyp", b"isom") + deep + box("mdat")) == VideoFault.CODEC


def test_a_file_of_nothing_but_empty_parts_is_given_up(monkeypatch):
    monkeypatch.setattr(videos, "_MAX_PARTS", 50)
    assert fault_of(mp4() + box("free") * 60) == VideoFault.DAMAGED


PLACE = b"+37.5665+126.9780/"


@pytest.mark.parametrize("name", ["udta", "meta", "uuid"])
def test_the_place_in_the_description_of_an_mp4_is_blanked_and_nothing_else_changes(name):
    noted = box(name, PLACE)
    large = (1).to_bytes(4, "big") + name.encode() + (16 + len(PLACE)).to_bytes(8, "big") + PLACE
    track = box("trak", box("tkhd", bytes(80)) + noted)
    data = mp4() + noted + box("moov", track + large) + box("moof", box("traf", noted))
    file = io.BytesIO(data)
    blank_metadata(file, video_type(file))
    assert file.getvalue() == data.replace(PLACE, bytes(len(PLACE))).replace(name.encode(), b"free")


def test_a_damaged_description_is_refused_and_boxes_a_thousand_deep_are_no_way_to_it():
    damaged = io.BytesIO(mp4() + box("moof", b"rest"))
    with pytest.raises(BadVideoFile) as refused:
        blank_metadata(damaged, video_type(damaged))
    assert refused.value.fault == VideoFault.DAMAGED
    deep = b""
    for _ in range(2000):
        deep = box("moov", deep)
    file = io.BytesIO(mp4() + deep)
    blank_metadata(file, video_type(file))
    assert file.getvalue() == mp4() + deep


@pytest.mark.parametrize("length", [0, 1, 2, 7, 8, 9, 10, 200])
def test_the_place_in_the_tags_of_a_webm_is_blanked_and_nothing_else_changes(length):
    tags = element("1254c367", b"x" * length)
    tracks = element("1654ae6b", element("ae", element("86", b"V_VP9")))
    clusters = element("1f43b675", b"x" * 50)
    data = element("1a45dfa3", element("4282", b"webm")) + element("18538067", tracks + tags + clusters)
    file = io.BytesIO(data)
    blank_metadata(file, video_type(file))
    made = file.getvalue()
    begin = data.index(tags) + len(tags) - length
    assert (made[:begin], made[begin + length :]) == (data[:begin], data[begin + length :])
    if length >= 2:
        assert b"x" not in made[begin : begin + length]
        inside = videos._elements(videos._Reader(file), begin, begin + length)
        assert [(number, stop) for number, _, stop in inside] == [(0xEC, begin + length)]
