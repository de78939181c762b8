"""The cover letter that staff begin with: Korean and English, each written for its readers."""

from pledge.core.clock import from_iso_utc
from pledge.core.i18n import format_date
from pledge.deliveries.document import FrozenCheckpoint
from pledge.statistics.values import Words

_KO = """귀 기관의 무궁한 발전을 기원합니다.

‘{title}’ 캠페인의 서명 집계 결과를 붙임과 같이 제출합니다. {day} 현재 {joined}.

모든 서명은 본인이 자신의 이메일로 직접 확인한 것입니다. 위의 수는 누구나 다시 세어 볼 수 있는 공개 기록을 집계한 것이며, \
함께 드리는 전달 자료집으로 귀 기관에서도 직접 검증하실 수 있습니다. 서명한 사람의 이름과 연락처는 들어 있지 않습니다.

서명에 담긴 뜻을 정책에 반영하여 주시고, 검토하신 결과를 회신하여 주시기 바랍니다. 보내 주신 답변은 캠페인 페이지에 그대로 공개하여 \
서명한 분들께 알리겠습니다."""

_EN = """Dear Sir or Madam,

Please find enclosed the totals of the signatures for “{title}”. As of {day}, {joined}.

Everyone who signed confirmed it by e-mail. The numbers come from a public log that anyone can count again, and with \
the enclosed pack you can check them yourselves. It contains no signer's name or contact details.

We ask you to take them into account in your policies, and to let us know your response. We will publish your answer \
word for word on the campaign page, for those who signed."""


def default_letter(title: Words, checkpoint: FrozenCheckpoint) -> Words:
    """A letter about these numbers; paragraphs, an empty line between two."""
    signed_at = from_iso_utc(checkpoint.signed_at)
    return Words(
        _KO.format(title=title.ko, day=format_date(signed_at, "ko"), joined=_joined_ko(checkpoint)),
        _EN.format(title=title.en, day=format_date(signed_at, "en"), joined=_joined_en(checkpoint)),
    )


def _joined_ko(checkpoint: FrozenCheckpoint) -> str:
    people = f"{checkpoint.people:,}명이 서명"
    if not checkpoint.organizations:
        return f"{people}하였습니다"
    return f"{people}하였고, {checkpoint.organizations:,}개 단체가 참여하였습니다"


def _joined_en(checkpoint: FrozenCheckpoint) -> str:
    people = _have(checkpoint.people, "person", "people") + " signed"
    if not checkpoint.organizations:
        return people
    return f"{people} and {_have(checkpoint.organizations, 'organisation', 'organisations')} joined"


def _have(number: int, one: str, many: str) -> str:
    return f"1 {one} has" if number == 1 else f"{number:,} {many} have"
