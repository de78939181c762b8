"""The script that takes the README's pictures."""

from PIL import Image

from tools import pictures


def test_the_pictures_of_the_readme_can_be_taken_again(chromium, site, tmp_path):
    pictures.take_pictures(chromium, site.url, tmp_path)
    for picture in pictures.PICTURES:
        for folder in (tmp_path, pictures.FOLDER):
            with Image.open(folder / f"{picture.name}.png") as taken:
                assert taken.size == (picture.width, picture.height)
