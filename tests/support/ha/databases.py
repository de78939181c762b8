"""Database hosts: etcd, Patroni and PostgreSQL with the files of deploy/ha."""

import http.client
import json
import re
import shutil
import time
import urllib.request
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support import apps, postgres
from tests.support.ha import HA, PASSWORD
from tests.support.ha.hosts import Host, Service
from tests.support.waiting import TEST_TIMEOUT, wait_until

DATABASES = {"db1": "10.77.0.11", "db2": "10.77.0.12", "db3": "10.77.0.13"}

#: Command lines of PostgreSQL under Patroni.
POSTGRES, WAL_RECEIVER = r"^(/\S*/)?postgres\b", r"^postgres: .*walreceiver"
#: What Patroni says of a host on which all is well.
LEADER, STANDBY = "leader running", "quorum_standby streaming"


class NoPrimary(RuntimeError):
    """No host became the primary."""


@dataclass
class Databases:
    """Three hosts, of which one is the primary."""

    hosts: list[Host]

    @property
    def url(self) -> str:
        """The address of the database, as the application hosts have it in their settings."""
        hosts = ",".join(f"{host.address}:5432" for host in self.hosts)
        return f"postgresql://pledge:{PASSWORD}@{hosts}/pledge?target_session_attrs=read-write"

    def start(self, beside: Path) -> None:
        """With the site's tables, which are made from a folder `beside` the hosts."""
        for host in self.hosts:
            for part in ("postgresql", "etcd"):
                (host.folder / "lib" / part).mkdir(parents=True, mode=0o700)
                shutil.chown(host.folder / "lib" / part, postgres.USER, postgres.USER)
            config = shutil.copy(HA / "patroni.yml", host.folder)
            etcd = environment(HA / "etcd.environment", host)
            patroni = environment(HA / "patroni.environment", host) | {
                "PATRONI_POSTGRESQL_BIN_DIR": str(postgres.binaries()),
                "HOME": "/var/lib/postgresql",
            }
            host.set_kernel(HA / "sysctl.conf")
            host.services["etcd"] = Service(["etcd"], etcd, postgres.USER)
            host.services["patroni"] = Service(["patroni", str(config)], patroni, postgres.USER, "postgresql")
            host.start()
        self.wait_until_whole()
        login = f"postgresql://postgres:{PASSWORD}@{self.wait_for_primary().address}:5432/postgres"
        with psycopg.connect(login, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE pledge LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("CREATE DATABASE pledge OWNER pledge ENCODING UTF8 TEMPLATE template0")
        apps.migrate(self.url, beside)

    def members(self) -> list[dict[str, object]]:
        """What Patroni says of the hosts; empty when none of them answers."""
        for host in self.hosts:
            with suppress(OSError, ValueError), _patroni(host, "cluster") as answer:
                return list(json.load(answer)["members"])
        return []

    def states(self) -> dict[str, str]:
        """Role and state of each, as `quorum_standby streaming`."""
        return {
            str(member["name"]): f"{member.get('role')} {member.get('state')}" for member in self.members()
        }

    def primary(self) -> Host | None:
        """The host that says of itself that it is the primary."""
        for host in self.hosts:
            with suppress(OSError), _patroni(host, "primary"):  # an error for any other
                return host
        return None

    def standbys(self) -> list[Host]:
        primary = self.primary()
        return [host for host in self.hosts if host is not primary]

    def wait_for_primary(self, seconds: float = TEST_TIMEOUT, *, other_than: Host | None = None) -> Host:
        def another() -> Host | None:
            primary = self.primary()
            return None if primary is other_than else primary

        try:
            return wait_until(another, seconds=seconds, pause=0.1)
        except AssertionError as error:
            raise NoPrimary(f"no primary after {seconds:.0f} s: {self.members()}") from error

    def wait_until_whole(self, seconds: float = 180) -> list[Host]:
        """Until there is a primary, and two standbys that stream from it. One that does not find its way back within a third of
        the time is copied anew, as an operator would by `patronictl reinit`; the hosts for which that was needed.
        """
        began = time.monotonic()
        copied: list[Host] = []
        while True:
            states = self.states()
            if sorted(states.values()) == [LEADER, STANDBY, STANDBY]:
                return copied
            passed = time.monotonic() - began
            if passed > seconds / 3 and not copied and LEADER in states.values():
                copied = [host for host in self.hosts if states.get(host.name) not in (None, LEADER, STANDBY)]
                for host in copied:
                    _patroni(host, "reinitialize", {"force": True}).close()
            if passed > seconds:
                logs = "".join(host.log_text()[-3000:] for host in self.hosts)
                raise RuntimeError(f"the databases are not ready: {states}\n{logs}")
            time.sleep(0.5)


def environment(path: Path, host: Host) -> dict[str, str]:
    """The variables of a file in deploy/ha for this host: what differs is above the line that says so."""
    differs, same = path.read_text().split("# The same on all three hosts.")
    differs = differs.replace("db1", host.name).replace(DATABASES["db1"], host.address)
    variables = dict(re.findall(r"^(\w+)=(.*)$", differs + same, re.MULTILINE))
    return {name: value or PASSWORD for name, value in variables.items()}


def _patroni(host: Host, what: str, order: dict[str, object] | None = None) -> http.client.HTTPResponse:
    """Ask a host's Patroni, or give it an order."""
    request = urllib.request.Request(f"http://{host.address}:8008/{what}")
    if order is not None:
        request.data = json.dumps(order).encode()
        login = b64encode(f"patroni:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        request.add_header("Content-Type", "application/json")
    return urllib.request.urlopen(request, timeout=1 if order is None else 10)
