"""What is drawn on a share image, and that it always fits."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from pledge.share_images.drawing import HAZE, SQUARE, STORY, WIDE, Host, ShareImage, draw
from tests.support.pictures import webp
from tools.skyline import PLEDGE, RESULT, drawing

PLAIN = ShareImage(
    lang="ko",
    above="푸른 하늘 서약",
    title="푸른 하늘과 탄소중립 2050",
    figure="12,345명",
    words="당신도 함께해 주세요",
    clearness=3,
    hosts=(Host("글로벌녹색성장연구소"), Host("기후변화센터")),
)
NOTHING = replace(PLAIN, above="", title="", figure="", words="", hosts=())
SHAPES = pytest.mark.parametrize("shape", [WIDE, SQUARE, STORY], ids=["wide", "square", "story"])


def opened(image, shape=WIDE):
    return Image.open(io.BytesIO(draw(image, shape))).convert("RGB")


def written(image, shape, over=NOTHING):
    """The box around everything that is written: left, top, right, bottom."""
    difference = ImageChops.difference(opened(image, shape), opened(over, shape)).convert("L")
    return difference.point(lambda value: 255 * (value > 16)).getbbox()


@SHAPES
def test_each_shape_is_a_png_that_messengers_take(shape):
    data = draw(PLAIN, shape)
    with Image.open(io.BytesIO(data)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (shape.width, shape.height))
    assert len(data) < 300_000  # KakaoTalk and WhatsApp refuse more


def test_the_same_words_give_the_same_bytes_and_another_number_gives_others():
    draw.cache_clear()
    first = draw(PLAIN)
    draw.cache_clear()
    assert draw(PLAIN) == first
    assert draw(replace(PLAIN, figure="12,346명")) != first


@SHAPES
@pytest.mark.parametrize(
    "title",
    ["하늘", "푸른 하늘과 탄소중립 2050 " * 9, "Donaudampfschifffahrtsgesellschaft" * 5, "하늘" * 100],
    ids=["short", "many words", "one long word", "no space"],
)
def test_any_title_has_room_with_any_number(shape, title):
    image = replace(PLAIN, above=PLAIN.above * 20, title=title, figure="1,234,567명", below="함께합니다")
    left, top, right, bottom = written(replace(image, hosts=()), shape)
    middle = shape.width / 2
    assert middle - left <= shape.room / 2 + 4
    assert right - middle <= shape.room / 2 + 4
    assert top >= shape.top - 4
    assert bottom <= shape.bottom + 4


def test_the_number_is_the_largest_thing_on_it():
    left, top, right, bottom = written(replace(NOTHING, figure="12,345명"), WIDE)
    assert right - left > 500
    assert bottom - top > 110


def test_many_hosts_stay_inside():
    left, _, right, _ = written(replace(NOTHING, hosts=(Host("기후변화를 걱정하는 연구소"),) * 9), WIDE)
    assert right - left <= WIDE.room + 4


def test_the_sky_clears_with_the_steps_as_on_the_page():
    css = (PLEDGE / "static/css/components/skyline.css").read_text("utf-8")
    assert [float(haze) for haze in re.findall(r"\.sky-\d \{ --haze: ([\d.]+); \}", css)] == list(HAZE)
    hazy, clear = (opened(replace(NOTHING, clearness=step)) for step in (0, 5))
    assert ImageChops.difference(hazy, clear).getbbox()[1] > 200, "haze lies low"


def test_city_and_sky_are_those_of_the_page():
    assert RESULT.read_text("utf-8") == drawing(), "run tools/skyline.py"
    settings = (PLEDGE / "static/css/settings.css").read_text("utf-8")
    for name in ("sky-high", "sky-mid", "sky-low", "dust"):
        assert re.search(rf"--{name}: (#\w+);", settings)[1] in RESULT.with_name("image.typ").read_text(
            "utf-8"
        )


def test_logos_are_drawn():
    assert written(replace(NOTHING, hosts=(Host("", webp()),)), WIDE)
    assert written(replace(NOTHING, logo=webp()), WIDE)


@pytest.mark.parametrize(("focus", "is_red"), [("left-top", True), ("right-bottom", False)])
def test_a_photograph_fills_the_picture_and_keeps_what_staff_chose_in_sight(focus, is_red):
    image = replace(NOTHING, photo=webp(size=(400, 800)), focus=focus)
    with Image.open(io.BytesIO(draw(image))) as drawn:
        assert drawn.mode == "P", "messengers take no large pictures"
        red, green, _blue = drawn.convert("RGB").getpixel((5, 5))
    assert (red > 150 > green) is is_red, "the upper left of it is red"
