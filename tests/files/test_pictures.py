"""A good picture comes out upright, in two sizes, transparent where it was, and with nothing in it but pixels."""

import io
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from pledge.files import pictures, resizing
from pledge.files.faults import FileRefused
from pledge.files.pictures import (
    SIZES,
    WIDE_SIZES,
    PictureFault,
    is_bare_webp,
    picture_format,
    renditions,
)
from tests.files.corpus import GOOD
from tests.support import programs
from tests.support.pictures import (
    GPS_PLACE,
    canvas,
    exif,
    noise,
    picture,
    png,
    riff,
    saved,
    swapped_profile,
    webp,
    webp_chunk,
)
from tests.support.refusals import fault_of
from tests.support.waiting import TEST_TIMEOUT, wait_until


def opened(data):
    return Image.open(io.BytesIO(data), formats=("WEBP",))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_picture_becomes_two_bare_webp_pictures(name):
    data = GOOD[name]()
    made = renditions(data)
    assert tuple(made) == SIZES == resizing.SIZES == (96, 320)
    for size, out in made.items():
        assert is_bare_webp(out, size)
        assert out not in data
        shown = opened(out)
        assert max(shown.size) <= size
        assert not shown.info.keys() & {"exif", "xmp", "icc_profile"}
        assert not shown.getexif()
        assert GPS_PLACE.encode() not in out
    assert made[96] != data != made[320]


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        ((400, 300), (96, 72), (320, 240)),
        ((300, 400), (72, 96), (240, 320)),
        ((2000, 20), (96, 1), (320, 3)),
        ((120, 60), (96, 48), (120, 60)),
        ((10, 10), (10, 10), (10, 10)),
    ],
)
def test_a_picture_fits_its_box_and_is_never_enlarged(size, small, large):
    made = renditions(png(size=size))
    assert (opened(made[96]).size, opened(made[320]).size) == (small, large)


def test_a_picture_taken_sideways_stands_upright():
    sideways = saved(picture(size=(400, 300)), "JPEG", exif=exif(6))
    assert opened(renditions(sideways)[320]).size == (240, 320)


@pytest.mark.parametrize("name", [name for name in GOOD if "transparent" in name])
def test_a_transparent_picture_stays_transparent(name):
    assert opened(renditions(GOOD[name]())[320]).convert("RGBA").getextrema()[3] != (255, 255)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "png with a profile", "jpeg, for print"])
def test_colours_stay_what_they_were(name):
    red, green, blue = opened(renditions(GOOD[name]())[320]).getpixel((40, 40))
    assert abs(red - 200) < 20
    assert abs(green - 30) < 30
    assert abs(blue - 60) < 30


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_is_followed_before_it_is_thrown_away(mode):
    made = renditions(saved(picture(mode), "PNG", icc_profile=swapped_profile()))
    red, _, blue, *alpha = opened(made[320]).getpixel((40, 40))
    assert red < blue - 40
    assert alpha in ([], [90])


def test_sixteen_bits_of_grey_are_not_washed_out():
    grey = opened(renditions(GOOD["png, 16 bits of grey"]())[320]).convert("L")
    assert grey.getpixel((10, 5)) < 40


def test_a_flat_logo_keeps_its_exact_colours_and_a_photograph_stays_small():
    made = renditions(png())
    assert opened(made[320]).getpixel((40, 40)) == (200, 30, 60)
    assert max(map(len, renditions(saved(noise((500, 500)), "JPEG")).values())) < 120_000


@pytest.mark.parametrize("name", GOOD)
def test_a_photograph_across_the_page_becomes_three_bare_webp_pictures(name):
    made = renditions(GOOD[name](), wide=True)
    assert tuple(made) == WIDE_SIZES == tuple(resizing.WIDE) == (640, 1080, 1600)
    for size, out in made.items():
        assert is_bare_webp(out, size)
        assert opened(out).mode == "RGB"
        assert GPS_PLACE.encode() not in out


def test_a_photograph_is_at_most_sixty_kilobytes_on_a_phone():
    grain = noise((250, 160)).resize((2000, 1300))  # finer detail than a photograph has
    made = renditions(saved(grain, "JPEG", quality=60), wide=True)
    assert opened(made[1600]).size == (1600, 1040)
    assert len(made[640]) <= 60_000


# --- The look before the decoder ---


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x40\0\0\0WEBP"]),
)
def test_any_bytes_are_a_fault_or_a_format(data, start):
    try:
        assert picture_format(start + data) in ("PNG", "JPEG", "WEBP")
    except FileRefused:
        pass


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: whole + b"more",
        lambda whole: whole[:-1],
        lambda whole: whole[:4] + b"\xff\xff\xff\xff" + whole[8:],
        lambda whole: riff(webp_chunk(whole), webp_chunk(whole)),
        lambda whole: riff(webp_chunk(whole), (b"EXIF", b"II*\0")),
        lambda whole: riff(canvas(401, 300), webp_chunk(whole)),
        lambda whole: riff(canvas(40, 30)) + b"<script>",
        lambda whole: riff(canvas(40, 30), (b"ALPH", b"<script>alert(1)</script>"), webp_chunk(whole)),
        lambda whole: riff((b"ANMF", b"")),
        lambda whole: b"",
        lambda whole: png(),
    ],
)  # fmt: skip
def test_only_one_small_webp_picture_without_anything_else_is_bare(spoil):
    whole = webp(size=(400, 300))
    assert is_bare_webp(whole, 400)
    assert not is_bare_webp(whole, 399)
    assert not is_bare_webp(spoil(whole), 400)


# --- The child ---


def limited(code):
    """Run code under the child's own limits."""
    script = f"import sys; sys.path.insert(0, {str(pictures.COMMAND[-1].rpartition('/')[0])!r})\nimport resizing, socket\nresizing.limit()\n{code}"
    return programs.run(sys.executable, "-I", "-c", script)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("bytearray(256 * 1024 * 1024)", "MemoryError"),
        ("open('/etc/passwd')", "Too many open files"),
        ("socket.socket()", "Too many open files"),
    ],
)
def test_the_child_has_little_memory_and_opens_nothing(code, error):
    done = limited(code)
    assert done.returncode == 1
    assert error in done.stderr


def test_the_child_ends_by_itself_when_it_computes_too_long():
    assert limited("while True: pass").returncode < 0


def test_the_child_gets_no_setting_from_the_environment(monkeypatch):
    seen = {}
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: seen.update(options) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        renditions(png())
    assert seen["env"] == {}


@pytest.mark.parametrize(
    ("command", "fault"),
    [("while True: pass", PictureFault.BUSY), ("raise SystemExit(1)", PictureFault.TOO_HARD)],
    ids=["late", "ended by a limit"],
)
def test_a_child_that_got_no_processor_is_not_the_fault_of_the_picture(monkeypatch, command, fault):
    monkeypatch.setattr(pictures, "COMMAND", (sys.executable, "-c", command))
    monkeypatch.setattr(pictures, "WALL_SECONDS", 1)
    assert fault_of(renditions, png()) == fault


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ok\n",
        b"ok 3 3\nabcdef",
        b"ok 999 1\nabc",
        b"ok -1 4\nabc",
        b"no such fault\n",
        b"ok 5 5\n<svg><svg>",
        b"\xff\xfe\n",
    ],
)
def test_nothing_that_a_captured_child_says_is_believed(monkeypatch, answer):
    monkeypatch.setattr(pictures, "_ask_child", lambda *_: answer)
    assert fault_of(renditions, png()) == PictureFault.TOO_HARD


def test_only_a_few_pictures_are_made_at_once(monkeypatch):
    """Each child may take a core and a quarter of a gigabyte; one more waits, others are told at once to come again."""
    go_on = threading.Event()
    monkeypatch.setattr(pictures, "_ask_child", lambda *_: go_on.wait(TEST_TIMEOUT) and b"damaged\n")

    faults = []

    def send():
        with pytest.raises(FileRefused) as refused:
            renditions(png())
        faults.append(refused.value.fault)

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    try:
        wait_until(lambda: faults)
        assert faults == [PictureFault.BUSY]
    finally:
        go_on.set()
        for sender in senders:
            sender.join()
    assert faults[1:] == [PictureFault.DAMAGED] * 2


@pytest.mark.parametrize("size", [(1, 4_000_000), (4_000_000, 1), (8_001, 10)])
def test_a_strip_is_refused_by_its_header_before_its_pixels_are_decoded(monkeypatch, size):
    data = png(size=size)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(resizing.PictureRefused, match="too_many_pixels"):
        resizing.decoded(data, "PNG")
