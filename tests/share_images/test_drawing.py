"""What is written on a share image, and that it always fits."""

import io

import pytest
from PIL import Image, ImageChops

from pledge.share_images import drawing
from pledge.share_images.drawing import HEIGHT, WIDTH, ShareImage, draw

PLAIN = ShareImage(
    site="푸른 하늘 서약", title="푸른 하늘과 탄소중립 2050", figure="12,345", words="명이 서명했습니다"
)


def written(image):
    """The box around everything that is written: left, top, right, bottom."""
    with Image.open(io.BytesIO(draw(image))) as drawn, Image.open(drawing._SKY) as sky:
        return ImageChops.difference(drawn.convert("RGB"), sky.convert("RGB")).getbbox()


def test_the_image_is_a_png_in_the_size_that_networks_ask_for():
    with Image.open(io.BytesIO(draw(PLAIN))) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (1200, 630))


def test_the_same_words_give_the_same_bytes_and_another_number_gives_others():
    assert draw(PLAIN) == draw(PLAIN)
    assert draw(PLAIN) != draw(ShareImage(PLAIN.site, PLAIN.title, "12,346", PLAIN.words))


def test_a_share_image_is_small_enough_for_messengers():
    assert len(draw(PLAIN)) < 200_000  # KakaoTalk and WhatsApp refuse 300 kB and more


@pytest.mark.parametrize(
    "title",
    ["하늘", "푸른 하늘과 탄소중립 2050 " * 9, "Donaudampfschifffahrtsgesellschaft" * 5, "하늘" * 100],
    ids=["short", "many words", "one long word", "no space"],
)
def test_any_title_has_room(title):
    left, top, right, bottom = written(
        ShareImage(PLAIN.site * 20, title, "123,456,789", "people signed the pledge")
    )
    assert left >= drawing._LEFT - 4
    assert right <= WIDTH - drawing._LEFT + 4
    assert top >= 60
    assert bottom <= HEIGHT - 120


def test_a_character_that_the_first_font_lacks_is_taken_from_the_next():
    (korean, first), (han, second) = drawing._runs("서韓", 40)
    assert (korean, han) == ("서", "韓")
    assert "Pretendard" in first.getname()[0]
    assert "Noto" in second.getname()[0]
