"""The base classes of every form, by Flask-WTF, and a box that only a yes ticks."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import BooleanField, FileField, Form

#: What a ticked box may send. Our pages send `y`; programs that fill in forms send the others.
YES = frozenset({"y", "yes", "on", "true", "1"})


class BaseForm(FlaskForm):
    """A form that reads what its view hands to it, not the request by itself.

    Many pages hold several forms, of which one was sent.
    """

    class Meta:
        def wrap_formdata(
            self, form: Form, formdata: MultiDict[str, Any] | None
        ) -> MultiDict[str, Any] | None:
            """Take out the files that were sent under the name of another field than one for files."""
            if not formdata or not request.files:
                return formdata
            takers = {field.name for field in form if isinstance(field, FileField)}
            sent = formdata.items(multi=True)
            return MultiDict(
                [(name, it) for name, it in sent if name in takers or not isinstance(it, FileStorage)]
            )

    def __init__(self, formdata: Any = None, **options: Any) -> None:
        super().__init__(formdata=formdata, **options)


class StaffForm(BaseForm):
    """A form of the staff area, with the CSRF token of the session."""


class PublicForm(BaseForm):
    """A form of the public site: no CSRF token, as there is no session; pledge/guards.py says where a POST may come from."""

    class Meta:
        csrf = False

        def get_translations(self, form: Form) -> None:
            """None are loaded, which would cost each request a file: every message of these forms is our own."""


class TickField(BooleanField):
    """A box that is ticked only by a value that says yes; `0`, `null`, `no` and whatever else leave it empty."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        said = [value.strip().lower() for value in valuelist if isinstance(value, str)]
        self.data = bool(said) and all(value in YES for value in said)
