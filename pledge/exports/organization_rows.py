"""One organisation as a row: with codes for programs (organizations.csv), in words for people (the workbook)."""

from datetime import date

from pledge.core import countries
from pledge.statistics import labels
from pledge.statistics.values import Organization, Words

COLUMNS = (
    *("name_ko", "name_en", "type", "type_ko", "type_en", "country", "country_ko", "country_en"),
    *("region", "region_ko", "region_en", "website", "level", "level_ko", "level_en", "target_year"),
    *("statement_ko", "statement_en", "published_on"),
)
HEADS = (
    *("이름(국문) Name (Korean)", "이름(영문) Name (English)", "유형 Type", "국가 Country", "지역 Region"),
    *("홈페이지 Website", "확인 단계 Level", "목표 연도 Target year", "공개 메시지(국문) Statement (Korean)"),
    *("공개 메시지(영문) Statement (English)", "공개일 Published on"),
)


def coded_cells(one: Organization) -> tuple[str | int, ...]:
    """The cells under COLUMNS."""
    kind, level, country, region = _kind(one), _level(one), _country(one), _region(one)
    return (
        *(one.name.ko, one.name.en, one.type, kind.ko, kind.en),
        *(one.country, country.ko, country.en, one.region or "", region.ko, region.en),
        *(one.website, one.level, level.ko, level.en, one.target_year or ""),
        *(one.statement.ko, one.statement.en, one.published_on),
    )


def worded_cells(one: Organization) -> tuple[str | int | date, ...]:
    """The cells under HEADS."""
    return (
        *(one.name.ko, one.name.en, _both(_kind(one)), _both(_country(one)), _both(_region(one))),
        *(one.website, _both(_level(one)), one.target_year or ""),
        *(one.statement.ko, one.statement.en, date.fromisoformat(one.published_on)),
    )


def _kind(one: Organization) -> Words:
    return labels.named(labels.TYPES, one.type)


def _level(one: Organization) -> Words:
    return labels.named(labels.LEVELS, one.level)


def _country(one: Organization) -> Words:
    return Words(countries.country_name(one.country, "ko"), countries.country_name(one.country, "en"))


def _region(one: Organization) -> Words:
    return Words(*countries.REGIONS.get(one.region or "", ("", "")))


def _both(name: Words) -> str:
    return f"{name.ko} {name.en}".strip()
