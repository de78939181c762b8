"""Entrances: HAProxy on two hosts, and keepalived, which moves the address of the site between them."""

from dataclasses import dataclass

from tests.support.ha import HA
from tests.support.ha.hosts import Host, Service
from tests.support.nginx import replaced
from tests.support.waiting import wait_until

#: The address of the site, at one of the entrances.
ADDRESS = "10.77.0.10"
ENTRANCES = {"entrance1": "10.77.0.8", "entrance2": "10.77.0.9"}


@dataclass
class Entrances:
    hosts: list[Host]

    def start(self) -> None:
        for host in self.hosts:
            config = host.folder / "haproxy.cfg"
            # As many as the open files that a process may have here.
            config.write_text(replaced((HA / "haproxy.cfg").read_text(), r"maxconn \d+", "maxconn 2000"))
            host.services["haproxy"] = Service(["haproxy", "-db", "-f", str(config)])
            # All hosts have one name here.
            called = ["--config-id", host.name]
            options = ["--dont-fork", "--log-console", "--log-detail", "--vrrp"]
            host.services["keepalived"] = Service(
                ["keepalived", *options, *called, "--use-file", str(HA / "keepalived.conf")]
            )
            host.start()
        self.wait_for_holder()

    def holder(self) -> Host | None:
        """The host that has the address, if exactly one has it."""
        holders = [host for host in self.hosts if host.is_up and host.has(ADDRESS)]
        return holders[0] if len(holders) == 1 else None

    def wait_for_holder(self, *, other_than: Host | None = None) -> Host:
        def another() -> Host | None:
            holder = self.holder()
            return None if holder is other_than else holder

        def logs() -> str:
            return "the address is nowhere\n" + "".join(host.log_text()[-3000:] for host in self.hosts)

        return wait_until(another, logs, pause=0.1)
