"""The letter of a delivery as a PDF, by Typst, in one language.

Every sentence and every number of it comes in as plain data, never as markup; the template (typst/letter.typ) decides only the
look. The fixed texts are in typst/<language>.toml.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any

from pledge.core import countries
from pledge.core.clock import from_iso_utc
from pledge.core.i18n import SEOUL, format_date, format_datetime
from pledge.core.languages import Texts
from pledge.core.organization_types import TYPES
from pledge.core.typesetting import MISSING, presentable, typeset
from pledge.deliveries.document import Document, NamedPartner, Reply
from pledge.deliveries.letter.charts import growth, shares
from pledge.deliveries.letter.texts import TYPST, fixed
from pledge.deliveries.tables import local_moment
from pledge.ledger.counting import Moves
from pledge.ledger.models import REASON_LABELS
from pledge.statistics import labels
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.integrity import LINE_LABELS
from pledge.statistics.totals import Organization
from pledge.verifier import ANYWHERE, PROGRAM, digest

SOURCE = TYPST / "letter.typ"

#: Countries that are listed one by one; the others are one row.
COUNTRIES = 40
#: Organisations that are listed; only their number can make a letter very long.
ORGANIZATIONS = 2_000


def letter_pdf(document: Document, lang: str, *, draft: bool = False) -> bytes:
    """The letter. The same document always gives the same bytes. A draft is marked as one on each page."""
    data = letter_data(document, lang, draft=draft)
    return typeset(SOURCE, data, at=from_iso_utc(document.frozen_at))


def letter_data(document: Document, lang: str, *, draft: bool = False) -> dict[str, Any]:
    """What the template is given. Every text in it can be typeset, see presentable()."""
    texts = fixed(lang)
    title = document.title.in_language(lang)
    data = {
        **texts,
        "lang": lang,
        "title": title,
        "fields": _fields(document),
        "subject": texts["subject"].format(title=title),
        "recipient": document.recipient.in_language(lang),
        "occasion": document.occasion.in_language(lang),
        "draft": texts["draft"] if draft else "",
        "number": document.reply.number,
        "department": document.reply.department.in_language(lang),
        "submitted_as": texts["submitted_as"].get(document.reply.submitted_as, ""),
        "reply": _reply(document.reply, lang),
        "date": format_date(from_iso_utc(document.frozen_at), lang),
        "paragraphs": _blocks(document.letter.in_language(lang)),
        "senders": [name.in_language(lang) for name in document.secretariat]
        or [texts["no_secretariat"].format(title=title)],
        "people_number": f"{document.checkpoint.people:,}",
        "organizations_number": f"{document.checkpoint.organizations:,}",
        "as_of": texts["as_of"].format(moment=_when(document.checkpoint.signed_at, lang)),
        "paper": texts["paper"].format(**asdict(document.paper)) if document.paper else "",
        "footer": texts["footer"].format(title=title),
        "results": _results(document, lang),
        "supporters": _supporters(document, lang),
        "pledge": {
            **texts["pledge"],
            "versions": [
                {
                    "title": texts["pledge"]["version"].format(number=version.version),
                    "sha256": version.sha256,
                    "blocks": _blocks(version.text.in_language(lang)),
                }
                for version in document.pledges
            ],
        },
        "method": _method(document, lang),
    }
    shown: dict[str, Any] = _presentable(data)
    is_marked = MISSING in str(shown)
    shown["method"]["missing"] = texts["method"]["missing"].format(mark=MISSING) if is_marked else ""
    return shown


def _fields(document: Document) -> list[str]:
    """What the file says of itself for programs: verifier/verify.py holds it against the log."""
    state, paper = document.checkpoint, document.paper.signatures if document.paper else 0
    return [
        f"people={state.people}",
        f"organizations={state.organizations}",
        f"paper={paper}",
        f"size={state.size}",
        f"as_of={local_moment(document.as_of)}",
    ]


def _reply(reply: Reply, lang: str) -> dict[str, Any]:
    """Where the answer goes: the known parts, row by row."""
    texts = fixed(lang)["reply"]
    known = {
        "person": reply.person.in_language(lang),
        "phone": reply.phone,
        "email": reply.email,
        "address": reply.address.in_language(lang),
    }
    return {**texts, "rows": [[texts[name], value] for name, value in known.items() if value]}


def _results(document: Document, lang: str) -> dict[str, Any]:
    texts = fixed(lang)["results"]
    state = document.checkpoint
    home = countries.country_name(countries.HOME, lang)
    smallest = {
        name: texts[name].format(smallest=document.smallest_shown)
        for name in ("growth_none", "merged_days_note", "small", "only_small")
    }
    named = sum(cell.key != OTHER for cell in document.by_country)
    grouped = [texts["more_countries_note"]] if named > COUNTRIES else []
    data = {
        **smallest,
        "intro": texts["intro"].format(moment=_when(state.signed_at, lang), size=state.size),
        "country_scale": " ".join([texts["country_scale"].format(home=home), *grouped]),
    }
    return {
        **texts,
        **data,
        "days": growth(document.by_day, lang, texts),
        "regions": shares(document.by_region, lang, state.people),
        "countries": shares(
            document.by_country,
            lang,
            state.people,
            without=countries.HOME,
            most=COUNTRIES,
            more=texts["more_countries"],
        ),
    }


def _supporters(document: Document, lang: str) -> dict[str, Any]:
    texts = fixed(lang)["supporters"]
    named, unnamed = len(document.named_organizations), document.unnamed_organizations
    return {
        **texts,
        "secretariat_names": [_in_each(name, lang) for name in document.secretariat],
        "partner_groups": _by_kind(document.partners, texts["group"], lang),
        "groups": _by_kind(document.named_organizations[:ORGANIZATIONS], texts["group"], lang),
        "organizations": texts["organizations"].format(number=document.checkpoint.organizations),
        "intro": texts["intro"].format(number=named),
        "unnamed": texts["unnamed"].format(number=unnamed) if unnamed else "",
        "more": texts["more"].format(number=ORGANIZATIONS) if named > ORGANIZATIONS else "",
    }


def _by_kind(
    supporters: Sequence[NamedPartner | Organization], title: str, lang: str
) -> list[dict[str, Any]]:
    """The names of each kind under its title, which those of no kind have not."""
    order = list(TYPES)
    ranked = sorted(
        supporters,
        key=lambda supporter: order.index(supporter.type) if supporter.type in order else len(order),
    )
    return [
        {
            "title": title.format(type=labels.named(TYPES, kind, lang), number=len(members)) if kind else "",
            "names": [_in_each(supporter.name, lang) for supporter in members],
        }
        for kind, members in (
            (kind, list(group)) for kind, group in groupby(ranked, lambda supporter: supporter.type)
        )
    ]


def _sign_ups(document: Document, lang: str) -> dict[str, Any]:
    """The note and the rows about all sign-ups; no rows where the document does not know them."""
    texts, sign_ups = fixed(lang)["method"], document.sign_ups
    if sign_ups is None:
        return {"sign_up_rows": []}
    few = texts["few"].format(smallest=document.smallest_shown)
    submitted = texts["hidden"] if sign_ups.submitted is None else f"{sign_ups.submitted:,}"
    return {
        "sign_ups_note": texts["sign_ups_note"].format(moment=_when(sign_ups.as_of, lang)),
        "sign_up_rows": [
            (texts["counted"], f"{sign_ups.confirmed:,}"),
            *(
                (labels.named(LINE_LABELS, key, lang), few if count is None else f"{count:,}")
                for key, count in sign_ups.not_counted.items()
            ),
            (texts["submitted"], submitted),
        ],
    }


def _method(document: Document, lang: str) -> dict[str, Any]:
    texts = fixed(lang)["method"]
    state = document.checkpoint
    verify = f"{document.address}/{lang}/verify"
    key = f"{document.address}/log/{document.slug}/key"
    newest_counts = texts["newest_counts"].format(**asdict(document.newest or state))
    return {
        **texts,
        **{reason.value: label.in_language(lang) for reason, label in REASON_LABELS.items()},
        "checking_text": [
            sentence.format(verify=verify, key=key, program=f"{document.address}/verify.py")
            for sentence in texts["checking_text"]
        ],
        "moves_people": _moves(document.people_moves),
        "moves_organizations": _moves(document.organization_moves),
        **_sign_ups(document, lang),
        "checkpoint_rows": [
            (texts["size"], f"{state.size:,}"),
            (texts["root"], state.root),
            (texts["signed_at"], _when(state.signed_at, lang)),
            (texts["newest"], newest_counts),
            (texts["origin"], document.origin),
            # Of `<name>+<id>+<base64>` (C2SP signed-note, "Verifier keys").
            (texts["keys"], ", ".join(key.split("+", 2)[1] for key in document.verifiers)),
            (texts["verify"], verify),
            (texts["program"], digest(PROGRAM)),
            (texts["anywhere"], digest(ANYWHERE)),
        ],
    }


def _moves(moves: Moves) -> list[str]:
    """Each figure with its sign, and their sum."""
    removed = f"−{moves.taken_back:,}" if moves.taken_back else "0"
    reinstated = f"+{moves.reinstated:,}" if moves.reinstated else "0"
    return [f"{moves.confirmed:,}", removed, reinstated, f"{moves.count:,}"]


def _in_each(name: Texts, lang: str) -> dict[str, str]:
    """A name in this language first; in the others too, where it has another there."""
    first = name.in_language(lang)
    return {
        "name": first,
        "other": " / ".join(dict.fromkeys(other for other in name.values() if other != first)),
    }


def _when(text: str, lang: str) -> str:
    instant: datetime = from_iso_utc(text).astimezone(SEOUL)
    return format_datetime(instant, lang)


def _blocks(text: str) -> list[dict[str, Any]]:
    """Paragraphs, and lists of lines that begin with a dash; everything else unchanged."""
    blocks: list[dict[str, Any]] = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.rstrip() for line in paragraph.split("\n") if line.strip()]
        for is_list, members in groupby(lines, lambda line: line.lstrip().startswith(("- ", "* "))):
            if is_list:
                blocks.append({"items": [line.lstrip()[2:].strip() for line in members]})
            else:
                blocks.append({"lines": [line.strip() for line in members]})
    return blocks


def _presentable(value: Any) -> Any:
    if isinstance(value, str):
        return presentable(value)
    if isinstance(value, dict):
        return {key: _presentable(item) for key, item in value.items()}
    return [_presentable(item) for item in value] if isinstance(value, list | tuple) else value
