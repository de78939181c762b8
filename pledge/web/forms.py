"""The base classes of all forms, by Flask-WTF, a tick box that accepts only a yes, and whole numbers."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Any, TypeVar

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import BooleanField, FileField, Form, IntegerField, SelectField, StringField
from wtforms.fields import Field
from wtforms.fields.core import UnboundField
from wtforms.form import FormMeta

from pledge.core import i18n, languages
from pledge.core.languages import Texts

Entry = TypeVar("Entry")


class _FormMeta(FormMeta):
    """Makes forms with one field for each language where ByLanguage declares it."""

    def __call__(cls, *arguments: Any, **options: Any) -> Any:  # noqa: N805  # a metaclass
        return FormMeta.__call__(_with_languages(cls, languages.codes()), *arguments, **options)


class BaseForm(FlaskForm, metaclass=_FormMeta):
    """A form that reads the data that its view passes to it, not the request by itself.

    Many pages hold several forms, of which one was sent.
    """

    class Meta:
        def wrap_formdata(
            self, form: Form, formdata: MultiDict[str, Any] | None
        ) -> MultiDict[str, Any] | None:
            """Drop files that were sent under the name of a field that is not for files."""
            if not formdata or not request.files:
                return formdata
            takers = {field.name for field in form if isinstance(field, FileField)}
            sent = formdata.items(multi=True)
            return MultiDict(
                [(name, it) for name, it in sent if name in takers or not isinstance(it, FileStorage)]
            )

    def __init__(self, formdata: Any = None, **options: Any) -> None:
        super().__init__(formdata=formdata, **options)

    def by_language(self, name: str) -> Texts:
        """The input of a ByLanguage field, by language."""
        return languages.texts({lang: self[f"{name}_{lang}"].data or "" for lang in languages.codes()})

    def entry(self, kind: Callable[..., Entry], **more: Any) -> Entry:
        """A dataclass from the fields of the same names, and `more`. The form must be validated."""
        names = signature(kind).parameters.keys() - more
        return kind(**{name: self._entered(name) for name in names}, **more)

    def _entered(self, name: str) -> Any:
        if name not in self:
            return self.by_language(name)
        field = self[name]
        return field.data or "" if isinstance(field, StringField | SelectField) else field.data


#: A WTForms validator of a field: raises ValidationError.
Check = Callable[[Any, Field], None]


class ByLanguage:
    """One field for each language of the site, declared in a form once: `title` makes `title_ko`, `title_en` and so on.

    `form.by_language("title")` is what was entered. Their labels name the language.
    """

    def __init__(
        self,
        field: Callable[..., UnboundField],
        label: object,
        check: Check | None = None,
        **attributes: object,
    ) -> None:
        """`attributes`: of the control in HTML, like `maxlength`."""
        self._field, self._label, self._attributes = field, label, attributes
        self._validators = [] if check is None else [check]
        self._place = field(label).creation_counter

    def fields(self, name: str) -> dict[str, UnboundField]:
        """The fields to be bound, by their names, in the order of the languages and where this was declared."""
        fields = {}
        for number, lang in enumerate(languages.codes()):
            label = _l("%(field)s in %(language)s", field=self._label, language=_LanguageName(lang))
            attributes = {"lang": lang, **self._attributes}
            unbound = self._field(label, render_kw=attributes, validators=self._validators)
            unbound.creation_counter = self._place + number / 100
            fields[f"{name}_{lang}"] = unbound
        return fields


class _LanguageName:
    """The name of a language in the reader's language, found when it is shown."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def __str__(self) -> str:
        return languages.name(self._lang, i18n.language())


@lru_cache
def _with_languages(form: type, codes: tuple[str, ...]) -> type:
    """The form with the fields that it declares ByLanguage; `codes` are the languages of the site."""
    declared = {
        name: value
        for kind in reversed(form.__mro__)
        for name, value in vars(kind).items()
        if isinstance(value, ByLanguage)
    }
    fields = {key: field for name, value in declared.items() for key, field in value.fields(name).items()}
    return type(form.__name__, (form,), fields) if fields else form


class StaffForm(BaseForm):
    """A form of the staff area. The session's CSRF token is checked before any view (web/staff/auth/access.py)."""

    class Meta:
        # A page may hold several forms with prefixes, and it has one token.
        csrf = False


class PublicForm(BaseForm):
    """A form of the public site, without CSRF token or session; web/request_checks.py checks where a POST comes from."""

    class Meta:
        csrf = False

        def get_translations(self, form: Form) -> None:
            """Load none, which would cost a file per request: all messages of these forms are ours."""


class TickField(BooleanField):
    """A box that is ticked by one `y`, which browsers send for it; whatever else leaves it empty."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = valuelist == ["y"]


def whole_number(text: str) -> int | None:
    """Parse a whole number, also in full-width digits or with commas; None for anything else."""
    digits = unicodedata.normalize("NFKC", text).replace(",", "")
    return int(digits) if re.fullmatch("[0-9]{1,10}", digits) else None


class WholeNumberField(IntegerField):
    """A whole number, in digits with spaces and commas between them."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([whole_number("".join(text.split())) for text in valuelist])
