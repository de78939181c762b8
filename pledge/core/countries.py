"""Countries (ISO 3166-1 alpha-2) and the provinces and metropolitan cities of Korea (ISO 3166-2:KR)."""

import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from pledge.core import languages
from pledge.core.i18n import Phrase

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
REGIONS: dict[str, Phrase] = {
    "KR-11": Phrase("region", "Seoul"),
    "KR-26": Phrase("region", "Busan"),
    "KR-27": Phrase("region", "Daegu"),
    "KR-28": Phrase("region", "Incheon"),
    "KR-29": Phrase("region", "Gwangju"),
    "KR-30": Phrase("region", "Daejeon"),
    "KR-31": Phrase("region", "Ulsan"),
    "KR-50": Phrase("region", "Sejong"),
    "KR-41": Phrase("region", "Gyeonggi"),
    "KR-42": Phrase("region", "Gangwon"),
    "KR-43": Phrase("region", "North Chungcheong"),
    "KR-44": Phrase("region", "South Chungcheong"),
    "KR-45": Phrase("region", "Jeonbuk"),
    "KR-46": Phrase("region", "South Jeolla"),
    "KR-47": Phrase("region", "North Gyeongsang"),
    "KR-48": Phrase("region", "South Gyeongsang"),
    "KR-49": Phrase("region", "Jeju"),
}


def country_name(code: str, lang: str) -> str:
    """The name in CLDR, unless country_names/ has another: those of the United Nations and of Korea's Foreign Ministry."""
    return _listed_names(lang).get(code) or str(languages.locale(lang).territories.get(code, code))


@lru_cache(maxsize=4)
def country_aliases(lang: str) -> list[tuple[str, str]]:
    """Pairs of code and label, an alias with the name in brackets: what people may type to find a country in a list."""
    also = _listed_names(lang).get("also", {})
    return [(code, f"{name} ({country_name(code, lang)})") for code, names in also.items() for name in names]


@lru_cache(maxsize=8)
def _listed_names(lang: str) -> dict[str, Any]:
    file = Path(__file__).parent / "country_names" / f"{lang}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def region_name(code: str, lang: str) -> str:
    return REGIONS[code].in_language(lang) if code in REGIONS else code


@lru_cache(maxsize=4)
def country_choices(lang: str) -> list[tuple[str, str]]:
    """Pairs of code and name in this language: Korea, then the others by name."""
    others = sorted(
        ((code, country_name(code, lang)) for code in COUNTRIES - {HOME}),
        key=lambda pair: _sorted_as(pair[1]),
    )
    return [(HOME, country_name(HOME, lang)), *others]


def _sorted_as(name: str) -> str:
    """The name without accents, so that Åland sorts under A and Türkiye beside Tunisia."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=4)
def region_choices(lang: str) -> list[tuple[str, str]]:
    return [(code, region_name(code, lang)) for code in REGIONS]
