"""Countries (ISO 3166-1 alpha-2) and the provinces and metropolitan cities of Korea (ISO 3166-2:KR)."""

import unicodedata
from functools import lru_cache

from babel import Locale

HOME = "KR"

#: ISO 3166-1 alpha-2, officially assigned codes.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)

#: The 17 provinces and metropolitan cities, in the order of official lists.
REGIONS: dict[str, tuple[str, str]] = {
    "KR-11": ("서울특별시", "Seoul"),
    "KR-26": ("부산광역시", "Busan"),
    "KR-27": ("대구광역시", "Daegu"),
    "KR-28": ("인천광역시", "Incheon"),
    "KR-29": ("광주광역시", "Gwangju"),
    "KR-30": ("대전광역시", "Daejeon"),
    "KR-31": ("울산광역시", "Ulsan"),
    "KR-50": ("세종특별자치시", "Sejong"),
    "KR-41": ("경기도", "Gyeonggi"),
    "KR-42": ("강원특별자치도", "Gangwon"),
    "KR-43": ("충청북도", "North Chungcheong"),
    "KR-44": ("충청남도", "South Chungcheong"),
    "KR-45": ("전북특별자치도", "Jeonbuk"),
    "KR-46": ("전라남도", "South Jeolla"),
    "KR-47": ("경상북도", "North Gyeongsang"),
    "KR-48": ("경상남도", "South Gyeongsang"),
    "KR-49": ("제주특별자치도", "Jeju"),
}


def country_name(code: str, lang: str) -> str:
    return str(Locale(lang).territories.get(code, code))


def region_name(code: str, lang: str) -> str:
    names = REGIONS.get(code)
    return code if names is None else names[0 if lang == "ko" else 1]


@lru_cache(maxsize=4)
def country_choices(lang: str) -> list[tuple[str, str]]:
    """(code, name) in the page's language, Korea first, then by name."""
    others = sorted(
        ((code, country_name(code, lang)) for code in COUNTRIES - {HOME}),
        key=lambda pair: _sorted_as(pair[1]),
    )
    return [(HOME, country_name(HOME, lang)), *others]


def _sorted_as(name: str) -> str:
    """A name without its accents, so that Åland is sorted among the A and Türkiye beside Tunisia."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=4)
def region_choices(lang: str) -> list[tuple[str, str]]:
    return [(code, region_name(code, lang)) for code in REGIONS]
