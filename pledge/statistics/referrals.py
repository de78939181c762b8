"""Through whose link people came (`?via=<code>`): how many, and nothing about who.

The code is `p` and the number of a partner, or `o` and that of an organisation on the wall. Both numbers are public. A
signature keeps the code until it is withdrawn or erased, or the partner is removed (pledge/retention/), and counts for it once it is confirmed. Fewer than five are never told,
to nobody. Its owner, and whoever reads the page of a group, is told from ten on, by whole fives: who sends the link to a single
person and has no other mailboxes learns nothing from it (docs/privacy.md, Risks).
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Row, Select, func, literal, select, text
from sqlalchemy.orm import aliased

from pledge.campaigns.models import Campaign, Partner
from pledge.core import tokens
from pledge.core.db import fetch, reading
from pledge.core.languages import Texts
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements.models import Endorsement, EndorsementState, EndorsementVersion, VersionState
from pledge.signatures.models import CAME_VIA, Signature
from pledge.statistics.cells import MIN_CELL

_PARTNER, _ORGANIZATION = "p", "o"
_CODE = re.compile(r"([po])([1-9][0-9]{0,18})")
#: The smallest number of people that anybody but staff is told of a link.
MIN_GROUP = 10
#: The largest number that the column `id` of each holds; PostgreSQL refuses to compare it with a larger one.
_MAX_NUMBERS = {_PARTNER: 2**31 - 1, _ORGANIZATION: 2**63 - 1}


@dataclass(frozen=True)
class Referrer:
    """A partner or organisation with its code, and the `people` who came through its link; None for too few or none."""

    code: str
    name: Texts
    endorsement_id: int | None  #: None for a partner
    goal: int | None  #: how many people are to sign through its link; None: not counted in public
    #: When the signatures of the campaign were deleted, by which they were counted.
    forgotten_at: datetime | None
    people: int | None = None


@dataclass(frozen=True)
class Outdated:
    """A code that is stored and counts for nobody; `becomes` is that of the organisation that stayed, None for no code."""

    campaign_id: int
    code: str
    becomes: str | None


def organization_code(endorsement_id: int) -> str:
    return f"{_ORGANIZATION}{endorsement_id}"


def organization_number(code: str) -> int | None:
    """The number of the organisation whose code this would be; None for that of a partner and for no code."""
    matched = _CODE.fullmatch(code)
    return int(matched[2]) if matched and matched[1] == _ORGANIZATION else None


def codes(slug: str) -> dict[str, str]:
    """All codes that count for a campaign now, and the code that is stored for each.

    The links of an organisation that was merged into another count for that one.
    """
    in_campaign = Campaign.slug == slug
    partners = select(Partner.id).join(Campaign, Campaign.id == Partner.campaign_id).where(in_campaign)
    stays = aliased(Endorsement)
    listed = (
        select(Endorsement.id, stays.id.label("stays"))
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .join(stays, stays.id == func.coalesce(Endorsement.merged_into_id, Endorsement.id))
        .where(in_campaign, stays.state == EndorsementState.PUBLISHED)
    )
    with reading() as connection:
        by_code = {f"{_PARTNER}{number}": f"{_PARTNER}{number}" for number in connection.scalars(partners)}
        for row in connection.execute(listed):
            by_code[organization_code(row.id)] = organization_code(row.stays)
    return by_code


def outdated() -> list[Outdated]:
    """Codes beside counted signatures whose partner was removed, or whose organisation was merged into another."""
    stored = (
        select(Signature.campaign_id, Signature.via)
        .where(text(CAME_VIA))
        .group_by(Signature.campaign_id, Signature.via)
    )
    merged = select(Endorsement.id, Endorsement.merged_into_id).where(Endorsement.merged_into_id.is_not(None))
    with reading() as connection:
        present = {f"{_PARTNER}{number}" for number in connection.scalars(select(Partner.id))}
        moved = {
            organization_code(row.id): organization_code(row.merged_into_id)
            for row in connection.execute(merged)
        }
        return [
            Outdated(row.campaign_id, row.via, moved.get(row.via))
            for row in connection.execute(stored)
            if row.via in moved or (row.via.startswith(_PARTNER) and row.via not in present)
        ]


def partners(campaign_id: int) -> list[Referrer]:
    """The partners of a campaign in the order that staff chose."""
    return [_referrer(_PARTNER, row) for row in fetch(_partners(campaign_id).order_by(Partner.position))]


def find(campaign_id: int, code: str) -> Referrer | None:
    """The partner or organisation of a code; None for an unknown one."""
    matched = _CODE.fullmatch(code)
    if matched is None:
        return None
    letter, number = matched[1], int(matched[2])
    if number > _MAX_NUMBERS[letter]:
        return None
    query = (
        _partners(campaign_id).where(Partner.id == number)
        if letter == _PARTNER
        else _organizations(campaign_id, Endorsement.id == number)
    )
    row = fetch(query).first()
    return None if row is None else _referrer(letter, row)


def partner_token(campaign_id: int, code: str) -> str:
    """What the link to the page of a partner carries, which staff send to the partner."""
    return tokens.mint(Purpose.PARTNER, [campaign_id, code])


def find_by_token(campaign_id: int, token: str) -> Referrer | None:
    """The partner whose page this is; None for an invalid link or a removed partner."""
    try:
        of_campaign, code = tokens.read(Purpose.PARTNER, token).payload
    except (BadToken, ValueError):
        return None
    return find(campaign_id, str(code)) if of_campaign == campaign_id else None


def lines(campaign_id: int) -> list[Referrer]:
    """For staff: every partner, and the organisations through which at least MIN_CELL came, the most first."""
    counted = _counted(campaign_id).group_by(Signature.via).having(func.count() >= MIN_CELL)
    with reading() as connection:
        people: dict[str, int] = {row.via: row.people for row in connection.execute(counted)}
        numbers = [int(code[1:]) for code in people if code.startswith(_ORGANIZATION)]
        listed = _organizations(campaign_id, Endorsement.id.in_(numbers))
        shown = [_referrer(_PARTNER, row) for row in connection.execute(_partners(campaign_id))]
        shown += [_referrer(_ORGANIZATION, row) for row in connection.execute(listed)]
    with_people = [replace(line, people=people.get(line.code)) for line in shown]
    return sorted(with_people, key=lambda line: -(line.people or 0))


def group(campaign_id: int, code: str) -> Referrer | None:
    """The partner or organisation of a code with its public count; None for an unknown code."""
    referrer = find(campaign_id, code)
    return referrer and replace(referrer, people=public_counts(campaign_id, code).get(code))


def public_counts(campaign_id: int, *codes: str) -> dict[str, int]:
    """Public counts by link, of all links or of `codes`: rounded down to multiples of MIN_CELL, from MIN_GROUP on."""
    query = _counted(campaign_id).group_by(Signature.via).having(func.count() >= MIN_GROUP)
    if codes:
        query = query.where(Signature.via.in_(codes))
    return {row.via: row.people // MIN_CELL * MIN_CELL for row in fetch(query)}


def _counted(campaign_id: int) -> Select[str | None, int]:
    return select(Signature.via, func.count().label("people")).where(
        Signature.campaign_id == campaign_id, text(CAME_VIA)
    )


#: Number, name, goal, number of the endorsement if it is one, and when the people of the campaign were forgotten.
_Columns = tuple[int, Texts, int | None, int | None, datetime | None]


def _partners(campaign_id: int) -> Select[*_Columns]:
    endorsement_id = literal(None, BigInteger).label("endorsement_id")
    return (
        select(Partner.id, Partner.name, Partner.group_goal, endorsement_id, Campaign.forgotten_at)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(Partner.campaign_id == campaign_id)
    )


def _organizations(campaign_id: int, wanted: ColumnElement[bool]) -> Select[*_Columns]:
    endorsement_id = Endorsement.id.label("endorsement_id")
    return (
        select(
            Endorsement.id,
            *(EndorsementVersion.name, Endorsement.group_goal, endorsement_id, Campaign.forgotten_at),
        )
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .join(EndorsementVersion, EndorsementVersion.endorsement_id == Endorsement.id)
        .where(
            Endorsement.campaign_id == campaign_id,
            Endorsement.state == EndorsementState.PUBLISHED,
            EndorsementVersion.state == VersionState.PUBLISHED,
            wanted,
        )
    )


def _referrer(letter: str, row: Row[*_Columns]) -> Referrer:
    return Referrer(f"{letter}{row.id}", row.name, row.endorsement_id, row.group_goal, row.forgotten_at)
