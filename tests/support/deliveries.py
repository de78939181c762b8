"""Deliveries for tests, frozen like the real ones; their pack is a small file of its own unless a test makes one."""

from functools import partial
from typing import Any

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.languages import Texts
from pledge.deliveries import freezing, services
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Delivery
from pledge.deliveries.services import Answer, HandingOver
from pledge.jobs.models import JobKind, JobState
from pledge.jobs.services import MadeFile, advance
from pledge.jobs.services import newest as newest_job
from pledge.ledger import log_queries
from tests.support import rows
from tests.support.factories import ANNA, BORA, fold_all, in_each_language, the_campaign
from tests.support.waiting import wait_until

PACK = b"PK the pack of this test"
RECIPIENT = Texts(ko="환경부 장관", en="The Minister of Environment")
OCCASION = Texts(ko="푸른 하늘의 날 기념식", en="The Blue Skies Day ceremony")
LETTER = Texts(ko="안녕하십니까.\n\n전해 드립니다.", en="Dear Minister,\n\nhere it is.")


def frozen(of: Campaign | None = None, *, pack: bool = True, **texts: Texts) -> int:
    """A delivery at the newest checkpoint, and its pack unless it is to wait; its number."""
    of = of or the_campaign()
    fold_all()
    newest = log_queries.newest(of.id)
    assert newest is not None, "nobody has signed yet"
    words = {"recipient": RECIPIENT, "occasion": OCCASION, "letter": LETTER} | texts
    wording = LetterTexts(**{name: in_each_language(text) for name, text in words.items()})
    number = freezing.freeze(ANNA, of.slug, newest.id, wording)
    if pack:
        make_packs()
        _wait_for(number)
    return number


def _wait_for(number: int) -> None:
    """Beside a running site its worker may have been quicker to begin with the pack."""

    def is_made() -> bool:
        job = newest_job(JobKind.PACK, number)
        return job is not None and job.state == JobState.DONE

    wait_until(is_made, "the pack was not made")


def make_packs() -> None:
    """Let a worker make every file that waits, also of a worker beside it: a few bytes each."""

    def make(_subject_id: int, file: Any, _progress: Any) -> MadeFile:
        file.write(PACK)
        return MadeFile()

    while advance(dict.fromkeys(JobKind, make)):
        pass


def handed_over(of: Campaign | None = None, **facts: Any) -> int:
    """A delivery that its recipient has, since the moment it was frozen."""
    entry = {"channel": "in_person", "receipt_number": "1AB-2611-001", "answer_due": None}
    given = {name: facts.pop(name) for name in [*facts] if name in ("handed_over_at", *entry)}
    number = frozen(of, **facts)
    services.hand_over(ANNA, number, HandingOver(**{"handed_over_at": clock.now(), **entry, **given}))
    return number


def answered(
    of: Campaign | None = None, ko: str = "검토하겠습니다.", en: str = "We will look into it.", **facts: Any
) -> int:
    number = handed_over(of, **facts)
    answer(number, ko, en)
    return number


def proposed(number: int, ko: str, en: str, reason: str = "", by: Actor = ANNA, document: str = "") -> str:
    """Enter what its recipient has replied just now, in Korean; the stamp of what waits for a second person."""
    words = in_each_language(Texts(ko=ko, en=en))
    services.answer(by, number, Answer(clock.now(), "ko", words), reason, document=document)
    waiting = row(number).open_answer
    assert waiting is not None
    return waiting.stamp


def answer(number: int, ko: str = "검토하겠습니다.", en: str = "We will look into it.") -> None:
    """Publish what its recipient has replied just now, by two people."""
    services.publish_answer(BORA, number, proposed(number, ko, en))


def correct(number: int, ko: str, en: str) -> None:
    """Correct what its recipient has replied, by two people."""
    services.publish_answer(BORA, number, proposed(number, ko, en, "a slip"))


row = partial(rows.row, Delivery)
