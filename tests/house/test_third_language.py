"""A third language is files and one setting: Japanese is added to a copy of the project, and the copy is tested."""

import os
import sys

from tests.support import japanese, programs


def test_with_japanese_added_by_files_alone_every_page_mail_and_pack_is_in_it(tmp_path):
    """The copy runs `tests/house/in_japanese.py`, whose tests say what is expected of it."""
    folder = japanese.copied(tmp_path / "pledge")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PLEDGE_"))
    }
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/house/in_japanese.py")
    done = programs.run(*command, cwd=folder, env=environment, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
