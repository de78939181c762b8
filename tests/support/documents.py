"""Documents of deliveries: a large campaign with everything in it, and the smallest that there can be."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pledge.core import countries as places
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.deliveries.document import Document, Moves, NamedPartner, SignUps
from pledge.statistics.cells import Cell
from pledge.statistics.totals import CountedCheckpoint, Organization, Pledge

ROOT = "q5T3cYbRb0pJm0K0bq4rVJH2m0y5m7Zr0l1q2Q9b0aE="
ORIGIN = "pledge.example/log/blue-skies"
KEY = f"{ORIGIN}+1a2b3c4d+AWPcvmyA6+jTqUMTQTLEKLSXFEc0Uy+hNzqB4mPcbAtp"
NOTE = f"{ORIGIN}\n48612\n{ROOT}\n\n— {ORIGIN} Gis8TQ==\n"

KOREAN = """우리는 푸른 하늘과 안정된 기후를 다음 세대에 물려주고자 합니다.

- 맑은 공기와 안정된 기후를 위해 2050년 탄소중립 약속을 지키고, 과감한 기후행동에 나서 주십시오.
- 시민사회, 기업, 국제사회와 폭넓게 협력해 주십시오.
"""
ENGLISH = """We want to hand on blue skies and a stable climate to the next generation.

- Keep the commitment to carbon neutrality by 2050, and act boldly, for clean air and a stable climate.
- Work closely with civil society, businesses and the international community.
"""
LETTER = Texts(
    ko="귀 기관의 무궁한 발전을 기원합니다.\n\n"
    "우리 캠페인은 푸른 하늘과 2050년 탄소중립을 바라는 시민과 단체의 뜻을 모아 왔습니다. 서명한 분들은 모두 자신의 "
    "메일함에서 서명을 직접 확인하였으며, 그 수는 누구나 다시 셀 수 있는 공개 기록에서 나온 것입니다.\n\n"
    "이에 서명 집계를 붙임과 같이 제출하오니, 정책에 적극 반영하여 주시기 바랍니다.",
    en="We send you our respects.\n\n"
    "Our campaign has gathered the voices of people and organisations who wish for blue skies and for carbon neutrality "
    "by 2050. Everyone who signed has confirmed the signature from their own mailbox, and the number comes from a "
    "public log that anyone can count again.\n\n"
    "We therefore submit the totals attached to this letter, and ask you to take them into account in your policy.",
)

_ABROAD = "US JP DE NL NZ GB FR CA AU SG VN TH ID PH MY IN CN TW SE NO DK FI CH AT IT ES BR MX ZA".split()
_NAMES = (
    ("글로벌녹색성장연구소", "Global Green Growth Institute", "international"),
    ("주한 네덜란드 대사관", "Embassy of the Kingdom of the Netherlands in the Republic of Korea", "embassy"),
    ("㈜푸른하늘에너지솔루션홀딩스", "Blue Sky Energy Solutions Holdings Co., Ltd.", "business"),
    ("한국청소년기후변화대응네트워크연합회", "Korean Youth Network on Climate Change", "youth"),
    ("국립환경대학교 부설 대기환경·기후변화융합연구소", "", "academia"),
    ("", "Straßburger Gesellschaft für Luftreinhaltung e. V.", "civil"),
    ("제주특별자치도 서귀포시", "Seogwipo City, Jeju Special Self-Governing Province", "city"),
    ("천주교 창조보전연대", "Catholic Network for the Integrity of Creation", "faith"),
    ("푸른신문", "Pureun Shinmun", "media"),
)


def document(**changes: Any) -> Document:
    """A campaign of 48,211 people: 17 regions, 30 countries, 120 days, 45 organisations."""
    return _changed(_large(), changes)


def tiny_document(**changes: Any) -> Document:
    """Three people and no organisation; everything is too small to be shown."""
    checkpoint = CountedCheckpoint(3, ROOT, 3, 0, "2026-11-24T05:00:00Z", NOTE)
    small = replace(
        _large(),
        goal=0,
        checkpoint=checkpoint,
        **checkpoint.counts,
        by_country=[Cell("other", Texts(ko="기타", en="Other"), 3)],
        by_region=[Cell("other", Texts(ko="기타", en="Other"), 3)],
        by_day=[Cell("other", Texts(ko="기타", en="Other"), 3)],
        named_organizations=[],
        unnamed_organizations=0,
        secretariat=[],
        partners=[],
        people_moves=Moves(3, 0, 0, 0),
        organization_moves=Moves(0, 0, 0, 0),
        sign_ups=SignUps("2026-11-24T05:10:00Z", None, 3, {"merged": None}),
    )
    return _changed(small, changes)


def _changed(made: Document, changes: dict[str, Any]) -> Document:
    counts = changes["checkpoint"].counts if "checkpoint" in changes else {}
    return replace(made, **changes, **counts)


def organization(ko: str, en: str, kind: str = "civil", **changes: Any) -> Organization:
    made = Organization(
        name=Texts(ko=ko, en=en),
        type=kind,
        country="KR",
        region="KR-11",
        website="https://organization.example",
        level="domain",
        target_year=2050,
        statement=Texts(ko="함께합니다.", en="We stand with it."),
        published_on="2026-10-05",
        scope="chain",
        plan_url="https://organization.example/plan",
    )
    return replace(made, **changes)


@cache
def _large() -> Document:
    people = 48_211
    regions = {code: 300 + 137 * place for place, code in enumerate(places.REGIONS)}
    regions |= {"KR-11": 14_180, "KR-41": 9_875}
    abroad = {code: 900 - 30 * place for place, code in enumerate(_ABROAD[:28])}
    countries = {"KR": people - sum(abroad.values()) - 8, **abroad}
    first = datetime(2026, 7, 28, tzinfo=UTC)
    # Many at the beginning and around 7 September, as in life.
    rises = [40 + (day * 7919) % 331 + (2200 if day in (0, 1, 41) else 0) for day in range(119)]
    days = {f"{first + timedelta(days=day):%Y-%m-%d}": rise for day, rise in enumerate(rises)}
    while sum(days.values()) + 900 < people:
        days = {day: rise * 11 // 10 for day, rise in days.items()}
    while sum(days.values()) + 60 > people:
        days = {day: rise * 99 // 100 for day, rise in days.items()}
    days["2026-11-24"] = people - sum(days.values())
    checkpoint = CountedCheckpoint(48_612, ROOT, people, 47, "2026-11-24T05:00:00Z", NOTE)
    return Document(
        **checkpoint.counts,
        slug="blue-skies",
        languages=["ko", "en"],
        title=Texts(ko="푸른 하늘과 탄소중립 2050", en="Blue Skies and Net Zero 2050"),
        goal=100_000,
        origin=ORIGIN,
        address="https://pledge.example",
        checkpoint=checkpoint,
        recipient=Texts(ko="환경부 장관", en="Minister of Environment of the Republic of Korea"),
        occasion=Texts(ko="2026 P4G 서울 녹색미래 정상회의", en="2026 P4G Seoul Green Future Summit"),
        letter=LETTER,
        frozen_at="2026-11-24T05:10:00Z",
        by_country=[
            *(Cell(code, _country(code), count) for code, count in countries.items()),
            Cell("other", Texts(ko="기타", en="Other"), 8),
        ],
        by_region=[
            *(Cell(code, places.REGIONS[code].in_each(), count) for code, count in regions.items()),
            Cell(
                "none",
                Texts(ko="해외 또는 지역 미기재", en="Outside Korea or no region given"),
                people - sum(regions.values()),
            ),
        ],
        by_day=[Cell(day, _day(day), count) for day, count in days.items()],
        smallest_shown=5,
        pledges=[
            Pledge(1, hashlib.sha256(KOREAN.encode()).hexdigest(), Texts(ko=KOREAN, en=ENGLISH)),
            Pledge(
                2,
                hashlib.sha256(ENGLISH.encode()).hexdigest(),
                Texts(ko=KOREAN + "\n끝까지 지켜보겠습니다.\n", en=ENGLISH),
            ),
        ],
        named_organizations=[
            organization(ko and f"{ko} {number + 1}", en and f"{en} {number + 1}", kind)
            for number in range(5)
            for ko, en, kind in _NAMES
        ],
        unnamed_organizations=2,
        secretariat=[
            Texts(ko="글로벌녹색성장연구소(GGGI)", en="Global Green Growth Institute (GGGI)"),
            Texts(ko="기후변화센터", en="Climate Change Center (CCC)"),
        ],
        partners=[
            NamedPartner(
                Texts(ko="주한 네덜란드 대사관", en="Embassy of the Netherlands in Seoul"), "embassy"
            ),
            NamedPartner(Texts(ko="주한 뉴질랜드 대사관", en="New Zealand Embassy in Seoul"), "embassy"),
            NamedPartner(
                Texts(ko="유럽상공회의소(ECCK)", en="European Chamber of Commerce (ECCK)"), "business"
            ),
        ],
        people_moves=Moves(48_390, 141, 40, 2),
        organization_moves=Moves(49, 2, 0, 0),
        sign_ups=SignUps(
            "2026-11-24T05:10:00Z", 50_220, 48_211, {"pending": 1_900, "withdrawn": 71, "automated": 38}
        ),
        verifiers=[KEY],
    )


def _country(code: str) -> Texts:
    return Texts(ko=places.country_name(code, "ko"), en=places.country_name(code, "en"))


def _day(day: str) -> Texts:
    midday = datetime.fromisoformat(f"{day}T03:00:00+00:00")
    return Texts(ko=format_date(midday, "ko"), en=format_date(midday, "en"))
