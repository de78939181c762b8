"""PgBouncer in front of a PostgreSQL of the tests, in the mode in which connections of many clients share few of the server."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support.postgres import USER
from tests.support.run import free_port
from tests.support.waiting import wait_until

#: `options`: the time-outs that the application sends when it connects; in production the role has them (docs/production.md).
_SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 400
default_pool_size = 20
max_prepared_statements = 200
server_login_retry = 1
ignore_startup_parameters = options
logfile = {folder}/pgbouncer.log
"""


@dataclass
class PgBouncer:
    folder: Path
    server_port: int
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "PgBouncer":
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        if program is None:
            raise RuntimeError("PgBouncer is not installed: apt-get install pgbouncer")
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(
            _SETTINGS.format(server=self.server_port, user=USER, port=self.port, folder=self.folder)
        )
        command = [program, str(settings)]
        if os.geteuid() == 0:  # it refuses root
            shutil.chown(self.folder, USER, USER)
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        log = self.folder / "pgbouncer.log"
        wait_until(self._is_ready, lambda: log.read_text() if log.exists() else "PgBouncer said nothing")
        return self

    def stop(self) -> None:
        """At once: clients lose what they have in hand."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True
