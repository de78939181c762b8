"""The interface by which a person's signature and an organisation's endorsement share the pages of mailed links (journey.py)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import ModuleType
from typing import Any

from flask import current_app, url_for

from pledge.campaigns.queries import CampaignView
from pledge.core import i18n, tokens
from pledge.core.tokens import Purpose
from pledge.mailed_links.links import Link


@dataclass(frozen=True, eq=False, repr=False)
class Subject:
    """What differs between signatures and endorsements there. A `record` is the view of one, as its holder may read it."""

    name: str  #: "signature" or "endorsement", which also names the row in its own templates
    prefix: str  #: of its addresses, after the language and the campaign
    not_mine_path: str  #: the last part of the address of "this was not me"
    form: str  #: endpoint of the form that is filled in first
    form_template: str
    confirm_template: str  #: fills in that of mailed_links, like the next one
    thanks_template: str
    own_template: str
    words: str  #: the template with its texts on the shared pages
    questions: str  #: the template with what its buttons do, and what was done
    has_code: bool  #: the mail also carries six digits
    link: Purpose  #: of the token in the mail to confirm
    pressed: Purpose  #: of what the browser keeps that pressed its button
    own: Purpose  #: of the link to the own page

    use_cases: ModuleType  #: signatures.services or endorsements.services: functions of the same names
    open_link: Callable[[str, str], Link[Any]]  #: (token, lang)
    find_own: Callable[[str, str], Any]  #: (token, lang) to the record; raises BadToken
    readable: Callable[[Any], dict[str, Any]]  #: (record) to what else is stored, for the download
    own_context: Callable[[Any], dict[str, Any]]  #: (record) to what its own page shows besides
    thanks_context: Callable[[CampaignView], dict[str, Any]]  #: to what the thank-you page shows besides
    layout: str = "layouts/action.html"  #: of the page where the code is typed

    @property
    def texts(self) -> Any:
        """The texts of `words`, in the page's language."""
        return _texts(self.words, i18n.language())

    def url(self, page: str, **values: Any) -> str:
        """The address of one of its pages, by the name of the view."""
        return url_for(f"public.{self.name}_{page}", **values)

    def form_url(self, slug: str) -> str:
        """The form, to be filled in again."""
        return url_for(self.form, slug=slug)

    def key(self, record: Any) -> str:
        """What the browser keeps that presses the button."""
        return tokens.mint(self.pressed, record.token_numbers)

    def own_token(self, record: Any) -> str:
        return tokens.mint(self.own, record.token_numbers)


def plain(row: object, *names: str) -> dict[str, Any]:
    """These columns of a row as JSON has them: a moment by ISO 8601, a hash in hex."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


@lru_cache
def _texts(template: str, _lang: str) -> Any:
    return current_app.jinja_env.get_template(template).make_module()
