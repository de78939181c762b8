"""The mailbox of a development machine: the mails that would have been sent, to read (HTML) and for programs (JSON).

It shows valid links, so production does not have it.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import nh3
from flask import Blueprint, Flask, Response, abort, jsonify, render_template
from markupsafe import Markup

from config import Config, current_config

blueprint = Blueprint("mailbox", __name__, url_prefix="/dev")

_ID = re.compile(r"[0-9a-f-]{1,60}")
_TAGS = {"p", "strong", "em", "a", "h2", "br", "ul", "ol", "li"}


@dataclass(frozen=True)
class StoredMail:
    id: str
    to: str
    subject: str
    date: str
    text: str
    source: str  #: the HTML part as it was sent
    headers: dict[str, str]

    @property
    def html(self) -> Markup:
        """The HTML part without its styles, which our Content-Security-Policy would block."""
        return Markup(nh3.clean(self.source, tags=_TAGS, clean_content_tags={"script", "style", "title"}))  # noqa: S704


def register(app: Flask, config: Config) -> None:
    if not config.is_production:
        app.register_blueprint(blueprint)


@blueprint.get("/mailbox")
def index() -> str:
    return render_template("ops/mailbox.html", mails=list(_stored()))


@blueprint.get("/mailbox/<mail_id>")
def mail(mail_id: str) -> str:
    path = _folder() / f"{mail_id}.eml"
    if not _ID.fullmatch(mail_id) or not path.is_file():
        abort(404)
    return render_template("ops/mail.html", mail=_read(path))


@blueprint.get("/mailbox.json")
def as_json() -> Response:
    """A list of {to, subject, text, html, headers}, newest first."""
    names = {"to": "to", "subject": "subject", "text": "text", "html": "source", "headers": "headers"}
    return jsonify([{name: getattr(mail, field) for name, field in names.items()} for mail in _stored()])


def _folder() -> Path:
    return current_config().mailbox_dir


def _stored() -> Iterator[StoredMail]:
    """All mails, newest first: their file names sort that way."""
    for path in sorted(_folder().glob("*.eml")):
        try:
            yield _read(path)
        except FileNotFoundError:  # the worker has just deleted it
            continue


def _read(path: Path) -> StoredMail:
    parsed = cast("EmailMessage", email.message_from_bytes(path.read_bytes(), policy=cast("Any", default)))
    return StoredMail(
        id=path.stem,
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        date=str(parsed["Date"]),
        text=_part(parsed, "plain"),
        source=_part(parsed, "html"),
        headers={name: str(value) for name, value in parsed.items()},
    )


def _part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
