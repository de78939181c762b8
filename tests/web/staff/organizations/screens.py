"""What reviewers send, and what it changes."""

import re

from pledge.core.db import db
from pledge.endorsements.models import Endorsement

DESK = "/staff/organizations"


def now(row):
    db.session.rollback()
    return db.session.get(Endorsement, row.id, populate_existing=True)


def seen_on(reply):
    return re.findall(r'name="seen" value="([^"]+)"', reply.text)[0]


def act(client, row, name, *, seen=None, **fields):
    seen = seen or seen_on(client.get(f"{DESK}/{row.id}"))
    data = {"seen": seen, **{f"{name}-{field}": value for field, value in fields.items()}}
    return client.post(f"{DESK}/{row.id}/{name}", data=data)
