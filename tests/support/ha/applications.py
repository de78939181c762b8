"""Application hosts: nginx, two web services, worker and Redis; and the bucket that they share."""

import logging
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import units
from tests.support.ha import HA, PASSWORD
from tests.support.ha.entrances import ENTRANCES
from tests.support.ha.hosts import OUTSIDE, Host, Service
from tests.support.nginx import Nginx, replaced
from tests.support.smtp import SmtpServer

APPLICATIONS = {"app1": "10.77.0.21", "app2": "10.77.0.22"}


@dataclass
class HostNginx(Nginx):
    """nginx of an application host behind the entrances, with the word that docs/highly-available.md adds."""

    address: str = ""
    #: In place of the first one.
    entrance: str = ENTRANCES["entrance1"]

    def prepare(self) -> list[str]:
        command = super().prepare()
        behind = replaced((HA / "nginx.conf").read_text(), ENTRANCES["entrance1"], self.entrance)
        (self.folder / "conf.d" / "behind-haproxy.conf").write_text(behind)
        return command

    def _site(self) -> str:
        text = replaced(super()._site(), "listen 127.0.0.1:", f"listen {self.address}:")
        text = replaced(text, "/var/www/html", f"{self.folder}/html")
        return replaced(text, f"{self.https} ssl", f"{self.https} ssl proxy_protocol")


class Storage:
    """An S3 outside the hosts."""

    def __init__(self) -> None:
        self.settings = {
            "storage_url": "s3://pledge/files",
            "storage_endpoint": f"http://{OUTSIDE}:9000",
            "storage_key_id": "key",
            "storage_secret": PASSWORD,
        }
        self._server: Any = None

    def start(self) -> None:
        # Loading these takes seconds, and tests that only read the files import this module too.
        import boto3
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request, else
        self._server = ThreadedMotoServer(ip_address=OUTSIDE, port=9000, verbose=False)
        self._server.start()
        boto3.client(
            "s3",
            endpoint_url=self.settings["storage_endpoint"],
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key=PASSWORD,
        ).create_bucket(Bucket="pledge")

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


@dataclass
class Applications:
    """Two hosts with the same settings and the same certificate."""

    hosts: list[Host]
    settings: dict[str, str]
    storage: Storage = field(default_factory=Storage)

    @property
    def certificate(self) -> Path:
        return self.hosts[0].folder / "nginx" / "cert" / "fullchain.pem"

    @property
    def webroot(self) -> Path:
        """Where certbot on the first host puts what it is asked for."""
        return self.hosts[0].folder / "nginx" / "html"

    def start(self, database_url: str, smtp: SmtpServer) -> None:
        self.storage.start()
        first = self.hosts[0]
        for host in self.hosts:
            (host.folder / "lib" / "nginx").mkdir(parents=True)
            variables = {
                "PLEDGE_DATABASE_URL": database_url,
                "PLEDGE_REDIS_URL": f"redis://:{PASSWORD}@{first.address}:6379/0",
                "PLEDGE_SMTP_URL": smtp.url,
                "PLEDGE_INSTANCE_DIR": str(host.folder / "instance"),
                "PLEDGE_TRUSTED_PROXIES": "1",
                "PLEDGE_MAIL_SERVER_CHECKS": "false",
                **{f"PLEDGE_{name.upper()}": value for name, value in self.storage.settings.items()},
                **self.settings,
            }
            primary = None if host is first else first
            host.services["redis"] = Service(redis_command(host.address, primary))
            for number in (1, 2):
                host.services[f"web{number}"] = Service(
                    units.web_service(number), variables, runtime_directory=f"pledge-web-{number}"
                )
            host.services["worker"] = Service(
                [sys.executable, "-m", "flask", "--app", "wsgi", "worker"], variables
            )
            host.services["nginx"] = Service(self._nginx(host))
            host.start()

    def _nginx(self, host: Host) -> list[str]:
        sockets = tuple(Path(f"/run/pledge-web-{number}/socket") for number in "12")
        nginx = HostNginx(
            host.folder / "nginx",
            0,
            sockets=sockets,
            http=80,
            https=443,
            metrics=9464,
            address=host.address,
        )
        command = nginx.prepare()
        if host is not self.hosts[0]:
            shutil.copytree(self.certificate.parent, host.folder / "nginx" / "cert", dirs_exist_ok=True)
        return command


def redis_command(address: str, primary: Host | None) -> list[str]:
    secrets = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
    replica = ["--replicaof", primary.address, "6379"] if primary else []
    return ["redis-server", "--bind", address, *secrets, "--save", "", *replica, "--dir", "/var/lib"]
