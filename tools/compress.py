"""Compress the static files for those who take them so (WhiteNoise serves these beside the files), the scripts without their
comments: a reader has the sources, a phone does not need them. tools/compile.sh runs it; the compressed files are not in git.
"""

import re
from pathlib import Path

from whitenoise.compress import Compressor

STATIC = Path(__file__).resolve().parent.parent / "pledge" / "static"
#: A line that is a comment, or a type (`/** … */`) before or in one. No text of a script may look like one, or have two lines.
_COMMENT = re.compile(rb"^[ \t]*(?://.*|/\*\*.*\*/)\n|/\*\*.*?\*/ ?", re.MULTILINE)


def without_comments(script: bytes) -> bytes:
    return _COMMENT.sub(b"", script)


class ScriptCompressor(Compressor):  # type: ignore[misc]  # WhiteNoise publishes no types
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(Compressor.compress_brotli(without_comments(data)))

    @staticmethod
    def compress_gzip(data: bytes) -> bytes:
        return bytes(Compressor.compress_gzip(without_comments(data)))


def compress_all(folder: Path) -> None:
    scripts, others = ScriptCompressor(quiet=True), Compressor(quiet=True)
    for path in folder.rglob("*"):
        if path.is_file() and others.should_compress(path.name):
            compressor = scripts if path.suffix == ".js" else others
            compressor.compress(str(path))


if __name__ == "__main__":
    compress_all(STATIC)
