"""What travels of a static file when a browser takes it compressed."""

import gzip

import brotli
import pytest

from tools.compress import STATIC, compress_all, without_comments

SCRIPTS = sorted((STATIC / "js").rglob("*.js"))

SOURCE = b"""// Why it is there.
/** @param {string} name */
export function greet(name) {
  // Of whom nothing is known.
  const known = /** @type {string} */ (name); // may be ""
  return `https://example.org/${known}`;
}
"""
TRAVELS = b"""export function greet(name) {
  const known = (name); // may be ""
  return `https://example.org/${known}`;
}
"""


def test_a_script_travels_without_its_comments(tmp_path):
    for name in ("greet.js", "notes.txt"):
        (tmp_path / name).write_bytes(SOURCE * 9)
    compress_all(tmp_path)
    assert brotli.decompress((tmp_path / "greet.js.br").read_bytes()) == TRAVELS * 9
    assert gzip.decompress((tmp_path / "greet.js.gz").read_bytes()) == TRAVELS * 9
    assert gzip.decompress((tmp_path / "notes.txt.gz").read_bytes()) == SOURCE * 9
    assert (tmp_path / "greet.js").read_bytes() == SOURCE * 9


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_text_of_a_script_could_be_taken_for_a_comment(script):
    """A text of more than one line may have a line that begins like a comment."""
    lines = without_comments(script.read_bytes()).decode().splitlines()
    assert [line for line in lines if line.count("`") % 2 or "/*" in line] == []
