"""The faults of a storm do what they are called."""

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.support.chaos.surroundings import clock_environment
from tests.support.disk import SmallDisk, may_mount
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
def echo():
    """A server that answers what it hears; its port, and what it has heard."""
    heard = []

    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection):
        with connection:
            try:
                while piece := connection.recv(100):
                    heard.append(piece)
                    connection.sendall(piece)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(echo):
    with TcpProxy(echo[0]) as proxy:
        yield proxy


@pytest.fixture
def connection(line):
    with socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE) as connection:
        yield said(connection, b"hello")


def said(connection, piece):
    connection.sendall(piece)
    assert connection.recv(100) == piece
    return connection


def test_a_line_that_is_delayed_is_slow_in_both_directions(line, connection):
    line.behave(delay=0.1)
    began = time.monotonic()
    said(connection, b"slow")
    assert time.monotonic() - began >= 0.2


def test_over_a_line_that_is_half_open_the_server_hears_and_nobody_hears_it(line, connection, echo):
    line.behave(half_open=True)
    connection.sendall(b"lost")
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(100)
    wait_until(lambda: echo[1][-1] == b"lost")


def test_a_line_that_is_cut_ends_and_takes_no_new_connection(line, connection):
    line.behave(refuses=True)
    line.cut()
    assert connection.recv(100) == b""
    with socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE) as refused:
        assert not answers(refused)
    line.behave()
    with socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE) as again:
        said(again, b"again")


def answers(connection):
    try:
        connection.sendall(b"hello")
        return connection.recv(100) != b""
    except OSError:
        return False


def test_a_line_that_is_reset_ends_with_an_error(line, connection):
    line.reset()
    with pytest.raises(ConnectionResetError):
        connection.recv(100)


@pytest.mark.skipif(not may_mount(), reason="needs the right to mount")
def test_on_a_full_disk_nothing_can_be_written_until_it_is_emptied(tmp_path):
    with SmallDisk(tmp_path / "disk", megabytes=2) as disk:
        file = disk.folder / "file"
        file.write_bytes(b"x" * 1000)
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            file.write_bytes(b"x" * 100_000)
        disk.empty()
        file.write_bytes(b"x" * 100_000)


@pytest.mark.parametrize(("off", "seconds"), [("+10m", 600), ("-4m", -240)])
def test_a_process_with_a_wrong_clock_believes_it(off, seconds):
    program = "import time; print(time.time())"
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **clock_environment(off)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(told.stdout) - time.time() == pytest.approx(seconds, abs=60)
