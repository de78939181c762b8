"""What an alert says: a headline and a few sentences, in mails, for the webhook and on staff pages."""

from pledge.abuse.models import AlertKind, Facts
from pledge.core.i18n import format_count
from pledge.core.languages import Phrase, Texts

HEADLINES = {
    AlertKind.VALVE_CLOSED: Phrase("alert", "E-mails to new addresses are held back"),
    AlertKind.BREAKER_OPEN: Phrase("alert", "Few sign-ups are being confirmed"),
    AlertKind.SIGN_UPS_HELD: Phrase("alert", "Signatures on hold wait for a decision"),
    AlertKind.DELIVERY_FELL: Phrase("alert", "Fewer e-mails arrive at %(provider)s"),
    AlertKind.STEP_REACHED: Phrase("alert", "%(campaign)s: %(people)s people have signed"),
    AlertKind.COUNT_DIFFERS: Phrase("alert", "The numbers of %(campaign)s do not agree"),
}

DETAILS = {
    AlertKind.VALVE_CLOSED: Phrase(
        "alert",
        "More e-mails to new addresses have been requested than the site may send in a minute. They are held back and go out "
        "one after another. E-mails to people who have confirmed before are not affected. It may be a busy day. It may also "
        "be somebody entering other people’s addresses. Please look at which e-mail providers the sign-ups come from, and how "
        "many of them are confirmed.",
    ),
    AlertKind.BREAKER_OPEN: Phrase(
        "alert",
        "Far fewer of the e-mails that ask for a confirmation are answered than usual. Somebody may be entering other "
        "people’s addresses. Until it is better, e-mails to new addresses go out slowly, and whoever signs is asked for one "
        "more step.",
    ),
    AlertKind.SIGN_UPS_HELD: Phrase(
        "alert",
        "Confirmed by their signers and on hold: %(sign_ups)s. They are not counted until somebody has looked at them. Please "
        "decide whether they are released or refused.",
    ),
    AlertKind.DELIVERY_FELL: Phrase(
        "alert",
        "In the last few hours %(percent)s%% of the e-mails to %(provider)s were confirmed; usually it is %(usual)s%%. The "
        "provider may be refusing our e-mails or sorting them out as spam.",
    ),
    AlertKind.STEP_REACHED: Phrase(
        "alert", "The campaign has reached its next step of %(step)s. A good moment for news."
    ),
    AlertKind.COUNT_DIFFERS: Phrase(
        "alert",
        "Once an hour the public log is compared with the signatures, the published organisations, and the countries and regions. "
        "Differences found: %(differences)s. Somebody may have written to the database past the site. Please tell whoever runs "
        "the site; `flask ledger verify` and `flask ledger recount` give details.",
    ),
}


#: Of DELIVERY_FELL, where the delivered share fell, before or in place of the words about the confirmed one.
_DELIVERED_FELL = Phrase(
    "alert",
    "In the last few hours %(delivered)s%% of the e-mails to %(provider)s were delivered; usually it is %(usually_delivered)s%%. "
    "The others were sent back or refused.",
)


def headline(kind: AlertKind, facts: Facts, lang: str) -> str:
    return HEADLINES[kind].of(lang, **_in_language(facts, lang))


def details(kind: AlertKind, facts: Facts, lang: str) -> str:
    phrases = [_DELIVERED_FELL] if "delivered" in facts else []
    if kind is not AlertKind.DELIVERY_FELL or "percent" in facts:
        phrases.append(DETAILS[kind])
    return " ".join(phrase.of(lang, **_in_language(facts, lang)) for phrase in phrases)


def _in_language(facts: Facts, lang: str) -> dict[str, str]:
    return {name: _one(fact, lang) for name, fact in facts.items()}


def _one(fact: str | int | dict[str, str], lang: str) -> str:
    if isinstance(fact, int):
        return format_count(fact, lang)
    return Texts(fact).of(lang) if isinstance(fact, dict) else fact
