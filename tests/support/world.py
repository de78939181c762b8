"""Rows of each kind, so that the address of every route leads somewhere, for the parts of their addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.routing import Rule

from pledge.abuse import origin_list
from pledge.abuse.models import ListEffect, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.accounts import moderation as accounts
from pledge.accounts.mails import invitation_link
from pledge.accounts.roles import Role
from pledge.campaigns import items, staff_queries
from pledge.campaigns.events import EVENT
from pledge.campaigns.models import Campaign
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.endorsements import services as endorsements
from pledge.exports import services as exports
from pledge.files.services import store_renditions
from pledge.signatures import services
from pledge.signatures.moderation import hide_name
from pledge.signatures.origins import domain_hash
from pledge.statistics import referrals
from tests.support import deliveries, demands, factories, mails, news, paper
from tests.support.factories import ANNA, EDITOR, SLUG
from tests.support.pictures import webp
from tests.support.staff import StaffClient

#: A part of a route, without its converter: `<slug>`.
PART = re.compile(r"<(?:[^<>]*:)?(\w+)>")


@dataclass
class World:
    """Where the parts of the routes lead somewhere: `values["confirm/<token>"]`; the longest end of a route that fits."""

    values: dict[str, list[str]]

    def parts(self, rule: Rule) -> Iterator[dict[str, str]]:
        """The values of a route's parts, in each combination."""
        return self._parts(PART.sub(r"<\1>", rule.rule), sorted(rule.arguments), {})

    def _parts(self, route: str, names: list[str], given: dict[str, str]) -> Iterator[dict[str, str]]:
        if not names:
            yield given
            return
        for value in self._known(route, names[0]):
            yield from self._parts(route, names[1:], {**given, names[0]: value})

    def _known(self, route: str, name: str) -> list[str]:
        fitting = [key for key in self.values if key.endswith(f"<{name}>") and key in route]
        return self.values[max(fitting, key=len)] if fitting else ["1"]


def built(rule: Rule, parts: dict[str, str]) -> str:
    """The address of a route with these parts."""
    value = rule.build(parts)
    assert value is not None, rule
    return value[1]


def world(staff: StaffClient) -> World:
    of = factories.campaign(versions=2, short_name="sky")
    factories.draft("draft")
    states = ("pending", "confirmed", "withdrawn", "invalidated")
    people = [factories.signature(of, state=state, updates=True) for state in states]
    hashed = domain_hash(SLUG, "robots.example")
    people += [
        factories.signature(of, state=state, hold_reason="speed", domain_hash=hashed)
        for state in ("pending", "held")
    ]
    states = ("pending", "review", "changes", "published", "declined", "removed", "withdrawn")
    organizations = [factories.endorsement(of, state=state) for state in states]
    change = mails.ask_to_take_over(organizations[states.index("published")])
    factories.fold_all()
    handed_over = [deliveries.answered(of), deliveries.handed_over(of), deliveries.frozen(of)]
    hide_name(ANNA, people[1].id, "no name")
    values = {
        "<lang>": ["en"],
        "<language>": ["en"],
        "<slug>": [SLUG, "draft"],
        "check/<ticket>": [services.ticket_for(SLUG, person.id) for person in people],
        "endorse/check/<ticket>": [
            endorsements.ticket_for(SLUG, organization.address_hash, organization.name_key)
            for organization in organizations
        ],
        "confirm/<token>": [factories.confirm_token(person) for person in people],
        "me/<token>": [factories.manage_token(person) for person in people],
        "unsubscribe/<token>": [factories.unsubscribe_token(person) for person in people],
        "endorse/confirm/<token>": [
            factories.endorse_confirm_token(organization) for organization in organizations
        ],
        "endorse/me/<token>": [
            factories.endorse_manage_token(organization) for organization in organizations
        ],
        "endorse/contact/<token>": [factories.endorse_contact_token(change)],
        "<signature_id>": [str(person.id) for person in people],
        "<endorsement_id>": [str(organization.id) for organization in organizations],
        "<demand_id>": [str(number) for number in _demands(of)],
        "<delivery_id>": [str(number) for number in handed_over],
        "<staff_id>": [str(staff.member.id), str(staff.member.id + 1)],
        "<section>": ["partners", "events", "sisters", "demands"],
        "<direction>": ["up"],
        "<sort>": ["domain"],
        "<value>": [hashed.hex()],
        "<act>": ["hold", "release", "invalidate"],
        "<after>": ["closed", "open", "archived"],
        "<part>": ["letter"],
        "<way>": ["code", "recovery"],
        "<short_name>": ["sky"],
        "<table>": ["history", "regions", "countries", "organizations"],
        "switches/<name>": ["signing", "mail", "banner", "sign-limit"],
    }
    return World({**values, **_by_staff(of, staff), **_files()})


def _by_staff(of: Campaign, staff: StaffClient) -> dict[str, list[str]]:
    """What staff have made or sent."""
    origin = Origin(of.id, OriginKind.DOMAIN, domain_hash(SLUG, "other.example"))
    origin_list.add(ANNA, origin, ListEffect.HOLD, "why", ())
    invited = accounts.invite(ANNA, "invited@example.org", [Role.EDITOR], "ko")
    codes = [partner.code for partner in referrals.partners(of.id)]
    proposed = factories.invalidation(state="proposed", domain_hash=origin.hash)
    made = {
        "<invalidation_id>": [proposed.id, factories.invalidation(state="applied").id],
        "<number>": [items.add(EVENT, EDITOR, SLUG, factories.event_fields())],
        "<export_id>": [exports.request(ANNA, SLUG, "ledger", "csv", lang="ko")],
        "<news_id>": [news.draft(of), news.proposed(of)],
        "<batch_id>": [paper.entered(of), paper.agreed(of)],
        "<listed_id>": [row.id for row in origin_list.entries(of.id)],
        "preview/<token>": [
            tokens.mint(Purpose.PREVIEW, [staff_queries.desk(slug).id]) for slug in (SLUG, "draft")
        ],
        "with/<code>": [*codes, "p999999999"],
        "spread/<token>": [referrals.partner_token(of.id, code) for code in codes],
        "invitation/<token>": [invitation_link(factories.member_of_staff(invited)).rpartition("/")[2]],
    }
    return {part: [str(value) for value in values] for part, values in made.items()}


def _demands(of: Campaign) -> list[int]:
    """One that was answered and one of which an answer waits."""
    answered, waiting = demands.asked(of), demands.asked(of)
    demands.published(answered)
    demands.entered(waiting)
    return [answered, waiting]


def _files() -> dict[str, list[str]]:
    return {
        "files/<name>": [
            store_renditions({96: webp(), 320: webp()}),
            factories.stored_document(),
            factories.stored_video(),
        ],
        "<size>": ["96"],
        "<ending>": ["mp4"],
        "<shape>": ["square"],
        "<slug>.<kind>": ["svg", "png"],
        "<paper>": ["a4"],
        "tile/<tile>": ["0/000.p/1"],
    }
