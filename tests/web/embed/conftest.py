"""Pictures that are drawn with a number on them."""

import pytest

from pledge.share_images import drawing
from pledge.web.embed import pictures


@pytest.fixture
def drawn(monkeypatch):
    """What was written on the pictures, in order."""
    images = []

    def draw(image, shape):
        images.append(image)
        return drawing.draw(image, shape)

    monkeypatch.setattr(pictures, "draw", draw)
    return images
