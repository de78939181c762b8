"""The script that takes the README's pictures."""

import re

from PIL import Image

from config import ROOT
from tools import pictures


def test_the_pictures_of_the_readme_can_be_taken_again(chromium, site, tmp_path):
    pictures.take_pictures(chromium, site.url, tmp_path)
    for picture in pictures.PICTURES:
        for folder in (tmp_path, pictures.FOLDER):
            with Image.open(folder / f"{picture.name}.png") as taken:
                assert taken.size == (picture.width, picture.height)


def test_every_picture_that_is_taken_is_shown_or_linked_in_the_readme():
    named = re.findall(r"docs/images/([\w-]+)\.png", (ROOT / "README.md").read_text("utf-8"))
    assert sorted(set(named)) == sorted(picture.name for picture in pictures.PICTURES)
