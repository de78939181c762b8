"""An application that says "recorded" before it is: what the chaos test must notice. Served in place of `wsgi:app`."""

import threading
import time

from flask import current_app

from pledge.signatures import statements
from pledge.signatures.models import Signature
from wsgi import app

#: Seconds between the answer and the commit.
LATE = 100.0

_sign = statements.sign


def _sign_later(row: Signature, slug: str, **versions: int | None) -> int:
    real = current_app._get_current_object()  # type: ignore[attr-defined]

    def commit() -> None:
        time.sleep(LATE)
        with real.app_context():
            _sign(row, slug, **versions)

    threading.Thread(target=commit, daemon=True).start()
    return row.id


statements.sign = _sign_later

__all__ = ["app"]
