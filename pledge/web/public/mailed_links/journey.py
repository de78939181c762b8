"""The interface through which signatures and endorsements share the pages of mailed links (link_pages.py)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from flask import current_app, url_for

from pledge.abuse.signals import ClickSignal
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core import i18n, tokens
from pledge.core.tokens import Purpose
from pledge.mail.models import RequestKind
from pledge.mailed_links.links import Confirmation, Link


class Record(Protocol):
    """A signature or an endorsement as the holder of its link may read it."""

    @property
    def row(self) -> object: ...
    @property
    def campaign(self) -> CampaignView: ...
    @property
    def pledge(self) -> PledgeView: ...
    @property
    def token_numbers(self) -> list[int]: ...
    @property
    def mailed_to(self) -> str: ...
    @property
    def is_scanned(self) -> bool: ...
    @property
    def match_tries(self) -> int: ...
    @property
    def has_code_only(self) -> bool: ...


class UseCases(Protocol):
    """The functions that signatures.services and endorsements.services both have. Each raises BadToken."""

    def confirm_by_link(self, token: str, signals: Collection[ClickSignal]) -> str | None: ...
    def confirm_by_number(
        self, token: str, digits: str, signals: Collection[ClickSignal]
    ) -> Confirmation: ...
    def renew(self, token: str, lang: str) -> tuple[str, str]: ...
    def resend(self, slug: str, ticket: str, lang: str) -> None: ...
    def mail_own_link(self, token: str, lang: str) -> None: ...
    def disown(self, token: str) -> bool: ...
    def withdraw(self, token: str) -> bool: ...
    def erase(self, token: str) -> None: ...


@dataclass(frozen=True, eq=False, repr=False)
class Journey:
    """What differs between signatures and endorsements there."""

    name: str  #: "signature" or "endorsement", which also names the row in its own templates
    form: str  #: endpoint of the form that is filled in first
    form_template: str
    confirm_template: str  #: fills in that of mailed_links, like the next one
    thanks_template: str
    words: str  #: the template with its texts on the shared pages
    questions: str  #: the template with what its buttons do, and what was done
    ticket: Purpose  #: of the page where one waits for the mail
    link: Purpose  #: of the token in the mail to confirm
    pressed: Purpose  #: of what the browser keeps that pressed its button
    own: Purpose  #: of the link to the own page
    link_request: RequestKind  #: asks for that link

    use_cases: UseCases
    open_link: Callable[[str, str], Link[Record]]  #: (token, lang)
    find_own: Callable[[str, str], Record]  #: (token, lang); raises BadToken
    thanks_context: Callable[[CampaignView], dict[str, Any]]  #: to what the thank-you page shows besides
    #: (slug, ticket, code) to how it ended, and the token of the link that says how it stands; None: the mail has no code
    confirm_by_code: Callable[[str, str, str], tuple[Confirmation, str]] | None = None
    layout: str = "layouts/action.html"  #: of the page where the code is typed

    @property
    def has_code(self) -> bool:
        """Whether the mail also carries six digits."""
        return self.confirm_by_code is not None

    @property
    def texts(self) -> Any:
        """The texts of `words`, in the page's language."""
        return texts_of(self.words, i18n.language())

    def url(self, page: str, **values: Any) -> str:
        """The address of one of its pages, by the name of the view."""
        return url_for(f"public.{self.name}_{page}", **values)

    def form_url(self, slug: str) -> str:
        """The form, to be filled in again."""
        return url_for(self.form, slug=slug)

    def key(self, record: Record) -> str:
        """The token that the browser which pressed the button keeps."""
        return tokens.mint(self.pressed, record.token_numbers)

    def own_token(self, record: Record) -> str:
        return tokens.mint(self.own, record.token_numbers)


def plain(row: object, *names: str) -> dict[str, Any]:
    """These columns of a row for JSON: times in ISO 8601, hashes in hex."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


@lru_cache
def texts_of(template: str, _lang: str) -> Any:
    """The macros of a template, whose texts are in this language while a page in it is made."""
    return current_app.jinja_env.get_template(template).make_module()
