"""Packs whose signer lies: one number in one file is another, and all of it is signed again with the log's own key.

`LIES` names each; `members(name, log)` gives the members that such a pack has in place of the right ones.
"""

import json
import re
from collections.abc import Callable

from tests.support import packs
from tests.support.packs import Log, made_up

Rewrite = Callable[[bytes], bytes]


def json_with(*path: str | int, to: object) -> Rewrite:
    """A JSON member with one value changed."""

    def rewrite(content: bytes) -> bytes:
        whole = part = json.loads(content)
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = to
        return json.dumps(whole, ensure_ascii=False).encode()

    return rewrite


def _swap(before: str, after: str) -> Rewrite:
    def rewrite(content: bytes) -> bytes:
        changed = re.sub(before, after, content.decode("utf-8"), count=1, flags=re.MULTILINE)
        assert changed != content.decode("utf-8"), f"{before} is not in it"
        return changed.encode()

    return rewrite


def _a_row_more(content: bytes) -> bytes:
    return content + content.splitlines(keepends=True)[-1]


US = '{"key": "US", "label": {"ko": "미국", "en": "United States"}, "people": 1}'
LIES: dict[str, tuple[str, Rewrite]] = {
    "README says a million more": ("README.txt", _swap(r"^(  People +)(\d+)", r"\g<1>1,000,\g<2>")),
    "README says it in Korean": ("README.txt", _swap(r"^(  서명한 사람 +)\d+", r"\g<1>63600")),
    "the sum in totals.csv": ("totals.csv", _swap(r'^("total","people".*),\d+', r"\1,63600")),
    "the organisations in totals.csv": ("totals.csv", _swap(r'^("total","organizations".*),\d+', r"\1,47")),
    "a line of totals.csv": ("totals.csv", _swap(r'^("country","KR".*),\d+', r"\1,99")),
    "README in one language only": ("README.txt", _swap(r"^(  People +)\d+", r"\1none")),
    "a language more in totals.json": ("totals.json", json_with("campaign", "title", "ja", to="x")),
    "a language more in a label": ("totals.json", json_with("by_country", 0, "label", "ja", to="1,000,636")),
    "a language that is none": ("totals.json", json_with("campaign", "title", "1,000,636 people", to="x")),
    "another language in the heads of totals.csv": ("totals.csv", _swap('"label_en"', '"label_ja"')),
    "another language in the heads of the list": ("organizations.csv", _swap('"name_en"', '"name_ja"')),
    "a label of totals.csv": ("totals.csv", _swap('"People"', '"People (1,000,636)"')),
    "the checkpoint in totals.csv": ("totals.csv", _swap(r'^("checkpoint".*),\d+', r"\1,2")),
    "the moment in totals.csv": ("totals.csv", _swap(r"T15:00:00\+09", "T16:00:00+09")),
    "a line more in totals.csv": ("totals.csv", _a_row_more),
    "another campaign in totals.csv": ("totals.csv", _swap('"blue-skies"', '"red-skies"')),
    "more people in a region": ("totals.json", json_with("by_region", 0, "people", to=500)),
    "a country more": ("totals.json", _swap(r'"by_country":\s*\[', f'"by_country": [{US},')),
    "other days than the entries have": ("totals.json", json_with("by_day", 0, "key", to="2026-11-20")),
    "a moment before the entries": ("totals.json", json_with("as_of", to="2026-11-23T14:00:00+09:00")),
    "a moment that is none": ("totals.json", json_with("as_of", to="2026-02-31T14:00:00+09:00")),
    "another moment in integrity.json": (
        "integrity.json",
        json_with("as_of", to="2026-11-24T16:00:00+09:00"),
    ),
    "an organisation more in the list": ("organizations.csv", _a_row_more),
}


BATCH = made_up("p128").lines[0]
BACK = made_up("p128-0").lines[1]
PERSON = made_up("+").lines[0]
SAID = made_up("s").lines[0]


def _altered(line: bytes, before: str, after: str) -> bytes:
    assert before.encode() in line
    return line.replace(before.encode(), after.encode())


#: Logs with a batch on paper that no log may hold, and the first entry that is wrong.
FORGED_PAPER: dict[str, tuple[list[bytes], int]] = {
    "counted twice": ([BATCH, BATCH], 1),
    "counted twice with another number": ([BATCH, _altered(BATCH, "128", "7")], 1),
    "counted again while it counts": ([BATCH, BACK, BATCH, BATCH], 3),
    "moved behind what takes it back": ([_altered(BACK, 'k":0', 'k":1'), BATCH], 0),
    "taken back in part": ([BATCH, _altered(BACK, "128", "5")], 1),
    "taken back twice": ([BATCH, BACK, BACK], 2),
    "taken back as a person": ([BATCH, made_up("+-0").lines[1]], 1),
    "a person that is taken back as paper": ([PERSON, _altered(BACK, "128", "1")], 1),
    "of people": ([_altered(BATCH, "paper", "person")], 0),
    "more than a batch may have": ([_altered(BATCH, "128", "1000001")], 0),
    "of none": ([_altered(BATCH, "128", "0")], 0),
    "with a zero before its number": ([_altered(BATCH, "128", "0128")], 0),
    "added with a minus": ([_altered(BATCH, "128", "-128")], 0),
    "taken back with a plus": ([BATCH, _altered(BACK, "-128", "128")], 1),
    "invalidated": ([BATCH, _altered(BACK, "withdrawn", "invalidated")], 1),
    "reinstated": ([BATCH, BACK, _altered(BATCH, "confirmed", "reinstated")], 2),
    "with a pledge": ([_altered(BATCH, '"scan"', f'"pledge":"{packs.PLEDGE}","scan"')], 0),
    "with a commitment": ([_altered(BATCH, '"scan"', '"commitment"')], 0),
    "without a scan": ([re.sub(rb',"scan":"[0-9a-f]+"', b"", BATCH)], 0),
    "with half a hash of an earlier record": ([BATCH[:-1] + b',"record":"' + b"0" * 32 + b'"}'], 0),
    "a person with the hash of an earlier record": ([PERSON[:-1] + b',"record":"' + b"0" * 64 + b'"}'], 0),
}


#: The same with a statement.
FORGED_STATEMENTS: dict[str, tuple[list[bytes], int]] = {
    "a statement that adds one": ([_altered(SAID, '"change":0', '"change":1')], 0),
    "a statement that takes one away": ([_altered(SAID, '"change":0', '"change":-1')], 0),
    "a statement that adds minus nothing": ([_altered(SAID, '"change":0', '"change":-0')], 0),
    "a statement of another kind": ([_altered(SAID, "answer", "rumour")], 0),
    "a statement that is confirmed": ([_altered(SAID, "answer", "confirmed")], 0),
    "a statement of a day that is none": ([_altered(SAID, "2026-11-24", "2026-02-31")], 0),
    "a statement without a hash": ([re.sub(rb',"sha256":"[0-9a-f]+"', b"", SAID)], 0),
    "a statement with half a hash": ([re.sub(rb"[0-9a-f]{32}\"}", b'"}', SAID)], 0),
    "a statement with a commitment": ([_altered(SAID, '"sha256"', '"commitment"')], 0),
    "a statement with a pledge": ([_altered(SAID, '"sha256"', f'"pledge":"{packs.PLEDGE}","sha256"')], 0),
    "a statement with a name in it": ([SAID[:-1] + b',"by":"Kim"}'], 0),
    "a person that is a statement": ([_altered(PERSON, '"of":"person"', '"of":"statement"')], 0),
    "a statement that is taken back": ([SAID, _altered(BACK, '"change":-128', '"change":0')], 1),
    "a statement that is taken back as a person": ([SAID, made_up("+-0").lines[1]], 1),
}
FORGED = {**FORGED_PAPER, **FORGED_STATEMENTS}


def forged(name: str) -> tuple[Log, str]:
    """A log whose signer signs whatever is in it, and the name of the failure."""
    present, wrong = FORGED[name]
    log = Log(present, [packs.signer()])
    log.moves = made_up("").moves
    log.paper = made_up("").paper
    return log, f"entry:{wrong}"


def members(name: str, log: Log) -> dict[str, bytes]:
    member, rewrite = LIES[name]
    return {member: rewrite(packs.contents(log)[member])}


#: What no log can contradict, or is not compared with it: a checker must say that it is not proven.
def letter() -> dict[str, bytes]:
    return {"letter-ko.pdf": b"%PDF-1.7\n1,000,636 people\n", "totals.xlsx": b"no workbook"}


def funnel(log: Log) -> dict[str, bytes]:
    lie = json_with("sign_ups", "submitted", to=999_999)
    return {"integrity.json": lie(packs.contents(log)["integrity.json"])}


def other_paper(log: Log) -> dict[str, bytes]:
    """Each file that names the signatures on paper, with another number."""
    lies = {
        "totals.json": json_with("paper", "signatures", to=999),
        "totals.csv": _swap(r'^("total","paper".*),\d+', r"\1,999"),
        "README.txt": _swap(r"^(  On paper +)\d+", r"\g<1>999"),
        "integrity.json": json_with("paper", "signatures", to=999),
    }
    right = packs.contents(log)
    return {name: lie(right[name]) for name, lie in lies.items()}
