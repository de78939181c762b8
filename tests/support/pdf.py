"""What a PDF says, by poppler's programs."""

import subprocess


def pdf_text(data: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-", "-"], input=data, capture_output=True, check=True
    ).stdout.decode()


def pdf_facts(data: bytes) -> dict[str, str]:
    """What pdfinfo tells of a PDF, by the name of each line."""
    told = subprocess.run(["pdfinfo", "-"], input=data, capture_output=True, check=True).stdout.decode()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in told.splitlines())}
