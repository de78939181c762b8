"""Check the pages that tests fetch with the Nu HTML checker: `python -m bench.html_check vnu.jar [tests/web/public …]`.

Not part of `make test`: the checker needs Java and 30 MB (`npm install vnu-jar`, or the .jar of its releases), while html5lib
checks the same pages there for what it knows. Prints each kind of error with one example; the exit status says whether there
are any.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support import pages

#: What somebody has typed comes back as it was, also where it is no date or address; browsers show an empty field.
TYPED = "attribute “value” on element “input”"


class Saver:
    """A pytest plugin that keeps one page of each form (tests/support/pages.py)."""

    def __init__(self, folder):
        self.folder = folder

    def pytest_collection_finish(self):
        check = pages.parsed_faults

        def keep(text, lang):
            name = sha256(pages.form_of(text).encode()).hexdigest()[:20]
            (self.folder / f"{name}.html").write_text(text, "utf-8")
            return check(text, lang)

        pages.parsed_faults = keep


def errors_in(folder, checker):
    """Each kind of error, with an example of the code."""
    command = ("java", "-jar", checker, "--format", "json", "--errors-only", "--exit-zero-always", folder)
    done = subprocess.run(command, capture_output=True, check=True)
    extracts_by_kind = defaultdict(list)
    for message in json.loads(done.stderr)["messages"]:
        if TYPED not in message["message"]:
            extracts_by_kind[re.sub(r"“[^”]*”", "“…”", message["message"])].append(message.get("extract", ""))
    return extracts_by_kind


def main(checker, *tests):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        failed = pytest.main(["-q", "-n", "0", *(tests or ["tests/web"])], plugins=[Saver(folder)])
        count = len(list(folder.glob("*.html")))
        extracts_by_kind = errors_in(folder, checker)
    for kind, extracts in extracts_by_kind.items():
        print(f"{len(extracts):5d}  {kind}\n       {extracts[0]!r}")
    print(f"{count} pages, {sum(map(len, extracts_by_kind.values()))} errors")
    return int(failed) or bool(extracts_by_kind)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
