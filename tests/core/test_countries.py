"""Countries and regions: all of them, with names, Korea first."""

import pytest
from babel import Locale

from pledge.core import countries


def test_there_are_249_countries_as_iso_3166_has_them():
    assert len(countries.COUNTRIES) == 249
    assert all(len(code) == 2 and code.isupper() for code in countries.COUNTRIES)
    # Codes that lists often add though no country has them.
    assert countries.COUNTRIES.isdisjoint(
        {"XK", "EU", "UK", "UN", "AN", "SU", "ZZ", "XX", "AC", "EA", "IC", "TA"}
    )
    assert {"KR", "KP", "JP", "US", "PS", "TW", "SX", "SS", "BQ", "AX"} <= countries.COUNTRIES


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_country_has_a_name_and_korea_stands_first(lang):
    choices = countries.country_choices(lang)
    assert len(choices) == 249
    assert choices[0] == ("KR", {"ko": "대한민국", "en": "Republic of Korea"}[lang])
    assert {code for code, _ in choices} == countries.COUNTRIES
    names = [name for _, name in choices]
    assert len(set(names)) == 249
    assert all(name and name != code for code, name in choices)


def test_countries_stand_in_the_order_of_the_alphabet():
    ko = [name for _, name in countries.country_choices("ko")[1:]]
    assert ko == sorted(ko)
    en = [name for _, name in countries.country_choices("en")[1:]]
    assert en.index("Afghanistan") < en.index("Åland Islands") < en.index("Algeria")
    assert en.index("Cook Islands") < en.index("Côte d’Ivoire") < en.index("Cuba")
    assert en.index("Tunisia") < en.index("Türkiye") < en.index("Uganda")
    assert en.index("Zimbabwe") == len(en) - 1


@pytest.mark.parametrize(
    ("code", "lang", "name"),
    [
        ("PS", "en", "State of Palestine"),
        ("VN", "en", "Viet Nam"),
        ("TR", "en", "Türkiye"),
        ("CI", "en", "Côte d’Ivoire"),
        ("KP", "en", "Democratic People’s Republic of Korea"),
        ("PS", "ko", "팔레스타인"),
        ("ZA", "ko", "남아프리카공화국"),
        ("KP", "ko", "북한"),
    ],
)
def test_countries_are_called_as_the_united_nations_and_the_foreign_ministry_call_them(code, lang, name):
    assert countries.country_name(code, lang) == name


@pytest.mark.parametrize(("lang", "shown"), [("ko", "대한민국"), ("en", "Republic of Korea")])
def test_korea_is_found_by_whatever_people_call_it(lang, shown):
    aliases = countries.country_aliases(lang)
    assert sorted(aliases) == [("KR", f"{name} ({shown})") for name in ("Korea", "South Korea", "한국")]


def test_a_code_without_a_name_shows_itself():
    assert countries.country_name("ZQ", "ko") == "ZQ"
    assert countries.region_name("KR-99", "en") == "KR-99"
    assert Locale("ko").territories["KR"] == countries.country_name("KR", "ko")
