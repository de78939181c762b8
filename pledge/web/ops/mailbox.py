"""The mailbox of a development machine: the mails that would have been sent, to read (HTML) and for programs (JSON).

It shows valid links, so production does not have it.
"""

import email
import re
from contextlib import suppress
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import nh3
from flask import Flask, Response, abort, jsonify, render_template
from markupsafe import Markup

from config import Config, current_config
from pledge.web.address_book import AddressBook

blueprint = AddressBook("mailbox", __name__, url_prefix="/dev")

_ID = re.compile(r"[0-9a-f-]{1,60}")
_TAGS = {"p", "strong", "em", "a", "h2", "br", "ul", "ol", "li"}


def register(app: Flask, config: Config) -> None:
    if not config.is_production:
        app.register_blueprint(blueprint)


@blueprint.page("/mailbox")
def index() -> str:
    return render_template("ops/mailbox.html", mails=_stored())


@blueprint.page("/mailbox/<mail_id>")
def mail(mail_id: str) -> str:
    path = _folder() / f"{mail_id}.eml"
    if not _ID.fullmatch(mail_id) or not path.is_file():
        abort(404)
    content = _read(path)
    # Without its styles, which our Content-Security-Policy would block.
    html = nh3.clean(content["html"], tags=_TAGS, clean_content_tags={"script", "style", "title"})
    return render_template("ops/mail.html", mail=content, html=Markup(html))  # noqa: S704  # cleaned above


@blueprint.page("/mailbox.json")
def as_json() -> Response:
    """A list of {to, subject, text, html, headers}, newest first."""
    return jsonify(list(_stored().values()))


def _folder() -> Path:
    return current_config().mailbox_dir


def _stored() -> dict[str, dict[str, Any]]:
    """All mails by their ids, newest first: their file names sort that way."""
    mails = {}
    for path in sorted(_folder().glob("*.eml")):
        with suppress(FileNotFoundError):  # the worker has just deleted it
            mails[path.stem] = _read(path)
    return mails


def _read(path: Path) -> dict[str, Any]:
    parsed = cast("EmailMessage", email.message_from_bytes(path.read_bytes(), policy=cast("Any", default)))
    return {
        "to": str(parsed["To"]),
        "subject": str(parsed["Subject"]),
        "text": _part(parsed, "plain"),
        "html": _part(parsed, "html"),
        "headers": {name: str(value) for name, value in parsed.items()},
    }


def _part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
