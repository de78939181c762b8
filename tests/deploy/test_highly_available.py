"""deploy/ha: what the programs themselves say of their files, and that nothing in them lets a commit go without a standby."""

import http.client
import os
import re
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from config import ROOT
from tests.support import postgres, programs
from tests.support.ha import HA
from tests.support.ha.applications import APPLICATIONS, HostNginx
from tests.support.ha.cluster import Cluster
from tests.support.ha.databases import DATABASES, environment
from tests.support.ha.entrances import ADDRESS, ENTRANCES
from tests.support.nginx import HOST, replaced
from tests.support.programs import installed
from tests.support.waiting import TEST_TIMEOUT

ADDRESSES = {*DATABASES.values(), *APPLICATIONS.values(), *ENTRANCES.values(), ADDRESS}


def run(*command, **variables):
    done = programs.run(*command, env={**os.environ, **variables})
    return done.returncode, done.stdout + done.stderr


def test_a_commit_waits_for_a_standby_whatever_happens():
    dcs = yaml.safe_load((HA / "patroni.yml").read_text())["bootstrap"]["dcs"]
    assert (dcs["synchronous_mode"], dcs["synchronous_mode_strict"]) == ("quorum", True)
    parameters = dcs["postgresql"]["parameters"]
    assert {parameters[name] for name in ("fsync", "full_page_writes", "synchronous_commit")} == {"on"}
    # Patroni refuses a lease that could end while its holder is still asking.
    assert dcs["loop_wait"] + 2 * dcs["retry_timeout"] <= dcs["ttl"]


def test_all_files_speak_of_the_same_hosts():
    files = [*HA.iterdir(), ROOT / "docs" / "highly-available.md"]
    text = "\n".join(path.read_text() for path in files)
    addresses = set(re.findall(r"\b10\.77\.0\.\d+\b(?!/)", text))
    assert addresses == ADDRESSES


def test_the_page_says_where_each_file_goes():
    page = (ROOT / "docs" / "highly-available.md").read_text()
    assert [path.name for path in HA.iterdir() if f"deploy/ha/{path.name} /etc/" not in page] == []


def test_haproxy_takes_its_file():
    status, output = run(installed("haproxy"), "-c", "-f", str(HA / "haproxy.cfg"))
    assert status == 0, output
    assert "WARNING" not in output


@pytest.mark.skipif(
    os.geteuid() != 0 or "eth0" not in dict(socket.if_nameindex()).values(),
    reason="keepalived refuses scripts that are not root's to run, and an interface that is not there",
)
@pytest.mark.parametrize("host", ENTRANCES)
def test_keepalived_takes_its_file_on_each_entrance(host):
    config = str(HA / "keepalived.conf")
    assert run(installed("keepalived"), "--config-test", "--config-id", host, "--use-file", config) == (0, "")


def test_patroni_takes_its_file(tmp_path):
    host = Cluster(tmp_path).databases.hosts[0]
    variables = environment(HA / "patroni.environment", host)
    variables["PATRONI_POSTGRESQL_BIN_DIR"] = str(postgres.binaries())
    variables["PATRONI_POSTGRESQL_DATA_DIR"] = str(tmp_path / "data")
    config = tmp_path / "patroni.yml"
    # Patroni 4.0 checks this one as if it were only true or false.
    config.write_text(replaced((HA / "patroni.yml").read_text(), "mode: quorum", "mode: true"))
    with socket.create_server(("127.0.0.1", 0)) as etcd:  # it looks whether there is one
        variables["PATRONI_ETCD3_HOSTS"] = f"127.0.0.1:{etcd.getsockname()[1]}"
        status, output = run(
            installed("patroni"), "--validate-config", "--ignore-listen-port", str(config), **variables
        )
    assert (status, output) == (0, "")


class Echo(BaseHTTPRequestHandler):
    """An application that answers with the address it was told."""

    def do_GET(self):  # the library's name
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["X-Forwarded-For"].encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("entrance", "seen"), [("127.0.0.1", "203.0.113.9"), (ENTRANCES["entrance1"], "127.0.0.1")]
)
def test_nginx_takes_the_visitors_address_from_the_entrance_and_from_nobody_else(
    tmp_path, echo, entrance, seen
):
    nginx = HostNginx(tmp_path, echo, address="127.0.0.1", entrance=entrance)
    nginx.start()
    try:
        line = socket.create_connection(("127.0.0.1", nginx.https), timeout=TEST_TIMEOUT)
        line.sendall(b"PROXY TCP4 203.0.113.9 10.77.0.21 50000 443\r\n")
        context = ssl.create_default_context(cafile=str(tmp_path / "cert" / "fullchain.pem"))
        browser = http.client.HTTPSConnection(HOST)
        browser.sock = context.wrap_socket(line, server_hostname=HOST)
        browser.request("GET", "/", headers={"Host": HOST})
        assert browser.getresponse().read().decode() == seen
        browser.close()
    finally:
        nginx.stop()


def test_the_page_changes_nginx_as_the_rehearsal_does():
    page = (ROOT / "docs" / "highly-available.md").read_text()
    assert "sed -i 's/443 ssl/443 ssl proxy_protocol/' /etc/nginx/conf.d/pledge.conf" in page
    assert len(re.findall("443 ssl", (ROOT / "deploy" / "nginx.conf").read_text())) == 4
