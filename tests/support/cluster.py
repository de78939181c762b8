"""The highly available example of deploy/ha on this machine, each host in a network namespace (docs/highly-available.md).

Needs root, `ip` and `nft`. Every process of a host runs in its namespace, with /run and /var/lib of its own; what deploy/ has is
used as it is, but for passwords and the folder of PostgreSQL's programs.
"""

import fcntl
import http.client
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

from config import ROOT
from tests.support import apps, postgres, units
from tests.support.nginx import Nginx, replaced
from tests.support.smtp import SmtpServer

HA = ROOT / "deploy" / "ha"

#: This machine as the hosts see it: visitors, mail server and storage.
OUTSIDE = "10.77.0.1"
ENTRANCE = "10.77.0.10"
DATABASES = {"db1": "10.77.0.11", "db2": "10.77.0.12", "db3": "10.77.0.13"}
APPLICATIONS = {"app1": "10.77.0.21", "app2": "10.77.0.22"}
#: Addresses that visitors come from, one for each.
VISITORS = "10.99.0.0/16"

BRIDGE = "pledge-ha"
PREFIX = "pledge-ha-"
PASSWORD = "only-for-the-rehearsal"
PROGRAMS = ("ip", "nft", "etcd", "patroni", "haproxy", "setpriv")

#: Command lines of PostgreSQL under Patroni.
POSTMASTER, POSTGRES = r"^/\S*/postgres -D", r"^(/\S*/)?postgres\b"
WAL_RECEIVER = r"^postgres: .*walreceiver"

#: systemd's RestartSec in the units.
RESTART_AFTER = 1.0


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass
class Service:
    """One service of a host, started again when it ends."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    #: Its folder in /run, new with each start.
    runtime_directory: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    ended_at: float = 0.0


@dataclass
class Host:
    """A machine: a network namespace, and the processes in it."""

    name: str
    address: str
    folder: Path
    services: dict[str, Service] = field(default_factory=dict)
    is_up: bool = False
    _keeping: threading.RLock = field(default_factory=threading.RLock)

    @property
    def namespace(self) -> str:
        return PREFIX + self.name

    @property
    def cable(self) -> str:
        return f"ha-{self.name}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def connect_network(self) -> None:
        """Its namespace, and a cable to the bridge."""
        cable = self.cable
        _run("ip", "netns", "add", self.namespace)
        _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        _run("ip", "link", "set", cable, "master", BRIDGE, "up")
        for words in (
            f"addr add {self.address}/24 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add default via {OUTSIDE}",
        ):
            _run("ip", "-n", self.namespace, *words.split())

    def start(self) -> None:
        """Switch it on: its services start."""
        with self._keeping:
            for service in self.services.values():
                service.process, service.ended_at = None, 0.0
            self.is_up = True
        self.keep()

    def keep(self) -> None:
        """Start what is not running, as systemd does; what has ended a moment ago waits for its pause."""
        with self._keeping:
            for name, service in self.services.items() if self.is_up else ():
                if service.process is not None and service.process.poll() is not None:
                    service.process, service.ended_at = None, time.monotonic()
                if service.process is None and time.monotonic() - service.ended_at > RESTART_AFTER:
                    service.process = self.run(service, name)

    def run(self, service: Service, name: str) -> "subprocess.Popen[bytes]":
        for part in ("run", "lib"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        if service.runtime_directory:
            own = self.folder / "run" / service.runtime_directory
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir()
            if service.user:
                shutil.chown(own, service.user, service.user)
        # The mounts are of this process and its children only.
        mounts = f'mount --bind "{self.folder}/run" /run && mount --bind "{self.folder}/lib" /var/lib'
        identity = ["setpriv", "--reuid", service.user, "--regid", service.user, "--init-groups", "--"]
        command = [*(identity if service.user else []), *service.command]
        with (self.log.with_suffix(f".{name}")).open("ab") as log:
            return subprocess.Popen(
                [
                    "ip",
                    "netns",
                    "exec",
                    self.namespace,
                    "sh",
                    "-c",
                    f"{mounts} && exec {shlex.join(command)}",
                ],
                cwd=ROOT,
                env={**os.environ, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def pids(self, pattern: str = "") -> list[int]:
        """Its processes whose command line matches."""
        found = _run("ip", "netns", "pids", self.namespace).split()
        return [int(pid) for pid in found if re.search(pattern, _command_line(int(pid)))]

    def signal(self, number: signal.Signals, pattern: str = "") -> None:
        for pid in self.pids(pattern):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """The power goes: nobody hears from it any more, and only what is on its disk is there when it comes back."""
        with self._keeping:
            self.is_up = False
        self.cut()
        end = time.monotonic() + 20
        while self.pids() and time.monotonic() < end:
            self.signal(signal.SIGKILL)
            time.sleep(0.05)

    def come_back(self) -> None:
        """After kill()."""
        self.heal()
        self.start()

    def cut(self, *others: str, port: int | None = None) -> None:
        """Nothing gets through, to nobody; or not between this host and `others`, or not to that port of this host."""
        to = f"ip daddr {{ {', '.join(others)} }}" if others else 'oifname "eth0"'
        by = f"ip saddr {{ {', '.join(others)} }}" if others else 'iifname "eth0"'
        here, there = (f"tcp sport {port}", f"tcp dport {port}") if port else ("", "")
        rules = f"""
            table inet cut {{
                chain in {{ type filter hook input priority 0; {by} {there} drop; }}
                chain out {{ type filter hook output priority 0; {to} {here} drop; }}
            }}"""
        self.heal()
        _run("ip", "netns", "exec", self.namespace, "nft", "-f", "-", text=rules)

    def heal(self) -> None:
        with suppress(RuntimeError):
            _run("ip", "netns", "exec", self.namespace, "nft", "delete", "table", "inet", "cut")

    def log_text(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log.*")))


class Machine:
    """The bridge between the hosts; only one example at a time is on a machine."""

    def __enter__(self) -> Self:
        self._lock = Path("/run/lock/pledge-ha").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        remove_leftovers()
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "addr", "add", f"{OUTSIDE}/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        _run("ip", "route", "add", "local", VISITORS, "dev", BRIDGE)
        return self

    def __exit__(self, *_: object) -> None:
        remove_leftovers()
        self._lock.close()


def remove_leftovers() -> None:
    """End what runs in the namespaces of an example, also of one that was killed, and remove them."""
    names = [line.split()[0] for line in _run("ip", "netns", "list").splitlines()]
    hosts = [Host(name.removeprefix(PREFIX), "", Path()) for name in names if name.startswith(PREFIX)]
    for host in hosts:
        host.signal(signal.SIGKILL, "patroni")
        # Killed, it would leave its shared memory behind.
        host.signal(signal.SIGQUIT, POSTMASTER)
    end = time.monotonic() + 10
    while any(host.pids(POSTMASTER) for host in hosts) and time.monotonic() < end:
        time.sleep(0.1)
    for host in hosts:
        while host.pids():
            host.signal(signal.SIGKILL)
            time.sleep(0.05)
        # Its end in the namespace goes with it at once; without this, some time after the namespace.
        with suppress(RuntimeError):
            _run("ip", "link", "delete", host.cable)
        _run("ip", "netns", "delete", host.namespace)
    with suppress(RuntimeError):
        _run("ip", "link", "delete", BRIDGE)


@dataclass
class HostNginx(Nginx):
    """nginx of an application host behind the entrance, with the word that docs/highly-available.md adds."""

    address: str = ""
    entrance: str = ENTRANCE

    def prepare(self) -> list[str]:
        command = super().prepare()
        behind = (HA / "nginx.conf").read_text().replace(ENTRANCE, self.entrance)
        (self.folder / "conf.d" / "behind-haproxy.conf").write_text(behind)
        return command

    def _site(self) -> str:
        text = replaced(super()._site(), "listen 127.0.0.1:", f"listen {self.address}:")
        return replaced(text, f"{self.https} ssl", f"{self.https} ssl proxy_protocol")


@dataclass
class Cluster:
    """Three database hosts, two application hosts and an entrance; `with Cluster(folder) as cluster:`."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    #: For a wrong example: commits are acknowledged without a standby.
    is_asynchronous: bool = False
    smtp: SmtpServer = field(default_factory=lambda: SmtpServer(host=OUTSIDE))

    def __post_init__(self) -> None:
        addresses = {**DATABASES, **APPLICATIONS, "entrance": ENTRANCE}
        self.hosts = {name: Host(name, address, self.folder / name) for name, address in addresses.items()}
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep)
        self._storage: Any = None

    @property
    def databases(self) -> list[Host]:
        return [self.hosts[name] for name in DATABASES]

    @property
    def applications(self) -> list[Host]:
        return [self.hosts[name] for name in APPLICATIONS]

    @property
    def url(self) -> str:
        """The address of the database, as the application hosts have it in their settings."""
        hosts = ",".join(f"{address}:5432" for address in DATABASES.values())
        return f"postgresql://pledge:{PASSWORD}@{hosts}/pledge?target_session_attrs=read-write"

    def __enter__(self) -> Self:
        self._machine = Machine().__enter__()
        try:
            for host in self.hosts.values():
                host.folder.mkdir(parents=True)
                host.folder.chmod(0o755)
                host.connect_network()
            self._keeper.start()
            self._start_databases()
            self._start_outside()
            self._start_applications()
            self._start_entrance()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for host in self.hosts.values():
            host.is_up = False
        self.smtp.stop()
        if self._storage is not None:
            self._storage.stop()
        self._machine.__exit__()

    def _keep(self) -> None:
        """What systemd does on each host."""
        while not self._ending.wait(0.2):
            for host in self.hosts.values():
                host.keep()

    # --- Databases ---

    def _start_databases(self) -> None:
        for host in self.databases:
            for part in ("postgresql", "etcd"):
                (host.folder / "lib" / part).mkdir(parents=True, mode=0o700)
                shutil.chown(host.folder / "lib" / part, postgres.USER, postgres.USER)
            config = host.folder / "patroni.yml"
            text = (HA / "patroni.yml").read_text()
            if self.is_asynchronous:
                text = replaced(text, "synchronous_mode: quorum", "synchronous_mode: false")
            config.write_text(text)
            etcd = environment(HA / "etcd.environment", host)
            patroni = environment(HA / "patroni.environment", host) | {
                "PATRONI_POSTGRESQL_BIN_DIR": str(postgres.binaries()),
                "HOME": "/var/lib/postgresql",
            }
            host.services["etcd"] = Service(["etcd"], etcd, postgres.USER)
            host.services["patroni"] = Service(["patroni", str(config)], patroni, postgres.USER, "postgresql")
            host.start()
        self.wait_for_databases()
        primary = self.primary()
        assert primary is not None
        login = f"postgresql://postgres:{PASSWORD}@{primary.address}:5432/postgres"
        with psycopg.connect(login, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE pledge LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("CREATE DATABASE pledge OWNER pledge ENCODING UTF8 TEMPLATE template0")
        apps.migrate(self.url, self.folder / "migrating")

    def members(self) -> list[dict[str, object]]:
        """What Patroni says of the database hosts; empty when none of them answers."""
        for host in self.databases:
            with suppress(OSError, ValueError), _patroni(host, "cluster") as answer:
                return list(json.load(answer)["members"])
        return []

    def primary(self) -> Host | None:
        """The host that says of itself that it is the primary."""
        for host in self.databases:
            with suppress(OSError), _patroni(host, "primary"):  # an error for any other
                return host
        return None

    def standbys(self) -> list[Host]:
        primary = self.primary()
        return [host for host in self.databases if host is not primary]

    def wait_for_primary(self, seconds: float = 60, *, other_than: Host | None = None) -> Host:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.primary()
            if found is not None and found is not other_than:
                return found
            time.sleep(0.1)
        raise RuntimeError(f"no primary after {seconds:.0f} s: {self.members()}")

    def wait_for_databases(self, seconds: float = 180) -> list[Host]:
        """Until there is a primary, and two standbys that stream from it. One that does not find its way back within a third of
        the time is copied anew, as an operator would by `patronictl reinit`; the hosts for which that was needed.
        """
        began = time.monotonic()
        standby = "replica" if self.is_asynchronous else "quorum_standby"
        copied: list[Host] = []
        while True:
            members = self.members()
            states = sorted(f"{member.get('role')} {member.get('state')}" for member in members)
            if states == ["leader running", f"{standby} streaming", f"{standby} streaming"]:
                return copied
            passed = time.monotonic() - began
            if passed > seconds / 3 and not copied and "leader running" in states:
                lost = [member["name"] for member in members if member.get("role") not in ("leader", standby)]
                copied = [host for host in self.databases if host.name in lost]
                for host in copied:
                    _patroni(host, "reinitialize", {"force": True}).close()
            if passed > seconds:
                logs = "".join(host.log_text()[-3000:] for host in self.databases)
                raise RuntimeError(f"the databases are not ready: {states}\n{logs}")
            time.sleep(0.5)

    # --- What is outside, applications, entrance ---

    def _start_outside(self) -> None:
        # Loading these takes seconds, and tests that only read the files import this module too.
        import boto3
        from moto.server import ThreadedMotoServer

        self.smtp.start()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request, else
        self._storage = ThreadedMotoServer(ip_address=OUTSIDE, port=9000, verbose=False)
        self._storage.start()
        self.storage = {
            "storage_url": "s3://pledge/files",
            "storage_endpoint": f"http://{OUTSIDE}:9000",
            "storage_key_id": "key",
            "storage_secret": PASSWORD,
        }
        boto3.client(
            "s3",
            endpoint_url=self.storage["storage_endpoint"],
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key=PASSWORD,
        ).create_bucket(Bucket="pledge")

    def _start_applications(self) -> None:
        first, second = APPLICATIONS.values()
        python = [str(ROOT / ".venv" / "bin" / "python"), "-m"]
        for host in self.applications:
            (host.folder / "lib" / "nginx").mkdir(parents=True)
            environment = {
                "PLEDGE_DATABASE_URL": self.url,
                "PLEDGE_REDIS_URL": f"redis://:{PASSWORD}@{first}:6379/0",
                "PLEDGE_SMTP_URL": self.smtp.url,
                "PLEDGE_INSTANCE_DIR": str(host.folder / "instance"),
                "PLEDGE_TRUSTED_PROXIES": "1",
                "PLEDGE_MAIL_SERVER_CHECKS": "false",
                **{f"PLEDGE_{name.upper()}": value for name, value in self.storage.items()},
                **self.settings,
            }
            redis = [
                "--bind",
                host.address,
                "--requirepass",
                PASSWORD,
                "--masterauth",
                PASSWORD,
                "--save",
                "",
            ]
            replica = ["--replicaof", first, "6379"] if host.address == second else []
            host.services["redis"] = Service(["redis-server", *redis, *replica, "--dir", "/var/lib"])
            for number in (1, 2):
                host.services[f"web{number}"] = Service(
                    units.web_service(number), environment, runtime_directory=f"pledge-web-{number}"
                )
            host.services["worker"] = Service([*python, "flask", "--app", "wsgi", "worker"], environment)
            sockets = tuple(Path(f"/run/pledge-web-{number}/socket") for number in "12")
            nginx = HostNginx(
                host.folder / "nginx",
                0,
                sockets=sockets,
                http=80,
                https=443,
                metrics=9464,
                level="warn",
                address=host.address,
            )
            command = nginx.prepare()
            if host.address == second:  # one certificate for both
                cert = self.applications[0].folder / "nginx" / "cert"
                shutil.copytree(cert, host.folder / "nginx" / "cert", dirs_exist_ok=True)
            host.services["nginx"] = Service(command)
            host.start()

    def _start_entrance(self) -> None:
        host = self.hosts["entrance"]
        config = host.folder / "haproxy.cfg"
        # As many as the open files that a process may have here.
        config.write_text(replaced((HA / "haproxy.cfg").read_text(), r"maxconn \d+", "maxconn 2000"))
        host.services["haproxy"] = Service(["haproxy", "-db", "-f", str(config)])
        host.start()
        self.certificate = self.applications[0].folder / "nginx" / "cert" / "fullchain.pem"


def environment(path: Path, host: Host) -> dict[str, str]:
    """The variables of a file in deploy/ha for this host: what differs is above the line that says so."""
    differs, same = path.read_text().split("# The same on all three hosts.")
    differs = differs.replace("db1", host.name).replace(DATABASES["db1"], host.address)
    found = dict(re.findall(r"^(\w+)=(.*)$", differs + same, re.MULTILINE))
    return {name: value or PASSWORD for name, value in found.items()}


def _patroni(host: Host, what: str, order: dict[str, object] | None = None) -> http.client.HTTPResponse:
    """Ask a host's Patroni, or give it an order."""
    request = urllib.request.Request(f"http://{host.address}:8008/{what}")
    if order is not None:
        request.data = json.dumps(order).encode()
        login = b64encode(f"patroni:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        request.add_header("Content-Type", "application/json")
    return urllib.request.urlopen(request, timeout=1 if order is None else 10)


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
