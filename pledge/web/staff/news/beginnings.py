"""What a draft begins with when there is something to tell: the facts of a delivery, or its answer."""

from pledge.core.i18n import format_count, format_date
from pledge.core.languages import Texts, codes
from pledge.core.phrases import Phrase
from pledge.deliveries.queries import DeliveryView
from pledge.news.services import NewsFields

_HANDED_OVER = Phrase("news", "The signatures were handed over")
_HANDED_OVER_BODY = Phrase(
    "news",
    "The signatures of %(people)s people were handed over on %(day)s (%(occasion)s). Recipient: %(recipient)s.\n\n"
    "Only totals were handed over: they contain no names and no e-mail addresses. We will publish the reply on the "
    "campaign page.",
)
_ANSWERED = Phrase("news", "%(recipient)s has answered")
_ANSWERED_BODY = Phrase(
    "news",
    "On %(handed_over)s we handed over the signatures of %(people)s people. %(recipient)s answered on %(day)s:\n\n"
    "%(answer)s",
)


def of_delivery(found: DeliveryView) -> NewsFields:
    """The news that a delivery was handed over, or what was answered once it is."""
    title, body = (_ANSWERED, _ANSWERED_BODY) if found.answered_at else (_HANDED_OVER, _HANDED_OVER_BODY)
    return NewsFields(
        Texts({lang: title.of(lang, **_facts(found, lang)) for lang in codes()}),
        Texts({lang: body.of(lang, **_facts(found, lang)) for lang in codes()}),
    )


def _facts(found: DeliveryView, lang: str) -> dict[str, str]:
    handed_over = format_date(found.handed_over_at, lang) if found.handed_over_at else ""
    return {
        "people": format_count(found.people, lang),
        "recipient": found.recipient.of(lang),
        "occasion": found.occasion.of(lang),
        "handed_over": handed_over,
        "day": format_date(found.answered_at, lang) if found.answered_at else handed_over,
        "answer": "\n".join(f"> {line}".rstrip() for line in found.answer.of(lang).splitlines()),
    }
