"""How the tests of packs change a pack."""

import json

from tests.support.packs import MEMBERS

#: The members that the manifest describes.
DESCRIBED = MEMBERS[:-2]


def flipped(content: bytes, place: int = 0, change: int = 1) -> bytes:
    return content[:place] + bytes([content[place] ^ change]) + content[place + 1 :]


def rewritten(content: bytes, *path, to):
    """A JSON member with one value changed."""
    whole = found = json.loads(content)
    for key in path[:-1]:
        found = found[key]
    found[path[-1]] = to
    return json.dumps(whole, ensure_ascii=False).encode()
