"""All hosts of the example together."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.support.ha.applications import APPLICATIONS, Applications
from tests.support.ha.databases import DATABASES, Databases
from tests.support.ha.entrances import ENTRANCES, Entrances
from tests.support.ha.hosts import OUTSIDE, Host, Machine
from tests.support.smtp import SmtpServer


@dataclass
class Cluster:
    """Three database hosts, two application hosts and two entrances; `with Cluster(folder) as cluster:`."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    smtp: SmtpServer = field(default_factory=lambda: SmtpServer(host=OUTSIDE))

    def __post_init__(self) -> None:
        self.databases = Databases(self._hosts(DATABASES))
        self.applications = Applications(self._hosts(APPLICATIONS), self.settings)
        self.entrances = Entrances(self._hosts(ENTRANCES))
        self.hosts = [*self.databases.hosts, *self.applications.hosts, *self.entrances.hosts]
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep)

    def _hosts(self, addresses: dict[str, str]) -> list[Host]:
        return [Host(name, address, self.folder / name) for name, address in addresses.items()]

    def __enter__(self) -> Self:
        self._machine = Machine().__enter__()
        try:
            for host in self.hosts:
                host.folder.mkdir(parents=True)
                host.folder.chmod(0o755)
                host.connect_network()
            self._keeper.start()
            self.databases.start(self.folder / "migrating")
            self.smtp.start()
            self.applications.start(self.databases.url, self.smtp)
            self.entrances.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for host in self.hosts:
            host.is_up = False
        self.smtp.stop()
        self.applications.storage.stop()
        self._machine.__exit__()

    def _keep(self) -> None:
        """What systemd does on each host."""
        while not self._ending.wait(0.2):
            for host in self.hosts:
                host.keep()
