"""A campaign as files. `flask campaign load`: from readable ones. `flask demo …`: the demo campaign (pledge/content/demo/) and sample
data for it (tools/demo/). `flask delivery …`, `flask totals` and `flask export`: what is handed over.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import click
from flask.cli import with_appcontext

from config import Config, current_config
from pledge.audit import services as audit
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.loading import EditedByStaff, PledgeTextChanged, load_folder
from pledge.campaigns.rules import BadFields
from pledge.cli.options import Commands, campaign_id, known_language, refuse_without_log_key
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.deliveries import freezing
from pledge.deliveries.document import SUBMITTED_AS
from pledge.deliveries.freezing import CountInDoubt
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.pack import packing
from pledge.deliveries.pack.checking import KeysFrom, check
from pledge.deliveries.tables import FORMATS
from pledge.exports import services
from pledge.exports.files import write_export
from pledge.exports.rows import KINDS
from pledge.files.faults import StorageAway
from pledge.files.storage import replacing
from pledge.ledger import log_queries
from pledge.ledger.models import Checkpoint
from pledge.statistics.totals import DoesNotAddUp, campaign_facts, totals_at
from pledge.worker.registry import ledger_sources, makers

#: What can be wrong with a folder: a missing file or setting, a text or film that is refused.
_FAULTS = (OSError, LookupError, ValueError, PledgeTextChanged, StorageAway)

campaign = Commands("campaign", help="A campaign from files.")


@campaign.command("load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def load(folder: Path) -> None:
    """Create or update the campaign that FOLDER describes, unless staff have edited it; loading it twice changes nothing."""
    load_from(folder)


def load_from(folder: Path) -> None:
    """Load a folder and report it. Raises ClickException if something is wrong with it."""
    try:
        slug = load_folder(folder)
    except EditedByStaff as error:
        click.echo(f"Nothing loaded: {error}.")
    except _FAULTS as error:
        raise click.ClickException(f"{folder}: {type(error).__name__}: {error}") from None
    else:
        click.echo(f"Loaded the campaign {slug}.")


DEMO = Path(__file__).resolve().parent.parent / "content" / "demo"
SLUG = "blue-skies"
PEOPLE = 12_000

demo = Commands("demo", help="The demo campaign, and sample data for it.")


@demo.command("load")
def load_demo() -> None:
    """Create or update the demo campaign, unless staff have edited it; loading it twice changes nothing."""
    load_from(DEMO / SLUG)


@demo.command("fill")
@click.option(
    "--people",
    type=click.IntRange(100, 100_000),
    default=PEOPLE,
    show_default=True,
    help="How many sign.",
)
def fill(people: int) -> None:
    """Fill the loaded demo campaign with ten weeks of sample data, once; refused in production."""
    if fill_demo(current_config(), people):
        click.echo("Filled the demo campaign with sample data.")
    else:
        click.echo("Nothing filled: the sample data is there already.")


def fill_demo(config: Config, people: int = PEOPLE) -> bool:
    """Fill the demo campaign; returns False if it was filled before. Raises ClickException where it is not allowed."""
    if config.is_production:
        raise click.ClickException("sample data is refused in production (PLEDGE_ENV)")
    refuse_without_log_key(config)
    from tools.demo import fill as samples  # noqa: PLC0415  # outside the product: only this command needs it

    try:
        return samples.fill(SLUG, ledger_sources(), makers(), number=people)
    except samples.NoSuchDemo:
        raise click.ClickException("the demo campaign is not there; run `flask demo load` first") from None
    except samples.NotEmpty:
        raise click.ClickException(
            "there are signatures or organisations already; sample data needs a new database"
        ) from None
    except samples.Interrupted:
        raise click.ClickException(
            "filling was interrupted before it was complete; delete this database and start again"
        ) from None


delivery = Commands(
    "delivery", help="Deliveries: totals at a checkpoint, frozen, with all that is needed to check them."
)

_OCCASION = Phrase("delivery", "Handing over of the totals")

_KEY_NAMES = {
    KeysFrom.GIVEN: "the key that was given",
    KeysFrom.SITE: "the keys with which this site signs this log",
    KeysFrom.PACK: "the key inside the pack, as this site has no such log: so the pack is intact, but who made it is not proven",
}


def by_language(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Texts:
    """`LANG=TEXT`, once for each language. Raises click.BadParameter."""
    texts: dict[str, str] = {}
    for pair in given:
        lang, is_named, text = pair.partition("=")
        if not lang or not is_named or lang in texts:
            raise click.BadParameter("LANG=… is expected, once for each language")
        known_language(lang)
        texts[lang] = text
    return languages.texts(texts)


def in_languages(name: str, help_text: str, metavar: str = "LANG=TEXT") -> Callable[[Any], Any]:
    """An option that can be given once per language."""
    return click.option(name, multiple=True, metavar=metavar, callback=by_language, help=help_text)


def to_file(meaning: str, *, required: bool = True) -> Callable[[Any], Any]:
    """The option `--out FILE`."""
    file = click.Path(path_type=Path, dir_okay=False, writable=True)
    return click.option("--out", type=file, required=required, help=meaning)


_REPLY = ("number", "department", "submitted_as", "person", "phone", "email", "address")


@delivery.command("build")
@click.argument("slug")
@to_file("Write the pack to this file.")
@click.option("--checkpoint", "size", type=int, help="The checkpoint of this many entries; else the newest.")
@click.option("--as-last-time", is_flag=True, help="Begin with what the campaign's last delivery said.")
@in_languages("--recipient", "Else the recipient that the campaign names.")
@in_languages("--occasion", "Else that the totals are handed over.")
@in_languages("--letter", "A file with the letter; else one is written.", metavar="LANG=FILE")
@click.option("--number", help="The number of the letter.")
@in_languages("--department", "The department in charge.")
@click.option("--submitted-as", type=click.Choice(tuple(SUBMITTED_AS)), help="As what it is handed in.")
@in_languages("--person", "Who is in charge of the answer.")
@click.option("--phone", help="For the answer.")
@click.option("--email", help="For the answer; else that of the site.")
@in_languages("--address", "For the answer.")
@click.option("--other", type=(str, str), multiple=True, metavar="NUMBER WHAT", help="What a number is.")
def build(slug: str, out: Path, size: int | None, as_last_time: bool, **given: Any) -> None:
    """Freeze a delivery of the campaign SLUG and write its pack.

    The same call writes the same file again: it reuses the delivery frozen with the same checkpoint and texts.
    """
    refuse_without_log_key(current_config())
    checkpoint = _checkpoint(campaign_id(slug), size)
    draft = freezing.draft(slug, checkpoint.id, like_last=as_last_time)
    try:
        wording = LetterTexts(
            recipient=languages.texts(draft.recipient | given["recipient"]),
            occasion=languages.texts((draft.occasion or _OCCASION.in_each()) | given["occasion"]),
            letter=languages.texts(draft.letter | _read(given["letter"])),
            reply=replace(
                draft.reply,
                **{name: given[name] for name in _REPLY if given[name]},
            ),
            others={**draft.others, **dict(given["other"])},
        )
        number = freezing.freeze(COMMAND_LINE, slug, checkpoint.id, wording)
    except BadFields as wrong:
        summary = ", ".join(
            f"{field} is {fault.name.lower()}".replace("_", " ") for field, fault in wrong.faults.items()
        )
        raise click.UsageError(summary) from None
    except CountInDoubt as doubt:
        raise click.ClickException(
            f"{doubt.set_aside} entries of this campaign are set aside; see `flask ledger verify {slug}`"
            if doubt.set_aside
            else "the log differs from the confirmed signatures or the wall; run `flask ledger recount`"
        ) from None
    except DoesNotAddUp:
        raise click.ClickException(
            "the entries do not add up to what the checkpoint says; run `flask ledger recount`"
        ) from None
    written, sha256 = _write(number, out)
    click.echo(f"{out}: {written} bytes")
    click.echo(f"SHA-256 {sha256}")
    click.echo(f"delivery {number}")
    click.echo(f"checkpoint of {checkpoint.size} entries, root {checkpoint.root_base64}")
    click.echo(f"{checkpoint.people} people, {checkpoint.organizations} organizations")


def _read(letters: Mapping[str, str]) -> dict[str, str]:
    try:
        return {lang: Path(name).read_text("utf-8-sig") for lang, name in letters.items()}
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"the letter cannot be read: {error}") from None


def _checkpoint(campaign: int, size: int | None) -> Checkpoint:
    checkpoint = log_queries.newest(campaign, size)
    if checkpoint is not None:
        return checkpoint
    if size is None:
        raise click.ClickException("there is no checkpoint yet; the worker signs one, or `flask ledger fold`")
    raise click.UsageError(f"there is no checkpoint of {size} entries")


def _write(delivery_id: int, out: Path) -> tuple[int, str]:
    """Write the pack; returns its size in bytes and its SHA-256 in hex."""
    try:
        with replacing(out) as file:
            packing.pack(delivery_id, file, lambda *_: None)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    except packing.PackInconsistent as error:
        raise click.ClickException(
            f"the pack would not verify ({type(error).__name__}: {error}); nothing was written"
        ) from None
    except packing.NoKnownKey:
        raise click.ClickException(
            "PLEDGE_LOG_KEY holds none of the keys that the log had when this was frozen; nothing was written"
        ) from None


@delivery.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Check with the public keys in this file.",
)
def verify(file: Path, key: TextIO | None) -> None:
    """Check the pack in FILE as its recipient can, with verifier/verify.py; exit with 1 if a check failed."""
    result = check(file, None if key is None else key.read())
    click.echo(result.output, nl=False)
    if result.code:
        raise SystemExit(result.code)
    click.echo(f"checked with: {_KEY_NAMES[result.keys_from]}")
    if result.is_published is False:
        click.echo("FAILED checkpoint: this site has not published it")
        raise SystemExit(1)
    if result.is_published:
        click.echo("this site has published the checkpoint")


@click.command("totals")
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="csv", show_default=True)
@click.option(
    "--lang",
    default="",
    help="Write it in this language alone; by default in all of the site.",
)
@to_file("Write to this file instead.", required=False)
@with_appcontext
def totals(slug: str, form: str, lang: str, out: Path | None) -> None:
    """Write how many signed the campaign SLUG: in all, by country, by region and by day."""
    campaign_id(slug)  # refuses an unknown one
    result = totals_at(campaign_facts(slug))
    content = FORMATS[form](replace(result, languages=[known_language(lang)]) if lang else result)
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
        click.echo(f"{result.people} people as of {iso_utc(result.as_of)}: {out}", err=True)
        return
    if form == "xlsx" and sys.stdout.isatty():
        raise click.UsageError("a spreadsheet is not for the screen; name a file with --out")
    click.echo(content, nl=False)  # write bytes unchanged


@click.command("export")
@click.argument("slug")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.option("--format", "form", type=click.Choice(services.FORMATS), default="csv", show_default=True)
@click.option("--lang", default="", help="Language of the table; by default the first one of the site.")
@to_file("The zip to write.")
@with_appcontext
def export(slug: str, kind: str, form: str, lang: str, out: Path) -> None:
    """Write rows of the campaign SLUG into a zip: the table and a manifest with their number."""
    lang = known_language(lang)
    campaign_id(slug)  # refuses an unknown one
    try:
        wanted = services.unsaved(slug, kind=kind, form=form, lang=lang)
        with replacing(out) as file:
            rows = write_export(wanted, file, lambda _done, _total: None)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    audit.note(
        COMMAND_LINE, "export.command", f"campaign:{slug}", rows=kind, format=form, lang=lang, number=rows
    )
    click.echo(f"{rows} rows: {out}", err=True)
