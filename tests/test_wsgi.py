"""The WSGI application as the server starts it."""

import gc
import os
import runpy

import pytest

from config import ROOT


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What wsgi.py made, with the calls of gc.freeze()."""
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setenv("PLEDGE_INSTANCE_DIR", str(tmp_path))
    umask = os.umask(0)
    try:
        yield runpy.run_path(str(ROOT / "wsgi.py")), frozen
    finally:
        os.umask(umask)


def test_garbage_collections_leave_out_what_was_made_at_the_start(started):
    made, frozen = started
    assert made["app"].name == "pledge"
    assert frozen == [True]
