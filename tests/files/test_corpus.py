"""Bad pictures are refused by name, fast, and whatever they do to the decoder they do in a small process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pledge.files import pictures
from pledge.files.pictures import (
    COMMAND,
    SIZES,
    WALL_SECONDS,
    BadPicture,
    PictureFault,
    is_bare_webp,
    renditions,
)
from pledge.files.resizing import CPU_SECONDS
from tests.files.corpus import BAD, BESIDES, HOLDS_MORE

STARTS = {b"\x89PNG": b"PNG", b"\xff\xd8\xff": b"JPEG", b"RIFF": b"WEBP"}
MEASURE = Path(__file__).with_name("measure.py")
MAX_MEMORY = 256 * 1024  #: in kB
SECONDS = CPU_SECONDS + 0.5  #: of the processor: those of the child, and what is done around it
#: No decoder would be tried on these.
NEVER_DECODED = (PictureFault.EMPTY, PictureFault.WRONG_TYPE, PictureFault.VECTOR, PictureFault.TOO_LARGE)
#: A machine that is busy with something else may be late once; what takes too long is late each time.
ATTEMPTS = 3


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_its_fault_after_little_work(name):
    fault, make = BAD[name]
    data = make()
    for _ in range(ATTEMPTS):
        began = computed()
        with pytest.raises(BadPicture) as refused:
            renditions(data)
        seconds = computed() - began
        if seconds <= SECONDS:
            break
    assert seconds <= SECONDS
    assert refused.value.fault == fault


@pytest.mark.parametrize("name", [name for name in BAD if BAD[name][0] not in NEVER_DECODED])
def test_the_child_alone_stands_every_bad_picture(name):
    """Without the look before it: it ends in time, stays small and answers with nothing but clean WebP or a fault."""
    data = BAD[name][1]()
    kind = next(kind for start, kind in STARTS.items() if data.startswith(start))
    answer, seconds, kilobytes, status = run_child(kind + b"\n" + data)
    assert seconds <= SECONDS
    assert kilobytes < MAX_MEMORY
    if status != 0:  # ended by a limit
        return
    try:
        made = pictures._parse(answer, SIZES)
    except BadPicture:
        return
    assert all(map(is_bare_webp, made, SIZES))


@pytest.mark.parametrize("name", HOLDS_MORE)
def test_what_stands_beside_a_picture_in_its_file_is_thrown_away(name):
    data = HOLDS_MORE[name]()
    assert any(besides in data for besides in BESIDES) or data.count(b"\xff\xd8\xff") > 1
    for size, made in renditions(data).items():
        assert is_bare_webp(made, size)
        assert not any(besides in made for besides in BESIDES)


def computed():
    """Seconds of the processor, of this process and of those that it started."""
    return sum(os.times()[:4])


def run_child(question):
    """Answer, seconds of the processor, most resident kB and status of one child, killed when its time is over as the site does."""
    for _ in range(ATTEMPTS):
        done = subprocess.run(
            [sys.executable, "-I", str(MEASURE), str(WALL_SECONDS), *COMMAND],
            input=question,
            capture_output=True,
            check=True,
        )
        seconds, kilobytes, status = json.loads(done.stderr)
        if seconds <= SECONDS:
            break
    return done.stdout, seconds, kilobytes, status
