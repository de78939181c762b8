"""The distribution's nginx with what deploy/ ships, on ports and in a folder of its own."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

from config import ROOT
from tests.support.postgres import children
from tests.support.programs import installed
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT, wait_until

HOST = "pledge.example"
#: Where the folder `files` is served, if one is given.
FILES = "/plain-files"


def make_certificate(folder: Path, host: str = HOST) -> tuple[Path, Path]:
    """A self-signed certificate for `host`, and its key."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = f"-subj /CN={host} -addext subjectAltName=DNS:{host}"
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *names.split(), *files], check=True, capture_output=True)
    return certificate, key


@dataclass
class Nginx:
    """Both files of deploy/ with nothing changed but ports, paths and the numbers that a test is about."""

    folder: Path
    app_port: int
    #: Sockets of two applications, in place of the port.
    sockets: tuple[Path, ...] = ()
    connections: int = 1024
    processes: int = 1
    level: str = "warn"  #: of nginx's own error log
    inactive: str = "1m"  #: for how long a page that nobody asks for is kept
    #: A folder that is served beside the site, and the port on which all is answered without TLS; for measuring.
    files: Path | None = None
    plain: int = field(default_factory=free_port)
    logs_polls: bool = True
    #: The visitor's address is taken from X-Forwarded-For, as behind a CDN.
    behind_proxy: bool = False
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def prepare(self) -> list[str]:
        """Write its files; the command that starts it."""
        for name in ("conf.d", "logs", "cache", "cert"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        make_certificate(self.folder / "cert")
        (self.folder / "nginx.conf").write_text(self._main())
        (self.folder / "conf.d" / "pledge.conf").write_text(self._site())
        configuration = str(self.folder / "nginx.conf")
        return [installed("nginx-light"), "-p", str(self.folder), "-c", configuration, "-g", "daemon off;"]

    def start(self) -> "Nginx":
        command = self.prepare()
        log = self.folder / "start.log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

        def has_workers() -> bool:
            assert process.poll() is None, log.read_text()
            return len(children(process.pid)) >= self.processes

        self.process = process
        wait_until(has_workers, log.read_text)
        return self

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(TEST_TIMEOUT)

    def written(self) -> str:
        """All that is in its folder: logs, caches, parked bodies."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pem")
        return "\n".join(path.read_text(errors="replace") for path in files)

    def _main(self) -> str:
        text = (ROOT / "deploy" / "nginx-main.conf").read_text()
        text = replaced(text, r"user www-data;", "user root;" if os.geteuid() == 0 else "")
        text = replaced(text, r"include /etc/nginx/modules-enabled/\*\.conf;", "worker_shutdown_timeout 2s;")
        text = replaced(text, r"pid \S+;", f"pid {self.folder}/nginx.pid;")
        text = replaced(text, r"error_log \S+ warn;", f"error_log {self.logs}/error.log {self.level};")
        text = replaced(text, r"worker_connections \d+;", f"worker_connections {self.connections};")
        text = replaced(text, r"worker_processes auto;", f"worker_processes {self.processes};")
        text = replaced(text, r"worker_rlimit_nofile \d+;", "")
        return replaced(text, r"/etc/nginx/conf\.d/", f"{self.folder}/conf.d/")

    def _site(self) -> str:
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
        text = replaced(text, r"listen 443", f"listen 127.0.0.1:{self.https}")
        text = replaced(text, r"listen 80", f"listen 127.0.0.1:{self.http}")
        text = replaced(text, r"listen 127\.0\.0\.1:9464", f"listen 127.0.0.1:{self.metrics}")
        for number in (1, 2):
            here = f"unix:{self.sockets[number - 1]}" if self.sockets else f"127.0.0.1:{self.app_port}"
            text = replaced(text, rf"unix:/run/pledge-web-{number}/socket", here)
        if self.files is None:  # tests read the log at once, and all of it
            text = replaced(text, r" buffer=64k flush=1s", "")
            if self.logs_polls:
                text = replaced(text, r" if=\$pledge_logged;", ";")
        else:
            listen = f"listen 127.0.0.1:{self.plain};"
            text = replaced(text, r"(?=listen \S+ ssl http2;)", f"{listen}\n    ")
            beside = f"location {FILES}/ {{ alias {self.files}/; }}"
            text = replaced(text, r"(?=location = /readyz)", f"{beside}\n    ")
        if self.behind_proxy:
            real = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;"
            text = replaced(text, r"(?=ssl_certificate )", f"{real}\n    ")
        text = replaced(text, r"inactive=1m", f"inactive={self.inactive}")
        text = replaced(text, r"/etc/letsencrypt/live/pledge\.example", f"{self.folder}/cert")
        text = replaced(text, r"/var/lib/nginx", f"{self.folder}/cache")
        return replaced(text, r"/var/log/nginx", str(self.logs))


def replaced(text: str, pattern: str, by: str) -> str:
    """The text with every match replaced; there must be one."""
    changed, number = re.subn(pattern, lambda _: by, text)
    assert number, f"deploy/ has no {pattern} any more"
    return changed


def tls(nginx: Nginx) -> ssl.SSLSocket:
    """A connection to it, under the name of the site."""
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert" / "fullchain.pem"))
    line = socket.create_connection(("127.0.0.1", nginx.https), timeout=TEST_TIMEOUT)
    return context.wrap_socket(line, server_hostname=HOST)


def ask(
    nginx: Nginx, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int | str, Message, str]:
    """Status (the name of the error where there is no answer), headers and text; `If_None_Match=…` is sent as a header."""
    line = http.client.HTTPSConnection("127.0.0.1", nginx.https, timeout=TEST_TIMEOUT)
    try:
        line.sock = tls(nginx)
        sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        line.request(method, path, body=body, headers=sent)
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, Message(), ""
    finally:
        line.close()
