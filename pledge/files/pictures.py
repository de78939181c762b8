"""From the bytes that somebody sent to the two pictures that we show: look, then let a child process make them anew."""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pledge.files.faults import BadPicture, PictureFault
from pledge.files.inspection import inspect, is_bare_webp

#: Pixels of the longer side; beside a name in a list, and on an organisation's own page.
SIZES = (96, 320)

MEDIA_TYPE = "image/webp"
WALL_SECONDS = 1.7  #: then the child is killed, so that all is over within two
#: Children at a time in one process: each may take a quarter of a gigabyte.
AT_ONCE = 2
WAIT_SECONDS = 10.0

#: The child: isolated from the environment and the working folder, started by its path so that it imports nothing of ours.
COMMAND = (sys.executable, "-I", "-B", str(Path(__file__).with_name("reencoding.py")))
_turns = threading.BoundedSemaphore(AT_ONCE)


def renditions(data: bytes) -> dict[int, bytes]:
    """The picture as WebP, by size: upright, transparent where it was, fitting inside, nothing in it but pixels.

    Raises BadPicture with the fault, within WALL_SECONDS of its turn.
    """
    kind = inspect(data)
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise BadPicture(PictureFault.BUSY)
    try:
        answer = _ask_child(kind.encode() + b"\n" + data)
    finally:
        _turns.release()
    return dict(zip(SIZES, _parse(answer), strict=True))


def _ask_child(question: bytes) -> bytes:
    # The answer goes to a file, not a pipe: the child's own limit on files bounds it, whatever has become of the child.
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                COMMAND,
                input=question,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BadPicture(PictureFault.TOO_HARD) from None
        if done.returncode != 0:  # ended by one of its limits
            raise BadPicture(PictureFault.TOO_HARD)
        out.seek(0)
        return out.read()


def _parse(answer: bytes) -> list[bytes]:
    """The pictures in the child's answer. A hostile picture may have taken the child over, so nothing in it is believed."""
    line, _, rest = answer.partition(b"\n")
    word, *numbers = line.decode(errors="replace").split(" ")
    if word != "ok":
        raise BadPicture(PictureFault(word) if word in set(PictureFault) else PictureFault.TOO_HARD)
    pictures, at = [], 0
    for number in numbers:
        length = int(number) if number.isdecimal() else 0
        pictures.append(rest[at : at + length])
        at += length
    if len(pictures) != len(SIZES) or at != len(rest) or not all(map(is_bare_webp, pictures)):
        raise BadPicture(PictureFault.TOO_HARD)
    return pictures
