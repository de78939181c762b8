"""People on the highly available example (tests/support/ha), whose hosts die, are cut off, and lose their standbys."""

import http.client
import random
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy import distinct, func, select

from pledge.cli.serve import DEMO_CAMPAIGN
from pledge.core.db import db
from pledge.signatures.models import Signature, SignatureState
from tests.support import apps
from tests.support.chaos.people import TIMEOUT, Crowd, Person, own_page
from tests.support.chaos.surroundings import Done, Surroundings
from tests.support.chaos.verdict import Verdict, judge
from tests.support.ha.cluster import Cluster
from tests.support.ha.databases import POSTGRES, STANDBY, WAL_RECEIVER, Databases, NoPrimary
from tests.support.ha.entrances import ADDRESS
from tests.support.ha.hosts import Host
from tests.support.nginx import HOST
from tests.support.site import Site
from tests.support.waiting import wait_until

#: Seconds that people go on asking after the storm: a primary that is lost at its end takes 20 to be replaced.
MAX_WAIT = 90.0


class ClusterSite(Site):
    """Asked through the entrance, under its own name; its processes are the cluster's."""

    cluster: Cluster

    @classmethod
    def from_cluster(cls, cluster: Cluster) -> "ClusterSite":
        site = cls(cluster.folder / "beside", cluster.databases.url)
        site.cluster = cluster
        storage = cluster.applications.storage.settings
        site._beside = apps.build(
            site.folder, database_url=cluster.databases.url, base_url=site.url, **storage
        )
        return site

    @property
    def url(self) -> str:
        return f"https://{HOST}"

    def get(self, path: str) -> str:
        connection = connect(self.cluster)
        try:
            connection.request("GET", path, headers={"Host": HOST})
            answer = connection.getresponse()
            body = answer.read().decode()
            if answer.status != 200:
                raise OSError(f"{path} answered {answer.status}")
            return body
        finally:
            connection.close()

    def count(self, slug: str = DEMO_CAMPAIGN.name) -> int:
        """The newest: nginx of either host answers with its last copy, and renews it behind the answer."""
        for _ in range(8):
            count = super().count(slug)
            time.sleep(0.5)  # for the renewal behind
        return count

    def wait_until_answers(self, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                self.get(f"/en/c/{DEMO_CAMPAIGN.name}")
                return
            except OSError as error:
                if time.monotonic() > end:
                    raise RuntimeError(f"no answer: {error}\n{self.log_text()[-3000:]}") from error
                time.sleep(0.2)

    def log_text(self) -> str:
        hosts = "".join(host.log_text() for host in self.cluster.hosts)
        nginx = [path.read_text(errors="replace") for path in self.cluster.folder.glob("app*/nginx/logs/*")]
        return hosts + "".join(nginx)


def connect(cluster: Cluster, source: str = "") -> http.client.HTTPSConnection:
    """A connection to the entrance, from an address of one's own."""
    line = socket.create_connection(
        (ADDRESS, 443), timeout=TIMEOUT, source_address=(source, 0) if source else None
    )
    context = ssl.create_default_context(cafile=str(cluster.applications.certificate))
    connection = http.client.HTTPSConnection(HOST, timeout=TIMEOUT)
    connection.sock = context.wrap_socket(line, server_hostname=HOST)
    return connection


@dataclass
class ClusterCrowd(Crowd):
    cluster: Cluster = field(kw_only=True)

    @property
    def origin(self) -> str:
        return f"https://{HOST}"

    def draw(self, number: int) -> Person:
        person = super().draw(number)
        person.network = f"10.99.{number // 250 % 250}.{number % 250 + 1}"
        return person

    def connect(self, person: Person) -> http.client.HTTPConnection:
        return connect(self.cluster, person.network)


@dataclass
class ClusterSurroundings(Surroundings):
    cluster: Cluster = field(kw_only=True)

    @property
    def databases(self) -> Databases:
        return self.cluster.databases


ClusterFault = Callable[[ClusterSurroundings], None]


def primary_crashes(around: ClusterSurroundings) -> None:
    """Kill -9 to its PostgreSQL: another one takes over, or it starts again where no standby can."""
    _crash(around.databases, around.databases.wait_for_primary())


def primary_host_is_lost(around: ClusterSurroundings) -> None:
    """Silent from one moment to the next; it comes back when another one has taken over, or when none can."""
    primary = around.databases.wait_for_primary()
    primary.kill()
    with suppress(NoPrimary):
        around.databases.wait_for_primary(40, other_than=primary)
    primary.come_back()
    around.databases.wait_for_primary()


def next_primary_host_is_lost_too(around: ClusterSurroundings) -> None:
    """While the first one joins again: it may not go on waiting for the host that it joined from."""
    databases = around.databases
    databases.wait_until_whole()
    first = databases.wait_for_primary()
    first.kill()
    second = databases.wait_for_primary(other_than=first)
    wait_until(lambda: STANDBY in databases.states().values())
    first.come_back()
    wait_until(lambda: first.pids("pg_rewind") or databases.states().get(first.name) == STANDBY)
    second.signal(signal.SIGSTOP, POSTGRES)  # what it is asked for arrives, and is never answered
    time.sleep(1)  # pg_rewind has asked and waits
    second.kill()
    databases.wait_for_primary(other_than=second)
    time.sleep(around.dice.uniform(2, 5))
    second.come_back()


def primary_is_lost_with_what_no_standby_has(around: ClusterSurroundings) -> None:
    """Replication stands still for a moment before the primary crashes: what was acknowledged meanwhile would be lost."""
    databases = around.databases
    primary = databases.wait_for_primary()
    primary.cut(*(host.address for host in databases.standbys()), port=5432)
    time.sleep(around.dice.uniform(1, 3))
    _crash(databases, primary)
    primary.heal()


def primary_is_cut_off(around: ClusterSurroundings) -> None:
    _cut_off(around, around.databases.wait_for_primary())


def standby_crashes(around: ClusterSurroundings) -> None:
    around.dice.choice(around.databases.standbys()).signal(signal.SIGKILL, POSTGRES)


def standby_is_cut_off(around: ClusterSurroundings) -> None:
    _cut_off(around, around.dice.choice(around.databases.standbys()))


def standbys_stop_receiving(around: ClusterSurroundings) -> None:
    """Both: commits wait, and after eight seconds people are told that nothing was recorded."""
    standbys = around.databases.standbys()
    for host in standbys:
        host.signal(signal.SIGSTOP, WAL_RECEIVER)
    time.sleep(around.dice.choice((1, 3, 12)))
    for host in standbys:
        host.signal(signal.SIGCONT, WAL_RECEIVER)


def application_host_is_lost(around: ClusterSurroundings) -> None:
    host = around.dice.choice(around.cluster.applications.hosts)
    host.kill()
    time.sleep(around.dice.uniform(3, 8))
    host.come_back()


def redis_is_lost(around: ClusterSurroundings) -> None:
    first = around.cluster.applications.hosts[0]
    first.signal(signal.SIGSTOP, "redis-server")
    time.sleep(around.dice.uniform(0.5, 3))
    first.signal(signal.SIGKILL, "redis-server")


def entrance_host_is_lost(around: ClusterSurroundings) -> None:
    """The one that has the address; it comes back when the other one has it."""
    entrances = around.cluster.entrances
    holder = entrances.wait_for_holder()
    holder.kill()
    entrances.wait_for_holder(other_than=holder)
    holder.come_back()


def haproxy_hangs(around: ClusterSurroundings) -> None:
    """Where the address is, until the other entrance has it."""
    entrances = around.cluster.entrances
    holder = entrances.wait_for_holder()
    holder.signal(signal.SIGSTOP, "^haproxy")
    entrances.wait_for_holder(other_than=holder)
    holder.signal(signal.SIGCONT, "^haproxy")


def worker_dies(around: ClusterSurroundings) -> None:
    around.dice.choice(around.cluster.applications.hosts).signal(signal.SIGKILL, "flask --app wsgi worker")


def _crash(databases: Databases, primary: Host) -> None:
    """Kill its PostgreSQL, and wait for the next primary. For a moment its Patroni still says that it is the one."""
    killed = set(primary.pids(POSTGRES))
    primary.signal(signal.SIGKILL, POSTGRES)
    wait_until(lambda: databases.primary() is not primary or set(primary.pids(POSTGRES)) - killed)
    databases.wait_for_primary()


def _cut_off(around: ClusterSurroundings, host: Host) -> None:
    host.cut()
    time.sleep(around.dice.uniform(1, 5))
    host.heal()


#: In the order in which `make cluster` shows them.
FAULTS: tuple[ClusterFault, ...] = (
    standby_crashes,
    standby_is_cut_off,
    standbys_stop_receiving,
    primary_crashes,
    primary_is_cut_off,
    primary_is_lost_with_what_no_standby_has,
    primary_host_is_lost,
    next_primary_host_is_lost_too,
    application_host_is_lost,
    redis_is_lost,
    worker_dies,
    haproxy_hangs,
    entrance_host_is_lost,
)


SETTINGS = {
    "PLEDGE_BASE_URL": f"https://{HOST}",
    # Who asks again and again until the site is back is not asked for more.
    "PLEDGE_STEP_UP_NETWORK": "1000 per minute",
    "PLEDGE_LIMIT_SIGN": "100000 per minute",
    "PLEDGE_LIMIT_TOKEN": "100000 per minute",
    "PLEDGE_LIMIT_LINK": "100000 per minute",
}


@dataclass
class Rehearsal:
    """The example with people on it, who sign from its start on: hurt it, then ask for the verdict()."""

    folder: Path
    seed: int = 1
    site: ClusterSite | None = None
    crowd: ClusterCrowd | None = None

    def __enter__(self) -> Self:
        self.cluster = Cluster(self.folder / "hosts", SETTINGS)
        self.cluster.__enter__()
        try:
            self.site = ClusterSite.from_cluster(self.cluster)
            self.site.load_demo()
            self.site.wait_until_answers()
            self.around = ClusterSurroundings(
                self.site, self.cluster.smtp, None, None, random.Random(self.seed), cluster=self.cluster
            )
            find_page = partial(own_page, self.site)
            self.crowd = ClusterCrowd(0, self.cluster.smtp, self.seed, find_page, cluster=self.cluster)
            self.crowd.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.crowd is not None:
            self.crowd.stop(0)
        if self.site is not None:
            self.site.stop()
        self.cluster.__exit__()

    def verdict(self) -> Verdict:
        """Let everybody finish, and compare what they were told with what is there."""
        for host in self.cluster.databases.wait_until_whole():
            self.around.done.append(Done(f"{host.name} copied anew", time.monotonic(), may_repeat_mails=True))
        self.crowd.stop(MAX_WAIT)
        verdict = judge(self.around, self.crowd.people)
        verdict.broken += [*self.crowd.refused, *self._addresses(), *self._challenges()]
        return verdict

    def _addresses(self) -> Iterator[str]:
        """The site sees the visitors' addresses, not those of the entrances."""
        with self.site.inside():
            confirmed = select(func.count(), func.count(distinct(Signature.network_hash))).where(
                Signature.state == SignatureState.CONFIRMED
            )
            people, addresses = db.session.execute(confirmed).one()
        if addresses != people:
            yield f"{people} are counted, each from an address of their own, and the site saw {addresses}"

    def _challenges(self) -> Iterator[str]:
        """What is asked for a certificate goes to the first application host, through either entrance."""
        path = "/.well-known/acme-challenge/word"
        file = self.cluster.applications.webroot / path.removeprefix("/")
        file.parent.mkdir(parents=True)
        file.write_text("answer")
        for host in self.cluster.entrances.hosts:
            connection = http.client.HTTPConnection(host.address, timeout=TIMEOUT)
            connection.request("GET", path, headers={"Host": HOST})
            if (answer := connection.getresponse().read()) != b"answer":
                yield f"{host.name} leads the challenge for a certificate elsewhere: {answer!r}"
            connection.close()
