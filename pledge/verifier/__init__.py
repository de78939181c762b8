"""The program that anybody checks the number with: verify.py, one file that runs without this package and imports nothing of it."""

from pathlib import Path

PROGRAM = Path(__file__).parent / "verify.py"
