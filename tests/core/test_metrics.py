"""What a process that is gone has left among the shared metrics."""

from pledge.core import metrics


def test_two_who_ask_at_once_may_both_remove_it(tmp_path, monkeypatch):
    left = tmp_path / "gauge_livesum_4194305.db"  # no process has such a number
    left.touch()

    def removed_meanwhile(*_):
        left.unlink()
        raise FileNotFoundError

    monkeypatch.setattr(metrics, "FOLDER", tmp_path)
    monkeypatch.setattr(metrics.multiprocess, "mark_process_dead", removed_meanwhile)
    assert metrics.exposition() == b""
