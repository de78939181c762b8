"""The buttons of staff have the verbs of docs/words.md, one for each act, in every language of the table; Korean keeps to
the words that are settled there."""

import re
from collections import defaultdict

from config import ROOT
from tools import catalogues

TEMPLATES = ROOT / "pledge" / "templates"
KOREAN = ROOT / "pledge/translations/ko/LC_MESSAGES/messages.po"
WRITERS = re.compile(
    r"\b(?:button|act|act_submit|at_once|decision)\((?P<words>.{0,160})|<button[^>]*>(?P<inner>.{0,160})"
)
MESSAGE = re.compile(r'\b(?:_|pgettext|ngettext)\((?:"act", |"button", )?"(?P<text>[^"]+)"')

#: Korean that docs/words.md has settled otherwise.
SETTLED = re.compile(
    r"(?<!이)메일 (?:주소|도메인)|증서|누리집|참여 기관|수정(?:하기|해 주)|키로 서명|서명된 (?:체크포인트|루트|상태|기록)"
    r"|(?<!2단계 )(?<!참여 )인증(?!번호| 앱| 키|서)"
    r"|미리보기|스팸함|님에게|체크해|담당자가 (?:직접 |먼저 )?(?:살펴|읽)"
)
#: A particle whose form depends on how a filled-in word ends; a place (2번째) and a day always end alike.
GUESSED = re.compile(r"\(으\)로|(?:(?<!place)\)s|(?<!date)\})(?:으?로|[을를은는과와])(?![가-힣])")


def verbs():
    """English and Korean verbs of the table."""
    section = (
        (ROOT / "docs" / "words.md").read_text("utf-8").split("## Verbs of buttons\n")[1].split("\n## ")[0]
    )
    listed = section.strip().split("\n\n")[-1]
    return re.findall(r"[a-z][a-z ]*[a-z]", listed), re.findall(r"[가-힣]+", listed)


def as_tuple(text):
    """The forms of a message, also of one that has a single one."""
    return text if isinstance(text, tuple) else (text,)


def buttons():
    """What is written on the buttons of staff."""
    for folder in ("staff", "components/staff", "components/organization", "components/delivery"):
        for path in sorted((TEMPLATES / folder).rglob("*.html")):
            for match in WRITERS.finditer(path.read_text("utf-8")):
                words = re.split(
                    r"url_for|about=|hint=|label=|</button|%}|_field\(", match["words"] or match["inner"]
                )[0]
                yield from MESSAGE.findall(words)


def test_a_button_of_staff_says_what_it_does_with_a_verb_of_the_table():
    english, korean = verbs()
    texts = defaultdict(set)
    for message in catalogues.read(KOREAN):
        texts[as_tuple(message.id)[0]].update(as_tuple(message.string))
    labels = set(buttons())
    assert len(labels) > 60
    assert [text for text in sorted(labels) if not text.lower().startswith(tuple(english))] == []
    other = {text: texts[text] for text in sorted(labels) if text in texts}
    assert {
        text: reason
        for text, reason in other.items()
        if not any(re.sub(r" ?\(.*\)$", "", words).endswith(tuple(korean)) for words in reason)
    } == {}


def test_korean_has_the_words_that_are_settled():
    messages = [message for message in catalogues.read(KOREAN) if message.id]
    texts = [text for message in messages for text in as_tuple(message.string)]
    texts += [path.read_text("utf-8") for path in sorted((TEMPLATES / "mail" / "ko").glob("*.txt"))]
    texts += [path.read_text("utf-8") for path in sorted((ROOT / "pledge" / "content").rglob("*ko.md"))]
    for rule in (SETTLED, GUESSED):
        assert [
            match[0] for text in texts for match in [rule.search(text.replace("전자서명", ""))] if match
        ] == []
