"""The language that the script of a name tells."""

import pytest

from pledge.core.text.scripts import language_of_script


@pytest.mark.parametrize(
    ("name", "lang"),
    [("홍길동", "ko"), ("J. 김", "ko"), ("さくら", "ja"), ("カナ", "ja"), ("Anna Müller", ""), ("", "")],
)
def test_a_name_is_read_in_the_language_of_its_script(name, lang):
    assert language_of_script(name) == lang
