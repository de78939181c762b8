"""What a line of text that people write may hold: names as they are written everywhere, and nothing that harms."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.core.text.lines import BadLine, LineFault, clean_line, content_fault
from pledge.core.text.tables import neutral

LONGEST = 120

NAMES = [
    *("홍길동", "김철", "이", "X", "李明", "O'Brien", "Seán O’Brien", "Mary-Jane van der Berg", "José María"),
    *("Müller", "Nguyễn Văn A", "محمد", "דוד", "Иван Петров", "नमन्", "홍길동 (Gildong)", "1세종"),
    # dots
    *("J. K. Rowling", "J.K. Rowling", "J.K.Rowling", "J.Kim", "J. R. Doe", "R.E.M.", "И.Иванов", "А.С. Пушкин"),
    *("St. Mary's", "St.Mary's Church", "Dr. Kim", "Dr.Kim", "dr.Kim", "Prof.Park", "Mr.Lee", "Rev.Dr.Han"),
    *("Kim Jr.", "John Smith, Ph.D.", "Ph.D.Kim", "Lee Min-ho, M.Sc.", "B.Sc. Anna Lee", "No.1 Kindergarten"),
    *("주식회사 A.B.C", "A.B.C.", "㈜에이.비.씨", "(주)한국.서울지사", "서울시.경기도 협의회", "Co.,Ltd", "Sky Co., Ltd."),
    *("Sky Co.,Ltd.", "Sky Co.Ltd", "SKY CO.LTD", "Sky Corp.Ltd.", "Sky Inc.", "U.S. Steel", "U.S.Steel", "S.p.A."),
    *("S.A.R.L. Ciel", "G.m.b.H.", "Ciel e.V.", "Washington D.C.", "Korea Univ.", "제1.5차 회의", "3.1운동기념사업회"),
    *("4.16재단", "5.18기념재단", "6.10만세운동 기념사업회", "2.28 민주운동", "세계 1.5℃ 연대", "v2.0 Lab", "12.5만 서명단"),
    # what scripts need: joiners, variants of Chinese characters, marks on marks, signs with a colour of their own
    *"علی\u200cرضا ന്\u200dറെ രാജന്\u200d 葛\U000e0100城 神\ufe00 Nguyễn מִרְיָ֫ם พลอยน้ำ བསྒྲུབས ".split(),
    *"မြွှေး ᠮᠣᠩ\u180bᠭᠣᠯ 하늘☀\ufe0f 👩\u200d🔬과학자 ❤\ufe0f\u200d🔥팀 1\ufe0f\u20e3반 ᄒᆞᆫ글".split(),
    *("Kim . Lee", "이름 . 성", "…… com"),
    *("…그리고", "A…B", "Mary M. O.", "etc.", "팀장 (PR.홍보)", "A/B 연구소", "한국-EU 협회", "24/7 Care"),
]  # fmt: skip

BAD = [
    ("", LineFault.EMPTY),
    ("   ", LineFault.EMPTY),
    ("...", LineFault.EMPTY),
    ("가" * (LONGEST + 1), LineFault.TOO_LONG),
    *((f"홍{bad}길동", LineFault.CHARACTERS) for bad in "\n\t\r\x00\x7f\u202e\u2066\u200e\u200b\ufeff\u2028\ue000\ud800"),
    ("<b>Kim", LineFault.CHARACTERS),
    *((f"Kim{bad}", LineFault.CHARACTERS) for bad in "\u3164\uffa0\u115f\u1160\u034f\u17b4\u180b\u2800\u200d\u200c\ufe0f\U000e0100"),
    *((f"길{bad}동", LineFault.CHARACTERS) for bad in "\u3164\u115f\u200d\u200c\ufe00\U000e01ef"),
    *((text, LineFault.CHARACTERS) for text in (
        *("\u3164", "Kim 𝗰𝗮𝘀𝗶𝗻𝗼", "𝟎𝟏𝟎", "K" + "\u0301" * 60, "K" + "\u0321" * 5, "ا" + "\u064b\u200d" * 3),
        *("Kim" + "\u0489" * 3, "K\u20dd", "e" + "\u0301\u0302\u0303\u0304\u0305", "𒐫" * 20, "𓂀", "𐎠𐎼𐎹"),
        *("cas\u200dino.vip", "900101\u200d-1234567", "\u200d=HYPERLINK(1)"),
    )),
    *((f"{start}Kim", LineFault.FORMULA) for start in "=+-@|%＝＋－＠｜％"),
    ("\u00a0|calc", LineFault.FORMULA),
    *((text, LineFault.LINK) for text in (
        *("Win http://example.org", "HTTPS://EXAMPLE.ORG", "ftp://a", "//evil.example", "www.example.kr", "WWW.EXAMPLE"),
        *("buy at cheap.shop now", "casino.vip", "CASINO.VIP", "best-bets.win", "카지노.com", "도박.한국", "바카라.닷컴"),
        *("casino.vip에서", "(casino.vip)", "casino.vip/win", "a.casino.vip", "x.com", "X.COM", "t.co", "t.me/abc"),
        *("casino．vip", "casino。vip", "ｃａｓｉｎｏ.ｖｉｐ", "casino․vip", "casino ․ vip", "win  .com", "xn--80ak6aa92e.xn--p1ai", "казино.рф"),
        *("赌场.中国", "163.com", "1004.kr", "Casino.Vip", "Kim.Lee", "St.Mary.com", "Dr.com", "kim.lee", "192.168.0.1"),
        *("합니다.COM", "bit.ly/3xYz", "Booking.com Korea", "naver.com의 김철수", "node.js"),
    )),
    *((text, LineFault.ADDRESS) for text in (
        *("kim@example.org", "x@[127.0.0.1]", "a@b.c", "김@철수", "kim＠example", "kim @ home", "kim﹫home"),
    )),
    *((text, LineFault.RESIDENT_NUMBER) for text in (
        *("900101-1234567", "900101 1234567", "9001011234567", "홍길동 000229-3234567", "９００１０１-１２３４５６７"),
        *("900101–1234567", "900101 - 5234567", "900101.1234567"),
    )),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_any_script_is_kept_as_written(name):
    assert clean_line(name, LONGEST) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(("text", "fault"), BAD)
def test_a_line_that_harms_is_refused_with_its_own_fault(text, fault):
    with pytest.raises(BadLine) as refused:
        clean_line(text, LONGEST)
    assert refused.value.fault is fault


@pytest.mark.parametrize("text", ["2035-1234567", "901301-1234567", "900101-9234567", "02-123-4567", "2050"])
def test_a_number_that_identifies_nobody_is_taken(text):
    assert clean_line(text, LONGEST) == text


PEOPLE = [
    *("Louis XIV", "Louis Ⅷ", "김철수3", "김철수 5678", "1세종", "John Smith 3rd", "X Æ A-12", "R2-D2", "이"),
    *("三浦一郎", "Kim ②", "Henry the 8th", "박지성7", "नमन् १२"),
]
NUMBERS = [
    *("010-1234-5678", "call 010-1234-5678", "김철수 010 1234 5678", "82 10 1234 5678", "9" * 80, "7"),
    *("(7)", "１２３４５", "Kim ١٢٣٤٥", "①②③④⑤ Kim", "홍길동 1990.01.01", "12345 Kim", "1a2b3c4d5e"),
]  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_may_have_a_few_digits_in_the_name(name):
    assert clean_line(name, LONGEST, is_person=True) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_not_the_name_of_a_person(name):
    with pytest.raises(BadLine) as refused:
        clean_line(name, LONGEST, is_person=True)
    assert refused.value.fault is LineFault.DIGITS
    assert clean_line(name, LONGEST), "an organisation may be called so"


@pytest.mark.parametrize(
    "name", ["Nguyễn Thị Hợp", "พลอยน้ำ", "مُحَمَّدٌ", "מִרְיָ֫ם", "क्ष्मीं", "བསྒྲུབས", "ᾧ Ὀρφεύς", "မြွှေး", "ក្រុងភ្នំពេញ"]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_marks_that_a_script_needs_are_kept(name, form):
    assert clean_line(unicodedata.normalize(form, name), LONGEST, is_person=True) == unicodedata.normalize(
        "NFC", name
    )


@given(
    st.characters(categories=["L"]), st.lists(st.characters(categories=["Mn", "Me"]), min_size=5, max_size=60)
)
def test_a_letter_with_more_than_four_marks_is_refused_in_every_script(letter, marks):
    with pytest.raises(BadLine):
        clean_line(letter + "".join(marks), LONGEST)


def test_what_need_not_be_filled_may_be_blank():
    for blank in ("", " ", "\t", "\r\n", "\u00a0\u3000"):
        assert clean_line(blank, LONGEST, required=False) == ""


def test_a_line_is_trimmed_composed_and_its_spaces_made_single():
    assert clean_line("  홍   길동 ", LONGEST) == "홍 길동"
    assert clean_line(unicodedata.normalize("NFD", "홍길동"), LONGEST) == "홍길동"


@given(st.text(max_size=160) | st.text("ab가.@=|%-\u200d\u202e\u00a0 \t1", max_size=40))
@example("\u202e")
@example("\u200d%x")
def test_a_clean_line_is_safe_and_stays_the_same_when_cleaned_again(text):
    try:
        line = clean_line(text, LONGEST)
    except BadLine:
        return
    assert 1 <= len(line) <= LONGEST
    assert line == line.strip() == unicodedata.normalize("NFC", line)
    assert not set(line) & set("\n\t\r\0<>@＠\u202e\u2066")
    assert neutral(line) == line, "no spreadsheet takes it for a formula"
    assert content_fault(line) is None
    assert clean_line(line, LONGEST) == line
    line.encode("utf-8")
