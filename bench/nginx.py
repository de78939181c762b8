"""The count and the campaign page behind nginx as it is shipped, against a static file of the same size from the same nginx."""

import urllib.request
from collections import defaultdict

from bench import load, people
from bench.load import BROWSER, Run
from bench.report import Figure, against
from bench.servers import Bench
from bench.web import COUNT, FEW, PAGE, ROUNDS, SECONDS
from tests.support.nginx import FILES, Nginx

ASKED = 0.8
NAMES = {PAGE: "campaign page behind nginx, of a static file", COUNT: "count behind nginx, of a static file"}


def behind_nginx(bench: Bench) -> list[Figure]:
    site = bench.site("nginx", PLEDGE_REDIS_URL=bench.redis.url)
    people.add_confirmed(site, FEW)
    port = int(bench.serve(site).rpartition(":")[2])
    files = bench.folder / "nginx-files"
    files.mkdir()
    nginx = Nginx(bench.folder / "nginx", port, files=files).start()
    bench.stack.callback(nginx.stop)
    url = f"http://127.0.0.1:{nginx.plain}"
    sizes = {path: _size(url + path) for path in NAMES}
    for size in sizes.values():
        (files / str(size)).write_bytes(b"x" * size)
    seconds = 1 if bench.quick else SECONDS
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for _ in range(1 if bench.quick else ROUNDS):
        for path, size in sizes.items():
            runs[path, "static"].append(load.run(f"{url}{FILES}/{size}", seconds))
            runs[path, "ours"].append(load.run(url + path, seconds))
    return [
        against(name, load.middle(runs[path, "ours"]).rate, load.middle(runs[path, "static"]).rate, ASKED)
        for path, name in NAMES.items()
    ]


def _size(url: str) -> int:
    """Bytes of the body as a browser gets it."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=BROWSER)) as answer:
        return len(answer.read())
