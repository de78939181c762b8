"""Folders of their own for stored and temporary files."""

import tempfile

import pytest

from pledge.files.storage import Folder
from pledge.jobs import services


@pytest.fixture
def folder(app, tmp_path, monkeypatch):
    """The storage of this test, in a folder of its own."""
    monkeypatch.setattr(services, "current_storage", lambda: Folder(tmp_path / "stored"))
    return tmp_path / "stored"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files of this process are made."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"
