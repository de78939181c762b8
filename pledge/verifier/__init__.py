"""verify.py, with which anybody can check the number: one file that runs on its own and imports nothing of this package."""

from pathlib import Path

PROGRAM = Path(__file__).parent / "verify.py"
