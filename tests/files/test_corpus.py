"""Bad pictures are refused by name, fast, and whatever they do to the decoder they do in a small process."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pledge.files import pictures
from pledge.files.faults import BadPicture
from pledge.files.inspection import inspect, is_bare_webp
from pledge.files.pictures import COMMAND, WALL_SECONDS, renditions
from pledge.files.words import PICTURE_WORDS
from tests.files.corpus import BAD

MEASURE = Path(__file__).with_name("measure.py")
MOST_MEMORY = 256 * 1024  #: in kB
SECONDS = 2.0


def test_the_corpus_is_large_and_has_every_fault_that_a_file_can_have():
    assert len(BAD) >= 60
    assert {fault for fault, _ in BAD.values()} | {"busy"} == set(PICTURE_WORDS)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_its_fault_within_two_seconds(name):
    fault, make = BAD[name]
    data = make()
    began = time.perf_counter()
    with pytest.raises(BadPicture) as refused:
        renditions(data)
    assert time.perf_counter() - began <= SECONDS
    assert refused.value.fault == fault


@pytest.mark.parametrize("name", BAD)
def test_the_child_alone_stands_every_bad_picture(name):
    """Without the look before it: it ends in time, stays small and answers with nothing but clean WebP or a fault."""
    data = BAD[name][1]()
    if len(data) > 4_000_000:
        pytest.skip("would be refused by its size long before")
    for kind in likely_kinds(data):
        answer, seconds, kilobytes, status = run_child(kind.encode() + b"\n" + data)
        assert seconds <= SECONDS
        assert kilobytes < MOST_MEMORY
        if status != 0:  # ended by a limit
            continue
        try:
            made = pictures._parse(answer)
        except BadPicture:
            continue
        assert all(map(is_bare_webp, made))


def likely_kinds(data):
    try:
        return [inspect(data)]
    except BadPicture:
        starts = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}
        return [kind for start, kind in starts.items() if data.startswith(start)] or ["PNG"]


def run_child(question):
    """Answer, seconds, most resident kB and status of one child, killed when its time is over as the site does."""
    done = subprocess.run(
        [sys.executable, "-I", str(MEASURE), str(WALL_SECONDS), *COMMAND],
        input=question,
        capture_output=True,
        check=True,
    )
    return done.stdout, *json.loads(done.stderr)
