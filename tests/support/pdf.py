"""What a PDF says, by poppler's programs."""

import subprocess

from tests.support.programs import installed


def pdf_text(data: bytes) -> str:
    command = [installed("poppler-utils"), "-", "-"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()


def pdf_facts(data: bytes) -> dict[str, str]:
    """What pdfinfo tells of a PDF, by the name of each line."""
    installed("poppler-utils")
    output = subprocess.run(["pdfinfo", "-"], input=data, capture_output=True, check=True).stdout.decode()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in output.splitlines())}
