"""More than can be served: who looks at what is the same for everybody does not notice, forms are refused last, and at once."""

import asyncio
import re
import ssl
import statistics
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from config import ROOT
from tests.support.factories import sign_form
from tests.support.nginx import HOST
from tests.support.prober import Prober
from tests.support.routes import unknown

SECONDS = 4
CONF = (ROOT / "deploy" / "nginx.conf").read_text()


def at_a_time(upstream):
    """How many requests of a kind nginx has at the web services."""
    block = re.search(rf"upstream {upstream} {{(.*?)}}", CONF, re.DOTALL)[1]
    return sum(int(number) for number in re.findall(r"max_conns=(\d+)", block))


def upstream(name, request):
    """Where nginx passes a request on, by one of its maps."""
    block = re.search(rf"map [^\n]+ \${name} {{\n(.*?)\n}}", CONF, re.DOTALL)[1]
    rules = re.findall(r'^ +"~(.+)" (\$?\w+);', block, re.MULTILINE)
    chosen = next((to for pattern, to in rules if re.search(pattern, request)), "pledge")
    return "pledge_sign_in" if chosen == "$pledge_sign_in_upstream" else chosen


def run(coroutine):
    """In a thread of its own: where a browser was used before, Playwright has its loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def taken_to_refuse(nginx):
    """Seconds that nginx took for each request that it refused: the clients of this test may themselves be slow."""
    lines = [line.split() for line in (nginx.logs / "pledge.access.log").read_text().splitlines()]
    return [float(line[4]) for line in lines if line[1] == "503"]


async def ask(nginx, method, path, body=b""):
    """Status, seconds, and the whole answer."""
    began = time.monotonic()
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert" / "fullchain.pem"))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", nginx.https, ssl=context, server_hostname=HOST
    )
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}\r\n".encode() + body)
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    return int(answer.split()[1]), time.monotonic() - began, answer


async def crowd(nginx, seconds):
    """What many who press "reload" are answered, what scripts are that poll, and what those who sign meanwhile are."""
    end = time.monotonic() + seconds
    pages, polls, forms = [], [], []

    async def reload():
        while time.monotonic() < end:
            pages.append(await ask(nginx, "GET", "/ko/me"))
            await asyncio.sleep(0.2)

    async def poll():
        while time.monotonic() < end:
            polls.append(await ask(nginx, "POST", "/ko/c/blue-skies/mine", b"ticket=x"))
            await asyncio.sleep(0.2)

    async def sign():
        number = 0
        while time.monotonic() < end:
            number += 1
            form = urllib.parse.urlencode(sign_form(email=f"person{number}@example.org")).encode()
            forms.append(await ask(nginx, "POST", "/ko/c/blue-skies/sign", form))
            await asyncio.sleep(0.1)

    lookers, pollers = at_a_time("pledge_personal") + 60, 36
    await asyncio.gather(sign(), *(reload() for _ in range(lookers)), *(poll() for _ in range(pollers)))
    return pages, polls, forms


@pytest.mark.sqlite_only
def test_too_many_are_refused_at_once_forms_last_and_public_pages_not_at_all(nginx):
    # Other tests share the machine and can only slow it down, so the best of eight crowds counts.
    for _ in range(8):
        with Prober("/ko/c/blue-skies", nginx) as page, Prober("/healthz", nginx) as health:
            pages, polls, forms = run(crowd(nginx, SECONDS))
        refused = [answer for status, _, answer in (*pages, *polls) if status == 503]
        assert all("retry-after: " in answer.lower() for answer in refused)
        upstreams = {
            "public pages are quick": (page.failed, page.typical < 0.5) == ([], True),
            "the site is alive, and says so quickly": (health.failed, health.typical < 0.5) == ([], True),
            "no form is refused": {status for status, _, _ in forms} == {303},
            "some pages are": {status for status, _, _ in pages} == {200, 503},
            "some polls are": {status for status, _, _ in polls} == {200, 503},
            "at once": bool(refused) and statistics.median(taken_to_refuse(nginx)) < 0.1,
            "the others are answered soon": max(
                (seconds for status, seconds, _ in pages if status == 200), default=0
            )
            < 3,
        }
        if all(upstreams.values()):
            break
    assert [what for what, holds in upstreams.items() if not holds] == []
    # All are answered once it is over.
    assert run(ask(nginx, "GET", "/ko/me"))[0] == 200


@pytest.mark.sqlite_only
def test_of_each_form_so_many_are_answered_at_a_time(app):
    kept = re.search(r"location ~ (\S+) \{\n +proxy_cache pledge_pages;", CONF)[1]
    adapter = app.url_map.bind(HOST)
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            values = {name: "en" if name == "lang" else unknown(rule, name) for name in rule.arguments}
            address = adapter.build(rule.endpoint, values, method="POST")
            name = "pledge_kept_upstream" if re.search(kept, address) else "pledge_upstream"
            assert at_a_time(upstream(name, f"POST {address}")) > 0, address
