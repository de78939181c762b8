"""`make image`: build the container image without a daemon or a registry, run web and worker from it as Kubernetes would, and sign.

Needs root and Debian's buildah, netavark, mmdebstrap and runc. The base is Debian made from its packages, as
docker.io/library/debian is. IMAGE_FLAGS are further words for `buildah build`, such as volumes with a certificate.
"""

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BASE = "localhost/debian:trixie-slim"
NAME = "localhost/pledge"
WEB, WORKER = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
USER = 10001
FORM = {
    "name": "홍길동",
    "email": "hong@example.org",
    "country": "KR",
    "age_ok": "y",
    "consent_privacy": "y",
    "pledge_version": "1",
}


def run(*words: str) -> str:
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def limits() -> list[str]:
    """The limits of this process: where one may not raise them, buildah's own cannot be set."""
    names = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    words = []
    for name, number in names.items():
        soft, hard = (min(value, 2**20) if value > 0 else 2**20 for value in resource.getrlimit(number))
        words += ["--ulimit", f"{name}={soft}:{hard}"]
    return words


def make_base(folder: Path) -> None:
    if BASE in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    archive = folder / "base.tar"
    run("mmdebstrap", "--quiet", "--variant=minbase", "trixie", str(archive))
    container = run("buildah", "from", "--network", "host", "scratch")
    run("buildah", "add", "--quiet", container, str(archive), "/")
    run("buildah", "commit", "--quiet", container, BASE)
    run("buildah", "rm", container)


def build() -> None:
    flags = shlex.split(os.environ.get("IMAGE_FLAGS", ""))
    words = [
        "--layers",
        "--format",
        "docker",
        "--isolation",
        "chroot",
        "--network",
        "host",
        *limits(),
        *flags,
    ]
    run("buildah", "build", "--quiet", *words, "--build-arg", f"BASE={BASE}", "--tag", NAME, ".")


@contextmanager
def mounted() -> Iterator[str]:
    container = run("buildah", "from", "--network", "host", *limits(), NAME)
    try:
        yield run("buildah", "mount", container)
    finally:
        run("buildah", "rm", container)


def bundle(folder: Path, root: str, state: Path, role: str, **settings: str) -> Path:
    """What runc starts: nothing may be written but two folders, no capability, not root."""
    image = json.loads(run("buildah", "inspect", "--type", "image", NAME))["OCIv1"]["config"]
    run("runc", "spec", "--bundle", str(folder))
    file = folder / "config.json"
    spec: dict[str, Any] = json.loads(file.read_text("utf-8"))
    given = [f"{name}={value}" for name, value in settings.items()]
    spec["root"] = {"path": root, "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": USER, "gid": USER},
        "args": [*image["Entrypoint"], *role.split()],
        "env": [*image["Env"], *given],
        "cwd": image["WorkingDir"],
        "capabilities": {},
        "noNewPrivileges": True,
        "rlimits": [],
    }
    owner = [f"uid={USER}", f"gid={USER}", "mode=0700"]
    spec["mounts"] = [
        mount for mount in spec["mounts"] if mount["destination"] in ("/proc", "/dev", "/dev/shm")
    ]
    spec["mounts"] += [
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": owner},
        {"destination": "/var/lib/pledge", "type": "bind", "source": str(state), "options": ["rbind", "rw"]},
    ]
    spec["linux"] = {"namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts")]}
    file.write_text(json.dumps(spec), "utf-8")
    return folder


def fetch(url: str, form: dict[str, str] | None = None) -> str:
    body = None if form is None else urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(url, body, timeout=10) as response:
        return str(response.read().decode())


def wait_for(url: str, text: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if text in fetch(url):
                return
        except OSError:
            pass
        if time.monotonic() > end:
            sys.exit(f"{url} never said {text!r}")
        time.sleep(0.5)


def try_out(folder: Path) -> None:
    state = folder / "state"
    state.mkdir()
    shutil.chown(state, USER, USER)
    folder.chmod(0o755)
    with mounted() as root:

        def start(role: str, **settings: str) -> "subprocess.Popen[bytes]":
            place = folder / role.replace(" ", "-")
            place.mkdir()
            words = ["runc", "run", "--bundle", str(bundle(place, root, state, role, **settings)), place.name]
            return subprocess.Popen(words)

        for command in ("db upgrade", "demo load"):
            if start(command).wait(120):
                sys.exit(f"flask {command} failed")
        running = [start("web"), start("worker", PLEDGE_WORKER_PORT="8001")]
        try:
            wait_for(f"{WEB}/healthz", "ok")
            wait_for(f"{WORKER}/healthz", "ok")
            fetch(f"{WEB}/ko/c/blue-skies/sign", FORM)
            wait_for(f"{WEB}/dev/mailbox.json", FORM["email"])
            run("runc", "exec", "web", "python", "deploy/container/healthy.py")
        finally:
            for name in ("web", "worker"):
                subprocess.run(["runc", "kill", name, "TERM"], check=False)
            ended = [process.wait(60) for process in running]
    print(f"Built, started, signed and mailed; ended with {ended}.")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pledge-image-") as name:
        folder = Path(name)
        make_base(folder)
        build()
        try_out(folder)


if __name__ == "__main__":
    main()
