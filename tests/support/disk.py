"""A small disk that can be full. It needs the right to mount: `may_mount()`."""

import os
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

BALLOON = "balloon"
_AIR = bytes(1024 * 1024)


@cache
def may_mount() -> bool:
    """Whether this process may mount a file system; in a container without the right, root may not."""
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return os.geteuid() == 0 and tried.returncode == 0


class SmallDisk:
    """with SmallDisk(folder / "disk", megabytes=24) as disk: …"""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        self.folder.mkdir()
        options = f"size={self._megabytes}m,mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        # Lazily: a process that is just ending may still have a file open.
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Not a byte is left, whoever writes meanwhile."""
        with (self.folder / BALLOON).open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(_AIR)

    def empty(self) -> None:
        (self.folder / BALLOON).unlink(missing_ok=True)
