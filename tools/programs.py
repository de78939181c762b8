"""The programs beside Python's packages that the tests and benches run, by Debian's package of each.

A test whose program is missing is skipped (tests/support/programs.py). As a script: install what this machine lacks for
`tests`, `bench`, `chaos` or `cluster`, as root or with sudo.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """`files`: any one of them will do, names on the PATH or patterns of whole paths, as words.

    `only`: for whom it is installed, as words; "": for everybody. `optional`: not every release has a package of it, and
    where it has none its tests are skipped in CI too.
    """

    files: str
    only: str = ""
    optional: bool = False


PROGRAMS = {
    "postgresql": Program("/usr/lib/postgresql/*/bin/initdb initdb"),
    "redis-server": Program("redis-server valkey-server"),
    "poppler-utils": Program("pdftotext"),
    "chromium": Program("chromium-headless-shell chromium chromium-browser google-chrome"),
    "fonts-noto-cjk": Program("fc-list"),
    "nginx-light": Program("nginx", only="tests chaos cluster"),
    "pgbouncer": Program("pgbouncer", only="tests chaos cluster"),
    "libfaketime": Program("/usr/lib/*/faketime/libfaketimeMT.so.1", only="tests chaos cluster"),
    "spamassassin": Program("spamassassin", only="tests"),  # its local rules, run once; no service
    "pgbackrest": Program("pgbackrest", only="tests"),
    # Older releases have it in the package of the whole server only.
    "promtool": Program("promtool", only="tests", optional=True),
    "litetlog": Program("litewitness", only="tests", optional=True),
    "golang-go": Program("go", only="tests", optional=True),
    "golang-github-filosottile-litetlog-dev": Program(
        "/usr/share/gocode/src/filippo.io/litetlog", only="tests", optional=True
    ),
    "firefox-esr": Program("firefox-esr", only="tests", optional=True),
    "webkit2gtk-driver": Program("WebKitWebDriver", only="tests", optional=True),
    "xvfb": Program("Xvfb", only="tests"),  # WebKit wants a screen
    "nodejs": Program("node", only="tests"),  # make lint
    "npm": Program("npm", only="tests"),
    "wrk": Program("wrk", only="bench"),
    "curl": Program("curl", only="cluster"),
    "iproute2": Program("ip", only="cluster"),
    "procps": Program("sysctl", only="cluster"),
    "nftables": Program("nft", only="cluster"),
    "etcd-server": Program("etcd", only="cluster"),
    "patroni": Program("patroni", only="cluster"),
    "python3-etcd": Program("/usr/lib/python3/dist-packages/etcd", only="cluster"),
    "haproxy": Program("haproxy", only="cluster"),
    "keepalived": Program("keepalived", only="cluster"),
    "rsyslog": Program("rsyslogd", only="nobody"),  # it would log for the whole machine
}


def find(package: str) -> str | None:
    """The path of the program of this package, the newest where there are several; None if the machine has none."""
    if package == "fonts-noto-cjk":
        return _korean_font()
    path = f"{os.environ['PATH']}:/usr/sbin"
    for file in PROGRAMS[package].files.split():
        if file.startswith("/"):
            places = [str(place) for place in Path("/").glob(file.removeprefix("/"))]
            place = max(places, key=_numbers, default=None)
        else:
            place = shutil.which(file, path=path)
        if place is not None:
            return place
    return None


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _korean_font() -> str | None:
    """Any font will do that has Korean letters."""
    if shutil.which("fc-list") is None:
        return None
    done = subprocess.run(
        ["fc-list", "--format=%{file}\\n", ":lang=ko"], capture_output=True, text=True, check=False
    )
    return next(iter(done.stdout.splitlines()), None)


def missing(task: str) -> list[str]:
    return [
        package
        for package, program in PROGRAMS.items()
        if (not program.only or task in program.only.split()) and find(package) is None
    ]


def install(packages: list[str]) -> None:
    """Install what this release has of them. Raises SystemExit where it cannot."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may_install = not as_root or (shutil.which("sudo") and _succeeds("sudo", "-n", "true"))
    if not may_install or not shutil.which("apt-get"):
        sys.exit(
            f"These Debian packages are needed; install them and try again: apt-get install {' '.join(packages)}"
        )
    # A package's own server is not needed; the tests start theirs.
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    _run(*apt, "update")
    wanted = [package for package in packages if not PROGRAMS[package].optional or _has_package(package)]
    # The shell is Chromium without a window: a third less work for each page. Ubuntu has no package of it.
    if "chromium" in wanted and _has_package("chromium-headless-shell"):
        wanted[wanted.index("chromium")] = "chromium-headless-shell"
    if wanted:
        print(f"Installing: {' '.join(wanted)}", flush=True)
        _run(*apt, "install", "-y", "--no-install-recommends", *wanted)


def _has_package(name: str) -> bool:
    return _succeeds("apt-cache", "show", name)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


def main(task: str) -> None:
    lacking = missing(task)
    if lacking:
        install(lacking)
    still = [package for package in missing(task) if not PROGRAMS[package].optional]
    if still:
        sys.exit(f"Installed, but not found: {' '.join(still)}")


if __name__ == "__main__":
    main(sys.argv[1])
