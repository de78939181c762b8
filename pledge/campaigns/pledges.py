"""What staff may do with the pledge text: write it, and publish a new version of it.

Publishing a version names its number, after seeing what it changes and who stays with the wording before.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import rules
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import audit_name, compare, edited, new_pledge_text, refuse_frozen
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import clock, languages

#: Somebody may be reading a campaign that opens in a moment.
OPENING_SOON = timedelta(minutes=1)

#: Tells inside the transaction whether a signature or an endorsement refers to this pledge text of this campaign.
InUse = Callable[[Session, int, int], bool]


class NewVersion(Exception):
    """This wording would be a new version: nothing was stored, as nobody has agreed yet to publish it."""

    def __init__(self, version: int, *, one_language: bool) -> None:
        super().__init__(f"version {version}")
        self.version = version
        self.one_language = one_language  #: the words of another language stay as they are


def edit_pledge(
    actor: Actor,
    slug: str,
    seen: str,
    *,
    wording: Mapping[str, str],
    in_use: InUse,
    agreed: int = 0,
    one_language: bool = False,
) -> int:
    """Save the pledge text; returns the number of the version that has it now.

    In place while nobody can have read it in order to sign: the campaign is a draft or opens later, and no signature or
    endorsement refers to the text. Otherwise it becomes a new version, whose number the editor has `agreed` to publish, and
    the old one stays as it was signed. Where only one language changes, `one_language` says that this is intended.
    Raises BadFields, EditedMeanwhile, NewVersion, CampaignInWrongState, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        refuse_frozen(campaign)
        stored = campaign.pledges[-1]
        version, before = stored.version, stored.wording
        required = campaign.state != CampaignState.DRAFT
        check = Checker()
        wanted = check.texts("wording", wording, required=required)
        check.finish()
        compare(seen, stored.content)
        changed = [lang for lang in languages.codes() if wanted[lang].rstrip() != before[lang].rstrip()]
        if not changed:
            return version
        wanted = languages.texts(before | {lang: wanted[lang] for lang in changed})
        row = stored
        opens_later = campaign.opens_at is not None and campaign.opens_at > clock.now() + OPENING_SOON
        may_be_read = campaign.state != CampaignState.DRAFT and not opens_later
        if may_be_read or in_use(session, campaign.id, stored.id):
            row = new_pledge_text(campaign.id, version + 1, wanted)
            is_partial = len(changed) < len(languages.codes())
            if agreed != row.version:
                raise NewVersion(row.version, one_language=is_partial)
            if is_partial and not one_language:
                check.add("one_language", FieldFault.UNCHANGED)
                check.finish()
            session.add(row)
        else:
            row.wording, row.sha256, row.created_at = wanted, languages.fingerprint(wanted), clock.now()
        record(
            session,
            actor,
            "campaign.pledge",
            audit_name(slug),
            version=row.version,
            new=row.version != version,
            sha256=row.sha256.hex(),
            **rules.changed({"wording": before}, {"wording": wanted}),
        )
        return row.version


class WordingChange(StrEnum):
    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class WordingPart:
    """A run of words with one kind of change. All but the added ones are the old text, all but the removed ones the new."""

    change: WordingChange
    text: str


def wording_changes(before: str, after: str, *, by_line: bool = False) -> list[WordingPart]:
    """`by_line` takes a hundredth of the time, for a page that shows many long texts."""
    unit = r"[^\n]*\n|[^\n]+" if by_line else r"\s+|[^\s]+"
    old, new = (re.findall(unit, text) for text in (before, after))
    return list(_pieces(old, new))


def _pieces(old: list[str], new: list[str]) -> Iterator[WordingPart]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield WordingPart(WordingChange.KEPT, "".join(old[i1:i2]))
            continue
        if i2 > i1:
            yield WordingPart(WordingChange.REMOVED, "".join(old[i1:i2]))
        if j2 > j1:
            yield WordingPart(WordingChange.ADDED, "".join(new[j1:j2]))
