"""How long tools/anywhere.html takes for a large log, and how much memory its renderer: python -m bench.browser_count 1000000.

The log is made here and lies on a disk; a second process serves it. Where the browser is this machine's only work, the
numbers say what a desk computer needs.
"""

import json
import os
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from bench.processes import renderers, use
from config import ROOT
from tests.support import packs
from tests.support.browser import FLAGS
from tests.support.programs import installed
from tests.support.run import free_port

LINE = (
    '{{"v":1,"kind":"confirmed","change":1,"of":"person","day":"2026-11-24","pledge":"{}","commitment":"{}"}}'
)

#: Files with CORS, as a site has them.
SERVER = """
import http.server, sys
class Open(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()
    def log_message(self, *_):
        pass
    protocol_version = "HTTP/1.1"
port, folder = sys.argv[1:]
handler = lambda *given: Open(*given, directory=folder)
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler).serve_forever()
"""


def made(size: int, folder: Path, host: str) -> None:
    lines = [LINE.format(packs.PLEDGE, sha256(b"%d" % n).hexdigest()).encode() for n in range(size)]
    origin = f"{host}/log/blue-skies"
    log = packs.Log(lines, [packs.signer(origin=origin)], origin, pledges={packs.PLEDGE: packs.WORDS})
    documents = packs.site(log, folder)
    integrity = {"confirmed": size, "waiting": 0, "checkpoint": size}
    (documents / "integrity").write_text(json.dumps(integrity))


def renderer_memory(most: dict[str, float]) -> None:
    """The memory of the largest renderer below this process, in MB, again and again."""
    while "over" not in most:
        largest = max((use(process).megabytes for process in renderers(os.getpid())), default=0)
        most["pss"] = max(most.get("pss", 0), largest)
        time.sleep(0.1)


def measure(size: int) -> None:
    with TemporaryDirectory() as folder:
        port = free_port()
        made(size, Path(folder), f"127.0.0.1:{port}")
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(port), folder])
        time.sleep(2)  # until it listens
        most: dict[str, float] = {}
        try:
            with sync_playwright() as playwright:
                # With the optimising compiler, as people have it.
                flags = [flag for flag in FLAGS if "no-opt" not in flag]
                browser = playwright.chromium.launch(executable_path=installed("chromium"), args=flags)
                page = browser.new_page(locale="en-GB")
                page.on("console", lambda message: print(message.text))
                page.goto((ROOT / "tools" / "anywhere.html").as_uri())
                page.locator("#address").fill(f"http://127.0.0.1:{port}/log/blue-skies")
                threading.Thread(target=renderer_memory, args=(most,), daemon=True).start()
                begun = time.monotonic()
                page.locator("#count button").click()
                page.locator(".verdict").wait_for(timeout=600_000)
                seconds = time.monotonic() - begun
                print(page.locator(".verdict").inner_text())
        finally:
            most["over"] = 1
            server.terminate()
        print(f"{size} entries: {seconds:.1f} s, renderer at most {most['pss']:.0f} MB (PSS)")


if __name__ == "__main__":
    measure(int(sys.argv[1]))
