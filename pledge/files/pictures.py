"""From an uploaded picture to those that are shown: check its type, then have a child process re-encode it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from pledge.core.concurrency import Busy, ConcurrencyLimit
from pledge.files.faults import BadPicture, PictureFault
from pledge.files.inspection import is_bare_webp, picture_format

#: Pixels of the longer side: in lists, and on an organisation's own page.
SIZES = (96, 320)
#: The same for a photograph across the page.
WIDE_SIZES = (640, 1080, 1600)

MEDIA_TYPE = "image/webp"
WALL_SECONDS = 1.7  #: then the child is killed, so that all is over within two
WALL_SECONDS_WIDE = 8  #: the same for three larger pictures, which only staff send
#: CPU seconds; any valid picture is done by then. A child killed with less was waiting for the processor.
FAIR_SECONDS = 0.4
#: The child: isolated from the environment and the working folder, started by its path so that it imports nothing of ours.
COMMAND = (sys.executable, "-I", "-B", str(Path(__file__).with_name("reencoding.py")))
#: Children at a time in one process: each may take a core and a quarter of a gigabyte.
_limit = ConcurrencyLimit(running=1, waiting=1)


def renditions(data: bytes) -> dict[int, bytes]:
    """The picture as WebP, by size: upright, transparent where it was, scaled to fit, without metadata.

    Raises BadPicture with the fault: BUSY at once while other pictures are being made, else within WALL_SECONDS of its turn,
    or twice that on a machine without processor time.
    """
    return _made(data, SIZES, seconds=WALL_SECONDS)


def wide_renditions(data: bytes) -> dict[int, bytes]:
    """As renditions, for a photograph across the page: larger, opaque, the smallest at most 60 kB for any photograph."""
    return _made(data, WIDE_SIZES, "wide", seconds=WALL_SECONDS_WIDE)


def _made(data: bytes, sizes: Sequence[int], *arguments: str, seconds: float) -> dict[int, bytes]:
    kind = picture_format(data)
    try:
        with _limit.slot():
            answer = _answer(kind.encode() + b"\n" + data, arguments, seconds)
    except Busy:
        raise BadPicture(PictureFault.BUSY) from None
    return dict(zip(sizes, _parse(answer, sizes), strict=True))


def _answer(question: bytes, arguments: Sequence[str], seconds: float) -> bytes:
    for _ in range(2):
        answer, status, cpu_seconds = _ask_child(question, arguments, seconds)
        if status == 0:
            return answer
        if status != -signal.SIGKILL or cpu_seconds > FAIR_SECONDS:  # a limit, or its own work
            raise BadPicture(PictureFault.TOO_HARD)
    # Killed twice while it waited for the processor: that says nothing about the picture.
    raise BadPicture(PictureFault.BUSY)


def _ask_child(question: bytes, arguments: Sequence[str], seconds: float) -> tuple[bytes, int, float]:
    """The child's answer, its status as `subprocess` gives it, and the seconds that it computed."""
    # Files, not pipes: the child's own limit on files bounds its answer, whatever has become of it.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(question)
        given.seek(0)
        child = subprocess.Popen(
            (*COMMAND, *arguments), stdin=given, stdout=out, stderr=subprocess.DEVNULL, env={}
        )
        # Not by child.kill, which takes the status of a child that has just ended from under wait4.
        late = threading.Timer(seconds, os.kill, (child.pid, signal.SIGKILL))
        late.start()
        try:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        finally:
            late.cancel()
            late.join()  # as long as its status is not taken the number is the child's alone
        _, status, used = os.wait4(child.pid, 0)  # unlike subprocess, it tells what this child used
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return out.read(), child.returncode, used.ru_utime + used.ru_stime


def _parse(answer: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The pictures in the child's answer. A malicious picture may control the child, so all of it is checked."""
    line, _, rest = answer.partition(b"\n")
    word, *numbers = line.decode(errors="replace").split(" ")
    if word != "ok":
        raise BadPicture(PictureFault(word) if word in set(PictureFault) else PictureFault.TOO_HARD)
    pictures, at = [], 0
    for number in numbers:
        length = int(number) if number.isdecimal() else 0
        pictures.append(rest[at : at + length])
        at += length
    if len(pictures) != len(sizes) or at != len(rest) or not all(map(is_bare_webp, pictures, sizes)):
        raise BadPicture(PictureFault.TOO_HARD)
    return pictures
