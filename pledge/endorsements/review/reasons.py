"""The list of reasons that staff choose from when they decline, ask for changes or remove; and editing it.

The built-in ones are here, in both languages, so that the desk works from the first day. A row of the same code stands
over a built-in one; codes of their own are added by staff. A reason is never deleted, only no longer offered.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core.db import reading, transaction
from pledge.core.languages import Texts, texts
from pledge.endorsements.models import ReasonKind, ReviewReason

MAX_REASON = 500
CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")


class BadReason(ValueError):
    """Not a reason of the list: unknown, no longer offered, for another decision, or without a language."""


@dataclass(frozen=True)
class ReasonView:
    code: str
    kind: ReasonKind
    wording: Texts
    active: bool = True
    built_in: bool = False


def _built_in(kind: ReasonKind, reasons: dict[str, tuple[str, str]]) -> Iterable[ReasonView]:
    return (ReasonView(code, kind, Texts(ko=ko, en=en), built_in=True) for code, (ko, en) in reasons.items())


BUILT_IN = (
    *_built_in(
        ReasonKind.CHANGES,
        {
            "official-name": (
                "공식 단체명과 다르게 적혀 있습니다. 공식 명칭으로 고쳐 주세요.",
                "The name is not the organisation's official one. Please give the official name.",
            ),
            "logo-unclear": (
                "로고가 흐리거나 잘려 있습니다. 더 선명한 파일로 올려 주세요.",
                "The logo is blurred or cut off. Please upload a clearer file.",
            ),
            "statement-off-topic": (
                "공개 메시지가 이 캠페인의 서약과 관련이 없습니다. 서약에 관한 내용으로 고쳐 주세요.",
                "The statement is not about this campaign's pledge. Please write about the pledge.",
            ),
            "website-not-reached": (
                "홈페이지 주소를 열 수 없습니다. 주소를 확인해 주세요.",
                "We could not open the website. Please check its address.",
            ),
            "work-email": (
                "단체의 업무용 이메일 주소로 다시 신청해 주세요.",
                "Please apply with an e-mail address of your organisation.",
            ),
        },
    ),
    *_built_in(
        ReasonKind.DECLINE,
        {
            "authority-unclear": (
                "신청하신 분이 단체를 대표할 권한이 있는지 확인하지 못했습니다.",
                "We could not confirm that you may speak for the organisation.",
            ),
            "not-an-organisation": (
                "단체나 기관의 참여로 보기 어렵습니다. 개인 서명으로 함께해 주세요.",
                "This is not an organisation that we could confirm. Please sign as a person instead.",
            ),
            "already-listed": (
                "이 단체는 이미 다른 신청으로 참여 단체 목록에 실려 있습니다.",
                "The organisation is already listed through another application.",
            ),
            "against-pledge": (
                "공개적으로 알려진 단체의 활동이 이 서약의 내용과 맞지 않습니다.",
                "What the organisation does in public does not agree with the pledge.",
            ),
        },
    ),
    *_built_in(
        ReasonKind.REMOVE,
        {
            "not-authorised": (
                "단체가 이 참여를 승인하지 않았음을 확인했습니다.",
                "The organisation told us that it had not authorised this endorsement.",
            ),
            "closed-down": ("단체가 더 이상 활동하지 않습니다.", "The organisation no longer exists."),
            "broke-pledge": (
                "단체의 활동이 더 이상 서약의 내용과 맞지 않습니다.",
                "The organisation no longer acts in line with the pledge.",
            ),
            "listed-by-mistake": ("착오로 등록되었습니다.", "It was listed by mistake."),
        },
    ),
)


def all_reasons() -> list[ReasonView]:
    """Every reason, offered or not, by kind: built-in ones in their order, then those that staff added."""
    with reading() as connection:
        stored = {row.code: row for row in connection.execute(select(*ReviewReason.__table__.c))}
    found = []
    for reason in BUILT_IN:
        row = stored.pop(reason.code, None)
        found.append(
            reason
            if row is None
            else ReasonView(reason.code, reason.kind, row.wording, row.active, built_in=True)
        )
    found += [
        ReasonView(row.code, ReasonKind(row.kind), row.wording, row.active)
        for row in sorted(stored.values(), key=lambda row: row.code)
    ]
    return sorted(found, key=lambda reason: list(ReasonKind).index(reason.kind))


def offered(kind: ReasonKind) -> list[ReasonView]:
    """The reasons that can be chosen for a decision."""
    return [reason for reason in all_reasons() if reason.kind is kind and reason.active]


def chosen(kind: ReasonKind, code: str) -> ReasonView:
    """The reason of that code. Raises BadReason when it is not offered for this decision."""
    for reason in offered(kind):
        if reason.code == code:
            return reason
    raise BadReason(code)


def save(actor: Actor, *, code: str, kind: ReasonKind, wording: Mapping[str, str], active: bool) -> None:
    """Add a reason or change its wording, in every language; recorded in the audit log. A code never changes its kind.

    Raises BadReason.
    """
    kept = texts({lang: " ".join(text.split()) for lang, text in wording.items()})
    if not CODE.fullmatch(code) or not kept.is_complete or max(map(len, kept.values())) > MAX_REASON:
        raise BadReason(code)
    if any(reason.code == code and reason.kind is not kind for reason in BUILT_IN):
        raise BadReason(code)
    with transaction() as session:
        row = session.get(ReviewReason, code, with_for_update=True)
        if row is None:
            row = ReviewReason(code=code, kind=kind)
            session.add(row)
        elif row.kind != kind:
            raise BadReason(code)
        row.wording, row.active = kept, active
        record(session, actor, "reason.save", f"reason:{code}", kind=kind, active=active, **kept)
