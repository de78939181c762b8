"""A real Redis (or Valkey) on a free port, that a test can stop, freeze and wake."""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis
from flask import Flask

from pledge.web.limits import limiter
from tests.support.programs import installed
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT, wait_until


@dataclass
class RedisServer:
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "RedisServer":
        program = installed("redis-server")
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "no"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._is_ready, "Redis does not start")
        return self

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=TEST_TIMEOUT)

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def freeze(self) -> None:
        """Connections are accepted and nothing is answered: the worst way to be away."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is None:
            return
        self._signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process = None

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def _is_ready(self) -> bool:
        with suppress(redis.ConnectionError), self.client() as client:
            return client.ping()
        return False


def end_outage() -> None:
    """Wait until the limiter counts in its storage again: it is one for the whole process and looks after 1, 2, 4 … seconds."""
    probe = Flask("probe")
    probe.config["RATELIMIT_STORAGE_URI"] = "memory://"
    probe.add_url_rule("/", "probe", lambda: "")
    limiter.init_app(probe)
    client = probe.test_client()

    def has_ended() -> bool:
        client.get("/")
        return limiter.limiter.storage is limiter.storage

    wait_until(has_ended)
