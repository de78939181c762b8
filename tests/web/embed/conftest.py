"""Pictures that are drawn with a number on them."""

import pytest

from pledge.share_images import drawing
from pledge.web.embed import number_card, share_image


@pytest.fixture
def drawn(monkeypatch):
    """What was written on the pictures, in order."""
    images = []

    def draw(image):
        images.append(image)
        return drawing.draw(image)

    for module in (number_card, share_image):
        monkeypatch.setattr(module, "draw", draw)
    return images
