"""What tables and letters call things, in both languages: a file that is handed over has no reader's language."""

from pledge.statistics.cells import MIN_CELL
from pledge.statistics.values import Words

CAMPAIGN = Words("캠페인", "Campaign")
AS_OF = Words("집계 기준 시각", "As of")
PEOPLE = Words("서명한 사람", "People")
ORGANIZATIONS = Words("참여 단체", "Organisations")
NOTE = Words("알림", "Note")
SUMMARY = Words("요약", "Summary")
BY_COUNTRY = Words("국가별", "By country")
BY_REGION = Words("지역별", "By region")
BY_DAY = Words("날짜별", "By day")
SECTION = Words("구분", "Section")
ITEM = Words("항목", "Item")
VALUE = Words("값", "Value")
NUMBER = Words("수", "Number")
SHARE = Words("비율 (%)", "Share (%)")
TOTAL = Words("합계", "Total")
COUNTRY = Words("국가", "Country")
REGION = Words("지역", "Region")
DAY = Words("날짜 (한국 시간, KST)", "Day (Korean time, KST)")
ENTRIES = Words("공개 기록의 항목 수", "Entries of the public log")
ROOT_HASH = Words("루트 해시", "Root hash")
LOG = Words("공개 기록 이름", "Name of the log")
VERIFY = Words("검증 페이지", "Page for checking")
IN_ALL = Words("누적", "In all")
SEPARATE = Words(
    "사람과 단체는 따로 집계하며 두 수를 더하지 않습니다.",
    "People and organisations are two separate numbers and are never added up.",
)
UNNAMED = Words(
    "집계에는 들어 있으나 내용이 삭제되어 이름을 적지 않은 단체",
    "Organisations that are counted but no longer named, as their content was deleted",
)
GROWTH = Words("서명한 사람의 누적 수", "People who signed, in all")
REGIONS = Words("지역별 서명한 사람", "People who signed, by region")
CODE = Words("코드", "Code")

#: As templates/components/organization/labels.html calls them; a test compares.
TYPES = {
    "business": Words("기업", "Business"),
    "city": Words("지방자치단체", "City or province"),
    "government": Words("중앙정부 기관", "National government body"),
    "embassy": Words("대사관", "Embassy"),
    "international": Words("국제기구", "International organisation"),
    "civil": Words("시민사회단체", "Civil society"),
    "academia": Words("학교·학술기관", "Academia or school"),
    "faith": Words("종교단체", "Faith"),
    "youth": Words("청년·청소년단체", "Youth"),
    "media": Words("언론", "Media"),
    "other": Words("기타", "Other"),
}
LEVELS = {
    "mail": Words("이메일로 확인", "Confirmed by e-mail"),
    "domain": Words("단체 도메인 이메일로 확인", "Verified by its e-mail domain"),
    "site": Words("홈페이지에서 확인", "Confirmed on its website"),
    "staff": Words("사무국이 확인", "Checked by the secretariat"),
}


def merged(smallest: int = MIN_CELL) -> Words:
    return Words(
        f"{smallest}명 미만인 항목은 개인이 드러나지 않도록 ‘기타’로 합쳤습니다.",
        f"Lines of fewer than {smallest} people are merged into “Other”, so that nobody can be recognised.",
    )


def named(words: dict[str, Words], key: str) -> Words:
    """What a kind or level is called; the code itself where it is of a later version than this list."""
    return words.get(key, Words(key, key))
