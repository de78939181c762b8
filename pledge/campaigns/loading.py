"""Loading a campaign from a folder of readable files: campaign.toml, body.<lang>.md, pledge.v<N>.<lang>.md;
letter.<lang>.md if it has a letter; film.mp4 or film.webm if it has a video of its own, with its picture film.webp and
captions.<lang>.vtt (the picture is loaded with a new film only). `video` in campaign.toml, an address, goes before a film.

Files describe a campaign at first. Once staff have edited it, loading leaves it alone (docs/adr/0035).
"""

import hashlib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.audit.models import COMMAND_LINE
from pledge.audit.services import record
from pledge.campaigns import consents, items
from pledge.campaigns.demands import DEMAND, DemandFields
from pledge.campaigns.events import EVENT, EventFields
from pledge.campaigns.items import Fields, ItemKind
from pledge.campaigns.models import (
    OPTIONAL_PARTS,
    Campaign,
    CampaignState,
    PartnerRole,
    VideoFormat,
)
from pledge.campaigns.moderation import audit_name, new_pledge_text, replace_file
from pledge.campaigns.partners import PARTNER, SISTER, PartnerFields, SisterFields
from pledge.campaigns.pdf import check_letter_text
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.campaigns.video import check_captions, parse_video
from pledge.core import languages
from pledge.core.db import fetch, transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.core.typesetting import CannotTypeset
from pledge.files import services as files
from pledge.files.models import StoredFile


class PledgeTextChanged(Exception):
    """A pledge text in a file differs from the stored one of that version: people signed the stored one."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"pledge.v{version} differs from the stored version {version}; write a new version instead"
        )


class EditedByStaff(Exception):
    """Staff have edited this campaign, so its files are out of date."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"{slug} was edited by staff and is left as it is")


def load_folder(folder: Path) -> str:
    """Create or update the campaign that a folder describes; returns its slug. Loading twice changes nothing.

    Raises EditedByStaff (nothing is changed), FileNotFoundError for a missing text, KeyError for a missing setting,
    BadFields, BadVideo, FileRefused, BadCaptions, CannotTypeset, StorageAway, PledgeTextChanged.
    """
    facts = tomllib.loads((folder / "campaign.toml").read_text("utf-8"))
    langs = [lang for lang in languages.codes() if lang in facts]
    if not langs:
        raise KeyError(languages.default())
    pledges, letter = _pledges(folder, langs), _letter(folder, langs)
    film = None if facts.get("video") else _store_film(folder, facts["slug"])
    with transaction() as session:
        campaign = session.scalar(select(Campaign).where(Campaign.slug == facts["slug"]))
        if campaign is None:
            campaign = Campaign(slug=facts["slug"])
            session.add(campaign)
        elif campaign.edited_at is not None:
            raise EditedByStaff(campaign.slug)
        campaign.state, campaign.goal = facts["state"], facts["goal"]
        campaign.goal_steps = facts.get("goal_steps", [])
        campaign.step_sentences = languages.texts({lang: facts[lang].get("steps", "") for lang in langs})
        campaign.opens_at, campaign.closes_at = facts.get("opens_at"), facts.get("closes_at")
        video = parse_video(facts.get("video", ""))
        campaign.video_provider, campaign.video_id = (video.provider, video.id) if video else ("", "")
        _load_film(session, campaign, film)
        campaign.video_captions = _captions(folder, langs) if film else Texts()
        campaign.letter_text = letter
        for part in ("title", "tagline", "summary", "recipient"):
            setattr(campaign, part, languages.texts({lang: facts[lang][part] for lang in langs}))
        for part in OPTIONAL_PARTS:
            setattr(campaign, part, languages.texts({lang: facts[lang].get(part, "") for lang in langs}))
        campaign.body = _read(folder, "body.*.md", langs)
        session.flush()
        if campaign.state != CampaignState.DRAFT:
            consents.store_version(session, campaign)
        _load_partners(session, campaign, facts["partners"], langs)
        demands = [
            DemandFields(_in_each(demand["words"], langs), demand["asked_on"])
            for demand in facts.get("demands", [])
        ]
        _load_in_order(session, DEMAND, campaign, demands, stored=campaign.demands)
        events = [_event_fields(event, langs) for event in facts.get("events", [])]
        # Calendars recognise an event that stays.
        _load_items(
            *(session, EVENT, campaign, events),
            stored=campaign.events,
            key=lambda event: (event.starts_at, event.title.in_language(languages.default())),
        )
        sisters = [
            SisterFields(
                **{name: _in_each(sister[name], langs) for name in ("name", "place", "sentence")},
                url=sister["url"],
            )
            for sister in facts.get("sisters", [])
        ]
        _load_items(
            *(session, SISTER, campaign, sisters), stored=campaign.sisters, key=lambda sister: sister.url
        )
        for version, wording in pledges.items():
            stored = next((pledge for pledge in campaign.pledges if pledge.version == version), None)
            if stored is None:
                row = new_pledge_text(campaign.id, version, wording)
                session.add(row)
                record(
                    session,
                    COMMAND_LINE,
                    "campaign.pledge",
                    audit_name(campaign.slug),
                    version=version,
                    new=True,
                    sha256=row.sha256.hex(),
                )
            elif stored.sha256 != languages.fingerprint(wording):
                raise PledgeTextChanged(version)
    return str(facts["slug"])


def _pledges(folder: Path, langs: list[str]) -> dict[int, Texts]:
    versions = sorted(
        {int(file.name.split(".")[1].removeprefix("v")) for file in folder.glob("pledge.v*.*.md")}
    )
    if not versions:
        raise FileNotFoundError(f"no pledge.v1.<lang>.md in {folder}")
    return {version: _read(folder, f"pledge.v{version}.*.md", langs) for version in versions}


def _read(folder: Path, name: str, langs: Iterable[str]) -> Texts:
    """The files of this name, with a language in place of the star. Raises FileNotFoundError."""
    return languages.texts({lang: (folder / name.replace("*", lang)).read_text("utf-8") for lang in langs})


@dataclass(frozen=True)
class _Film:
    """The video of a folder in `files`, with its picture; `is_new` when the campaign has another one, or none."""

    file: str
    still: str
    is_new: bool


def _store_film(folder: Path, slug: str) -> _Film | None:
    """Store the video with its picture, unless it is the one that the campaign has.

    Of a video that stays the picture stays too: it is stored re-encoded, so the file alone does not tell whether it changed.
    """
    path = next((path for ending in VideoFormat if (path := folder / f"film.{ending}").exists()), None)
    if path is None:
        return None
    query = select(Campaign.video_file, Campaign.video_still, Campaign.edited_at, StoredFile.sha256)
    query = query.outerjoin(StoredFile, StoredFile.name == Campaign.video_file)
    present = fetch(query.where(Campaign.slug == slug)).first()
    with path.open("rb") as file:
        if present is not None and (
            present.edited_at or bytes(present.sha256 or b"") == hashlib.file_digest(file, "sha256").digest()
        ):
            return _Film(present.video_file, present.video_still, is_new=False)
        still = folder / "film.webp"
        return _Film(
            files.store_video(file),
            files.store_picture(still.read_bytes(), wide=True) if still.exists() else "",
            is_new=True,
        )


def _load_film(session: Session, campaign: Campaign, film: _Film | None) -> None:
    if film is not None and not film.is_new:
        return
    ending = files.video_ending(session, film.file) if film else ""
    file = replace_file(session, campaign.video_file, film.file if film else "")
    campaign.video_still = replace_file(session, campaign.video_still, film.still if film else "")
    campaign.video_file, campaign.video_format = file, ending


def _captions(folder: Path, langs: list[str]) -> Texts:
    texts = _read(
        folder, "captions.*.vtt", [lang for lang in langs if (folder / f"captions.{lang}.vtt").exists()]
    )
    for text in texts.values():
        check_captions(text)
    return texts


def _letter(folder: Path, langs: list[str]) -> Texts:
    """The letter to read, in all languages or in none. Raises CannotTypeset, which names the file."""
    if not any((folder / f"letter.{lang}.md").exists() for lang in langs):
        return Texts()
    texts = _read(folder, "letter.*.md", langs)
    for lang, text in texts.items():
        try:
            check_letter_text(lang, text)
        except CannotTypeset:
            raise CannotTypeset(
                f"no PDF can be made of letter.{lang}.md: it may be nested too deeply"
            ) from None
    return texts


def _load_partners(
    session: Session, campaign: Campaign, partners: list[dict[str, Any]], langs: list[str]
) -> None:
    """Load partners; one with the same name as a stored one is the same and keeps its number, which is in its link."""
    speaks = any(facts["role"] == PartnerRole.SECRETARIAT for facts in partners)
    if campaign.state == CampaignState.OPEN and not speaks:
        raise BadFields({"secretariat": FieldFault.MISSING})
    wanted = [_partner_fields(facts, langs) for facts in partners]
    _load_in_order(session, PARTNER, campaign, wanted, stored=campaign.partners)


def _load_in_order(
    session: Session,
    kind: ItemKind[Fields],
    campaign: Campaign,
    wanted: Iterable[Fields],
    *,
    stored: Iterable[Any],
) -> None:
    """Load items that staff may put in order; one with the same title as a stored one is the same."""
    # Two rows may not have one position, not even for a moment.
    for row in stored:
        row.position = -1 - row.position
    session.flush()
    loaded = _load_items(
        *(session, kind, campaign, wanted),
        stored=stored,
        key=lambda row: getattr(row, kind.title).in_language(languages.default()),
    )
    for position, row in enumerate(loaded):
        row.position = position


def _load_items(
    session: Session,
    kind: ItemKind[Fields],
    campaign: Campaign,
    wanted: Iterable[Fields],
    *,
    stored: Iterable[Any],
    key: Callable[[Any], object],
) -> list[Any]:
    """Load items of a list; one with the same key as a stored one is the same, what is not in the file goes. Their rows."""
    left, loaded = {key(row): row for row in stored}, []
    for given in wanted:
        fields = kind.clean(given, required=False)
        row = left.pop(key(fields), None)
        if row is None:
            row = items.new(kind, campaign.id, fields)
            session.add(row)
        else:
            items.write(kind, row, fields)
        loaded.append(row)
    for row in left.values():
        session.delete(row)
    return loaded


def _partner_fields(facts: dict[str, Any], langs: list[str]) -> PartnerFields:
    name = _in_each(facts["name"], langs)
    return PartnerFields(PartnerRole(facts["role"]), name, facts.get("url", ""), facts.get("type", ""))


def _event_fields(facts: dict[str, Any], langs: list[str]) -> EventFields:
    """`starts_at` and `ends_at` of the file: a date alone means a whole day in Seoul."""
    starts_at, ends_at = facts["starts_at"], facts.get("ends_at")
    return EventFields(
        title=_in_each(facts["title"], langs),
        place=_in_each(facts.get("place"), langs),
        url=facts.get("url", ""),
        is_online=facts.get("online", False),
        join_url=facts.get("join_url", ""),
        speakers=_in_each(facts.get("speakers"), langs),
        outcome=_in_each(facts.get("outcome"), langs),
        all_day=not isinstance(starts_at, datetime),
        starts_at=_moment(starts_at),
        ends_at=None if ends_at is None else _moment(ends_at),
    )


def _in_each(given: dict[str, str] | None, langs: list[str]) -> Texts:
    """In no language where nothing is given. Raises KeyError for a language that the folder has elsewhere and not here."""
    return languages.texts({lang: given[lang] for lang in langs}) if given else Texts()


def _moment(given: date | datetime) -> datetime:
    return given if isinstance(given, datetime) else datetime.combine(given, time(), SEOUL)
