"""Bad pictures are refused by name, fast; what stands beside a good one in its file is thrown away."""

import os

import pytest

from pledge.files.faults import FileRefused
from pledge.files.pictures import is_bare_webp, renditions
from pledge.files.resizing import CPU_SECONDS
from tests.files.corpus import BAD, BESIDES, HOLDS_MORE

SECONDS = CPU_SECONDS + 0.5  #: of the processor: those of the child, and what is done around it
#: A machine that is busy with something else may be late once; what takes too long is late each time.
ATTEMPTS = 3


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_its_fault_after_little_work(name):
    fault, make = BAD[name]
    data = make()
    for _ in range(ATTEMPTS):
        began = computed()
        with pytest.raises(FileRefused) as refused:
            renditions(data)
        seconds = computed() - began
        if seconds <= SECONDS:
            break
    assert seconds <= SECONDS
    assert refused.value.fault == fault


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
