"""The forms of a page, as a browser reads them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib

from tests.support.factories import endorse_form, sign_form

HTML = "{http://www.w3.org/1999/xhtml}"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass
class Form:
    """A form as a page shows it; `fields` holds what a browser would send without anything typed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    #: Of the fields, those that take a file.
    files: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        return [name for name in self.fields if name != "csrf_token"]


def forms_of(page: str, address: str, method: str = "post") -> Iterator[Form]:
    for element in html5lib.parse(page, treebuilder="etree").iter(f"{HTML}form"):
        if element.get("method", "get").lower() == method:
            form = Form(urlsplit(element.get("action") or address).path)
            for child in element.iter():
                if child.get("name") and child.get("disabled") is None:
                    _add(form, child.get("name", ""), child)
            yield form


def _add(form: Form, name: str, element: Element) -> None:
    if element.tag == f"{HTML}textarea":
        form.fields[name] = element.text or ""
    elif element.tag == f"{HTML}select":
        values = [option.get("value", "") for option in element.iter(f"{HTML}option")]
        form.fields[name] = next(filter(None, values), "")
    elif element.get("type") in ("radio", "checkbox"):
        form.fields.setdefault(name, element.get("value", "y"))
    elif element.tag in (f"{HTML}input", f"{HTML}button"):
        form.fields[name] = element.get("value", "")
        if element.get("type") == "file":
            form.files.add(name)


#: What the fields want, by name; what is not named takes any words.
GOOD = {
    **sign_form(email="somebody@example.org"),
    **endorse_form(email="speaker@sky.example.org"),
    "registration_number": "124-81-00998",
    "slug": "another-campaign",
    "goal": "5000",
    "opens_at": "",
    "closes_at": "2031-05-06T07:08",
    "start_day": "2031-05-06",
    "start_time": "10:00",
    "end_day": "2031-05-06",
    "end_time": "11:00",
    "since": "2026-01-01",
    "until": "2031-01-01",
    "url": "https://example.org/page",
    "video": "https://youtu.be/dQw4w9WgXcQ",
    "code": "mistake-in-name",
}
