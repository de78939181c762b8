"""verify.py, with which anybody can check the number: one file that runs on its own and imports nothing of this package; and the page
that does so from elsewhere, tools/anywhere.html.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

PROGRAM = Path(__file__).parent / "verify.py"
ANYWHERE = Path(__file__).parents[2] / "tools" / "anywhere.html"


@cache
def digest(program: Path) -> str:
    """Its SHA-256, in hex."""
    return sha256(program.read_bytes()).hexdigest()
