"""`flask delivery …`: freeze a delivery and write its pack, for whoever hands it over from the command line."""

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from config import current_config
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.rules import BadFields
from pledge.cli.campaigns import campaign_id
from pledge.cli.delivery_verify import verify
from pledge.cli.log_key import refuse_without_log_key
from pledge.deliveries import freezing
from pledge.deliveries.doubt import CountInDoubt
from pledge.deliveries.pack import packing
from pledge.ledger import log_queries
from pledge.ledger.log_queries import CheckpointView
from pledge.statistics.values import Words

delivery = AppGroup(
    "delivery", help="Deliveries: totals at a checkpoint, frozen, with all that is needed to check them."
)
delivery.add_command(verify)

_OCCASION = Words("서명 집계 제출", "Handing over of the totals")


@delivery.command("build")
@click.argument("slug")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Write the pack to this file.",
)
@click.option("--checkpoint", "size", type=int, help="The checkpoint of this many entries; else the newest.")
@click.option("--recipient-ko", help="Else the recipient that the campaign names.")
@click.option("--recipient-en", help="The same in English.")
@click.option("--occasion-ko", default=_OCCASION.ko, show_default=True)
@click.option("--occasion-en", default=_OCCASION.en, show_default=True)
@click.option(
    "--letter-ko", type=click.File(encoding="utf-8-sig"), help="A file with the letter; else one is written."
)
@click.option("--letter-en", type=click.File(encoding="utf-8-sig"), help="The same in English.")
def build(slug: str, out: Path, size: int | None, **given: Any) -> None:
    """Freeze a delivery of the campaign SLUG and write its pack.

    The same call gives the same file again: a delivery that was frozen here with the same checkpoint and texts is used
    as it is.
    """
    refuse_without_log_key(current_config())
    checkpoint = _checkpoint(campaign_id(slug), size)
    try:
        texts = _texts(given, freezing.recipient_of(slug), freezing.letter_for(slug, checkpoint.id))
        number = freezing.frozen_before(COMMAND_LINE, slug, checkpoint.id, **texts)
        is_new = number is None
        if number is None:
            number = freezing.freeze(COMMAND_LINE, slug, checkpoint.id, **texts)
    except BadFields as wrong:
        said = ", ".join(f"--{field.replace('_', '-')} is {fault}" for field, fault in wrong.faults.items())
        raise click.UsageError(said.replace("_", " ")) from None
    except CountInDoubt as doubt:
        raise click.ClickException(
            f"{doubt.set_aside} entries of this campaign are set aside; see `flask ledger verify {slug}`"
            if doubt.set_aside
            else "the log differs from the confirmed signatures or the wall; run `flask ledger recount`"
        ) from None
    except freezing.DoesNotAddUp:
        raise click.ClickException(
            "the entries do not add up to what the checkpoint says; run `flask ledger recount`"
        ) from None
    written, sha256 = _write(number, out)
    click.echo(f"{out}: {written} bytes")
    click.echo(f"SHA-256 {sha256}")
    click.echo(f"delivery {number}, {'frozen now' if is_new else 'frozen before'}")
    click.echo(f"checkpoint of {checkpoint.size} entries, root {checkpoint.root_base64}")
    click.echo(f"{checkpoint.people} people, {checkpoint.organizations} organizations")


def _texts(given: Mapping[str, Any], recipient: Words, begun: Words) -> dict[str, Any]:
    letters = {lang: given[f"letter_{lang}"] for lang in ("ko", "en")}
    return {
        "recipient": Words(given["recipient_ko"] or recipient.ko, given["recipient_en"] or recipient.en),
        "occasion": Words(given["occasion_ko"], given["occasion_en"]),
        "letter": Words(*(begun.of(lang) if file is None else file.read() for lang, file in letters.items())),
    }


def _checkpoint(campaign: int, size: int | None) -> CheckpointView:
    if size is None:
        found = log_queries.newest(campaign)
        if found is None:
            raise click.ClickException(
                "there is no checkpoint yet; the worker signs one, or `flask ledger fold`"
            )
        return found
    found = log_queries.checkpoint_of(campaign, size)
    if found is None:
        raise click.UsageError(f"there is no checkpoint of {size} entries")
    return found


def _write(delivery_id: int, out: Path) -> tuple[int, str]:
    """Write the pack; returns its size in bytes and its SHA-256 in hex."""
    try:
        with _in_place_of(out) as file:
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


@contextmanager
def _in_place_of(target: Path) -> Iterator[BufferedRandom]:
    """A file that replaces the target once it is complete; otherwise nothing of it is left."""
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
