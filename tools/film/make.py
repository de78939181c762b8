"""Makes the film of the demo campaign and its picture: `python -m tools.film.make`.

scene.html draws one moment; Chromium shows it frame by frame, and ffmpeg (a Debian package that only this script needs)
encodes H.264, which every browser plays. The film has no sound and no words: those are its captions, in each language.
"""

import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
SCENE = Path(__file__).with_name("scene.html")
DEMO = ROOT / "pledge" / "content" / "demo" / "blue-skies"

SECONDS, FRAMES_PER_SECOND = 30, 20
WIDTH, HEIGHT = 1280, 720
#: The moment, in seconds, that is shown until somebody presses play.
STILL = 22.5

ENCODER = (
    *("ffmpeg", "-loglevel", "error", "-y", "-f", "image2pipe", "-framerate", str(FRAMES_PER_SECOND)),
    *("-i", "-", "-c:v", "libx264", "-preset", "veryslow", "-crf", "26", "-pix_fmt", "yuv420p", "-an"),
    # Nothing about the machine; the index first, so that a player begins before it has the whole file.
    *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"),
)


def scene(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(SCENE.as_uri())
    page.evaluate("document.fonts.load('190px Pretendard')")
    return page


def frame(page: Page, moment: float) -> bytes:
    page.evaluate("moment => draw(moment)", moment)
    return page.screenshot()


def film(page: Page, target: Path) -> None:
    with subprocess.Popen((*ENCODER, str(target)), stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None  # as it was opened
        for number in range(SECONDS * FRAMES_PER_SECOND):
            encoder.stdin.write(frame(page, number / FRAMES_PER_SECOND))
        encoder.stdin.close()
    if encoder.returncode:
        raise RuntimeError("ffmpeg failed")


def picture(page: Page, moment: float, target: Path) -> None:
    """A frame as WebP, by the same program."""
    command = ("ffmpeg", "-loglevel", "error", "-y", "-i", "-", "-quality", "82", str(target))
    subprocess.run(command, input=frame(page, moment), check=True)


if __name__ == "__main__":
    with chromium() as browser:
        picture(scene(browser), STILL, DEMO / "film.webp")
        film(scene(browser), DEMO / "film.mp4")
