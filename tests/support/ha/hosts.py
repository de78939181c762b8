"""Hosts: network namespaces with the processes in them, and the bridge between them."""

import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from config import ROOT
from tests.support import run as runs

#: This machine as the hosts see it: visitors, mail server and storage.
OUTSIDE = "10.77.0.1"
#: Addresses that visitors come from, one for each.
VISITORS = "10.99.0.0/16"

BRIDGE = "pledge-ha"
PREFIX = "pledge-ha-"

#: The command line of PostgreSQL's first process.
POSTMASTER = r"^/\S*/postgres -D"

#: systemd's RestartSec in the units.
RESTART_AFTER = 1.0


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
    def inside(self) -> list[str]:
        """What a command begins with that runs in its namespace."""
        return ["ip", "netns", "exec", self.namespace]

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
        self._set_address()

    def _set_address(self) -> None:
        """Its own address, and none that a program has given it."""
        for words in (
            "addr flush dev eth0",
            f"addr add {self.address}/24 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route replace default via {OUTSIDE}",
        ):
            _run("ip", "-n", self.namespace, *words.split())

    def set_kernel(self, file: Path) -> None:
        """Settings of the kernel for its network."""
        _run(*self.inside, "sysctl", "--quiet", "--load", str(file))

    def has(self, address: str) -> bool:
        return f" {address}/" in _run("ip", "-n", self.namespace, "-brief", "addr", "show", "dev", "eth0")

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
                [*self.inside, "sh", "-c", f"{mounts} && exec {shlex.join(command)}"],
                cwd=ROOT,
                env={**os.environ, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def pids(self, pattern: str = "") -> list[int]:
        """Its processes whose command line matches."""
        pids = _run("ip", "netns", "pids", self.namespace).split()
        return [int(pid) for pid in pids if re.search(pattern, _command_line(int(pid)))]

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
        self._set_address()
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
        if not others and port is None:  # nobody hears any more which addresses are here
            rules += """
            table arp cut {
                chain in { type filter hook input priority 0; drop; }
                chain out { type filter hook output priority 0; drop; }
            }"""
        self.heal()
        _run(*self.inside, "nft", "-f", "-", text=rules)

    def heal(self) -> None:
        _run(*self.inside, "nft", "flush", "ruleset")

    def log_text(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log.*")))


class Machine:
    """The bridge between the hosts; only one example at a time is on a machine."""

    def __enter__(self) -> Self:
        self._lock = Path("/run/lock/pledge-ha").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        remove_leftovers()
        for folder in runs.leftovers(runs.on_disk()):
            runs.remove(folder)
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


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
