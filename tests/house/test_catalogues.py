"""The catalogues of all languages are complete, in step with the sources, and nothing in them is a guess."""

import re

import pytest

from config import Config
from tools import catalogues

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


def test_there_is_a_catalogue_for_each_language():
    codes = {tag[:2] for tag in Config.model_fields["languages"].default}
    assert {catalogues.language(path) for path in catalogues.files()} == codes


@pytest.mark.parametrize("path", catalogues.files(), ids=catalogues.language)
def test_a_translation_keeps_the_placeholders(path):
    messages = list(catalogues.read(path))
    assert any(PLACEHOLDER.search(str(message.id)) for message in messages)
    for message in messages:
        originals = message.id if isinstance(message.id, (tuple, list)) else [message.id]
        texts = message.string if isinstance(message.string, (tuple, list)) else [message.string]
        if not message.id or not catalogues.is_complete(message):
            continue
        wanted = set(PLACEHOLDER.findall(originals[-1]))
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= wanted, message.id
        assert set(PLACEHOLDER.findall(texts[-1])) == wanted, message.id
