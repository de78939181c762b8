"""One number everywhere: what the API counts, the page shows, the checkpoint holds and the published entries add up to."""

import io
import json
import re

from PIL import Image

from pledge.core.db import db
from pledge.endorsements.models import EndorsementState, VersionState
from pledge.endorsements.review import moderation
from pledge.endorsements.review.queries import SeenState
from pledge.ledger import log_queries, merkle
from pledge.ledger.tiles import TilePath
from pledge.signatures import services as signing
from pledge.signatures.invalidation import applying, services
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
from tests.support.checkers import program
from tests.support.factories import (
    ANNA,
    BORA,
    campaign,
    confirm_token,
    endorse_manage_token,
    endorsement,
    fold_all,
    manage_token,
    sign_form,
    signatures,
)
from tests.support.published_log import signed_by, unframed

REVIEWED = SeenState(EndorsementState.REVIEW, 1, VersionState.PROPOSED)


def published(client):
    """The sums over the entries, as somebody reads them who has nothing but addresses; the checkpoint is checked."""
    keys = [program.Key(line) for line in client.get("/log/blue-skies/key").text.splitlines()]
    note = client.get("/log/blue-skies/checkpoint").text
    state = signed_by(note, keys)
    edge, sums, states = program.Tree(), {"person": 0, "organization": 0, "statement": 0}, []
    while edge.size < state.size:
        tile = TilePath(None, edge.size // 256, min(256, state.size - edge.size))
        for line in unframed(client.get(f"/log/blue-skies/tile/{tile}").data):
            edge.add(merkle.leaf_hash(line))
            leaf = json.loads(line)
            sums[leaf["of"]] += leaf["change"]
            states.append(leaf["change"] == 1)
            if leaf["change"] == -1:
                assert states[leaf["takes_back"]], "it takes back what stands"
                states[leaf["takes_back"]] = False
    assert edge.root() == state.root
    assert sum(states) == sum(sums.values())
    return state.size, sums["person"], sums["organization"]


def shown(client):
    """The numbers on the campaign's page."""
    page = client.get("/en/c/blue-skies").text
    people = re.search(r"data-count>([\d,]+)<", page)[1]
    return int(people.replace(",", "")), int(re.search(r'data-organizations="(\d+)"', page)[1])


def agree(client, clock, campaign_id):
    """Fold, and compare all of them; the size of the log and the two numbers."""
    fold_all()
    clock.move(seconds=6)
    answer = client.get("/api/v1/campaigns/blue-skies/count").get_json()
    size, people, organizations = published(client)
    row = log_queries.newest(campaign_id, answer["checkpoint"])
    assert (answer["checkpoint"], answer["people"], answer["organizations"]) == (size, people, organizations)
    assert shown(client) == (people, organizations)
    assert (row.people, row.organizations) == (people, organizations)
    return size, people, organizations


def text_of(picture):
    with Image.open(io.BytesIO(picture.data)) as opened:
        return opened.text


def test_every_place_names_the_entries_that_give_its_number(client):
    signing.withdraw(manage_token(signatures(3)[0]))
    fold_all()
    places = ("/en/", "/en/c/blue-skies", "/en/c/blue-skies/progress", "/en/c/blue-skies/press")
    for place in (*places, "/embed/blue-skies", "/badge/blue-skies.svg"):
        assert re.findall(r' data-size="(\w+)"', client.get(place).text) == ["4"], place
    assert text_of(client.get("/share/blue-skies.en.png")) == {"checkpoint": "4"}
    assert text_of(client.get("/share/blue-skies/1.en.png")) == {}


def test_through_every_way_to_be_counted_and_not_to_be(app, client, frozen_clock):
    number = campaign().id

    # Signing and confirming by link.
    for person in range(3):
        client.post("/ko/c/blue-skies/sign", data=sign_form(email=f"person{person}@robots.example"))
    people = sorted(db.session.query(Signature), key=lambda person: person.email)
    tokens = [(confirm_token(person), manage_token(person)) for person in people]
    for confirm, _ in tokens:
        client.post(f"/ko/confirm/{confirm}")
    assert agree(client, frozen_clock, number) == (3, 3, 0)

    # Withdrawing, and signing again.
    client.post(f"/ko/me/{tokens[0][1]}/withdraw")
    assert agree(client, frozen_clock, number) == (4, 2, 0)
    frozen_clock.move(seconds=24 * 3600)  # a mail at once to the same address waits
    client.post("/ko/c/blue-skies/sign", data=sign_form(email="person0@robots.example"))
    db.session.expire_all()
    again = next(row for row in db.session.query(Signature) if row.state == "pending")
    client.post(f"/ko/confirm/{confirm_token(again)}")
    assert agree(client, frozen_clock, number) == (5, 3, 0)

    # Three hundred more, so that a tile is full.
    signatures(300)
    assert agree(client, frozen_clock, number) == (305, 303, 0)

    # An organisation is published, with an entry for what it promises, and removed by itself.
    office = endorsement(state="review")
    token = endorse_manage_token(office)
    moderation.publish(ANNA, office.id, REVIEWED)
    endorsement(state="published")
    assert agree(client, frozen_clock, number) == (308, 303, 2)
    client.post(f"/ko/endorse/me/{token}/withdraw")
    assert agree(client, frozen_clock, number) == (309, 303, 1)

    # An invalidation and its end.
    which = services.propose(
        ANNA,
        Condition(domain_hash=domain_hash("blue-skies", "robots.example")),
        InvalidationReason.AUTOMATED,
        "a burst",
    )
    services.approve(BORA, which)
    while applying.advance():
        pass
    assert agree(client, frozen_clock, number) == (312, 300, 1)
    services.undo(ANNA, which, "they are people after all")
    while applying.advance():
        pass
    assert agree(client, frozen_clock, number) == (315, 303, 1)

    # Erasing.
    client.post(f"/ko/me/{tokens[1][1]}/erase")
    assert agree(client, frozen_clock, number) == (316, 302, 1)
