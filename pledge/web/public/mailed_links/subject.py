"""The interface by which a person's signature and an organisation's endorsement share the pages of mailed links: confirm,
find again, withdraw, erase (journey.py, own.py).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask import url_for

from pledge.abuse.pressing import Press
from pledge.campaigns.mailed_links import Confirmation, Link
from pledge.campaigns.queries import CampaignView
from pledge.core.tokens import Purpose
from pledge.signatures.addresses import Address

#: A string, or a lazy one of flask_babel, which has no types.
Text: TypeAlias = Any


@dataclass(frozen=True)
class Question:
    """A page that says what its one button does."""

    title: Text
    heading: Text
    lead: Text
    button: Text
    back: Text = ""  #: the link back without pressing the button
    notes: tuple[Text, ...] = ()
    danger: bool = False  #: the button takes something away that its holder has


@dataclass(frozen=True)
class DonePage:
    """A page that says what was done, when nothing is left to do."""

    heading: Text
    lead: Text


@dataclass(frozen=True)
class JourneyTexts:
    """The texts of one subject on the shared pages."""

    # "Check your mail", after the form was sent
    sent_to: Text  #: with {address}, which the browser fills in
    sent: Text
    then: Text | None  #: what comes after confirming
    # The page of the link to confirm
    confirm: Text
    confirm_lead: Text
    confirm_button: Text
    pledge: Text
    confirmed: Text  #: what a link says that was used
    not_mine_question: Text
    match_lead: Text  #: which number is asked for, and why
    match_hint: Text
    match_lost: Text  #: what to do without that page
    match_over: Text  #: what to do once the number is no longer taken
    # The page after confirming
    thanks: Text
    # The page of a link that no longer confirms
    expired: Text
    closed: Text
    invalid: Text
    # The own page, and the way to it
    own_page: Text
    open_own_page: Text
    own_page_has: Text
    link_lead: Text
    link_hint: Text
    link_sent: Text
    link_many: Text | None  #: when one address may have several


@dataclass(frozen=True, eq=False, repr=False)
class Subject:
    """One of the two, with its use cases, texts and templates. A `record` is its view, as its holder may read it."""

    name: str  #: "signature" or "endorsement", which also names the record in its own templates
    prefix: str  #: of its addresses, after the language and the campaign
    not_mine_path: str  #: the last part of the address of "this was not me"
    form: str  #: endpoint of the form that is filled in first
    has_code: bool  #: the mail also carries six digits

    resend: Callable[[str, str, str], None]  #: (slug, ticket, lang); raises BadToken
    match_number: Callable[
        [str, str], str
    ]  #: (slug, ticket) to two digits; "" behind a mailed link; raises BadToken
    open_link: Callable[[str, str], Link[Any]]  #: (token, lang)
    purpose: Purpose  #: of the token
    confirm: Callable[
        [str, Collection[Press]], str | None
    ]  #: (token, signals) to the slug of the campaign, if this call did it; raises BadToken
    answer: Callable[
        [str, str, Collection[Press]], Confirmation
    ]  #: (token, digits, signals); raises BadToken
    renew: Callable[[str, str], tuple[str, str]]  #: (token, lang) to (slug, ticket); raises BadToken
    mail_own_link: Callable[[str, str], None]  #: (token, lang); raises BadToken
    mailed_to: Callable[[Any], str]  #: (record) to the address that the mail went to
    disown: Callable[[str], bool]  #: (token); raises BadToken
    send_link: Callable[[str, Address, str], None]  #: (slug, address, lang)

    find_own: Callable[[str, str], Any]  #: (token, lang) to the record; raises BadToken
    key: Callable[[Any], str]  #: (record) to what the browser that presses keeps
    own_token: Callable[[Any], str]  #: (record)
    withdraw: Callable[[str], None]  #: (token); raises BadToken
    erase: Callable[[str], None]  #: (token); raises BadToken
    readable: Callable[[Any], dict[str, Any]]  #: (record) to everything that is stored, for the download
    own_context: Callable[[Any], dict[str, Any]]  #: (record) to what its own page shows besides
    thanks_context: Callable[[CampaignView], dict[str, Any]]  #: to what the thank-you page shows besides

    confirm_template: str  #: fills in that of mailed_links, like the next one
    thanks_template: str
    own_template: str
    words: JourneyTexts
    not_mine: Question
    not_mine_done: DonePage
    withdrawing: Callable[[Any], Question]  #: (record)
    erasing: Callable[[Any], Question]  #: (record)
    erased: Callable[[Any], DonePage]  #: (record), as it was

    def url(self, page: str, **values: Any) -> str:
        """The address of one of its pages, by the name of the view."""
        return url_for(f"public.{self.name}_{page}", **values)
