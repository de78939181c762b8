"""Firefox and WebKitGTK, Safari's engine, as Debian has them: Firefox by its own Marionette, WebKit by WebDriver. Both know the
same commands.
"""

import json
import os
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from tests.support.browser import FRAMES, MODULES, PAINTED
from tests.support.programs import installed
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATHS = {
    "Navigate": "url",
    "ExecuteScript": "execute/sync",
    "ElementClick": "element/{id}/click",
    "ElementSendKeys": "element/{id}/value",
    "SwitchToFrame": "frame",
    "SetWindowRect": "window/rect",
}
SHOWN = """
    const found = [...document.querySelectorAll(arguments[0])].find((one) => one.checkVisibility({ visibilityProperty: true }));
    found?.scrollIntoView({ block: "center", behavior: "instant" });
    return found;
"""


class RefusedError(Exception):
    """The browser could not do it, as now."""


class Speaks(Protocol):
    def __call__(self, command: str, **given: Any) -> Any: ...


class Marionette:
    """Messages with their length before them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._read()
        self("NewSession")

    def __call__(self, command: str, **given: Any) -> Any:
        message = json.dumps([0, 1, f"WebDriver:{command}", given]).encode()
        self._stream.write(b"%d:%b" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._read()
        if error:
            raise RefusedError(f"{command}: {error['error']} {error['message']}")
        return result.get("value", result)

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._stream.read(1)
        return json.loads(self._stream.read(int(length[:-1])))


class WebDriver:
    """The same over HTTP, as the W3C has it."""

    def __init__(self, port: int, options: dict[str, Any]) -> None:
        self._address = f"http://127.0.0.1:{port}/session"
        self._address += f"/{self._post('', capabilities={'alwaysMatch': options})['sessionId']}/"

    def __call__(self, command: str, **given: Any) -> Any:
        return self._post(PATHS[command].format(**given), **given)

    def _post(self, path: str, **given: Any) -> Any:
        body, kind = json.dumps(given).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, body, kind)
        try:
            with urllib.request.urlopen(request, timeout=TEST_TIMEOUT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            problem = json.load(error)["value"]
            raise RefusedError(f"{path}: {problem['error']} {problem['message']}") from error


class Window:
    """One window of such a browser. What it waits for may be on the next page."""

    def __init__(self, speak: Speaks, site: str, home: Path) -> None:
        self.speak, self.site, self.home = speak, site, home

    def open(self, address: str) -> None:
        self.speak("Navigate", url=self.site + address if address.startswith("/") else address)
        self.wait_for_modules()

    def run(self, script: str, *values: Any) -> Any:
        return self.speak("ExecuteScript", script=script, args=list(values))

    def wait(self, script: str, *values: Any) -> Any:
        """The first true result of the script."""

        def look() -> Any:
            with suppress(RefusedError):  # between two pages
                return self.run(script, *values)

        return wait_until(look, lambda: f"never: {script} {values}\n{self.text()}")

    def wait_for_modules(self) -> None:
        """As for the other browser, but that WebKit tells frames of another site nothing about painting."""
        painted = f"window === top ? ({PAINTED})() : Promise.resolve()"
        self.run(f"return ({painted}).then({FRAMES}).then({MODULES}).then(() => 1)")

    def find(self, selector: str) -> Any:
        """The first that is shown, in the middle of the window."""
        return self.wait(SHOWN, selector)[ELEMENT]

    def press(self, selector: str) -> None:
        self.speak("ElementClick", id=self.find(selector))

    def type(self, selector: str, text: str) -> None:
        self.press(selector)  # in a frame Safari's engine gives no focus to a script
        self.speak("ElementSendKeys", id=self.find(selector), text=text)

    def choose(self, field: str, file: Path) -> None:
        """Hand a file in."""
        self.speak("ElementSendKeys", id=self.find(field), text=str(file))

    def enter(self, frame: str) -> None:
        """Go on in the frame."""
        self.speak("SwitchToFrame", element=(element := self.find(frame)), id={ELEMENT: element})
        self.wait_for_modules()

    def text(self) -> str:
        return str(
            self.run("return location.pathname + '\\n' + document.querySelector('main, body').innerText")
        )

    def wait_for_text(self, selector: str, words: str) -> None:
        script = "return document.querySelector(arguments[0])?.innerText.includes(arguments[1])"
        self.wait(script, selector, words)

    def resize(self, width: int, height: int) -> None:
        """What is around the page comes on top of that."""
        for _ in range(2):
            outer, inner = self.run("return [[outerWidth, outerHeight], [innerWidth, innerHeight]]")
            self.speak(
                "SetWindowRect", width=width + outer[0] - inner[0], height=height + outer[1] - inner[1]
            )


@contextmanager
def outside() -> Iterator[tuple[int, list[str]]]:
    """The port of what the browsers take for the proxy to everywhere else, and what was asked of it: nothing may be."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def note() -> None:
            with suppress(OSError):  # closed
                while True:
                    connection, _ = door.accept()
                    with connection:
                        asked.append(connection.recv(500).decode(errors="replace").partition("\r")[0])

        threading.Thread(target=note, daemon=True).start()
        yield door.getsockname()[1], asked
        door.shutdown(socket.SHUT_RDWR)  # which ends the waiting


@contextmanager
def running(home: Path, *command: str, **environment: str) -> Iterator[None]:
    """The program and all that it starts, with a home of its own."""
    own = {"HOME": home, "XDG_RUNTIME_DIR": home, "TZ": "Asia/Seoul", "LANG": "C.UTF-8", "LANGUAGE": "ko"}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], **own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # a screen takes its lock away
        process.wait(TEST_TIMEOUT)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _written(path: Path) -> str:
    return wait_until(lambda: path.exists() and path.read_text().strip(), f"{path} is never written")


@contextmanager
def firefox(home: Path, proxy: int) -> Iterator[Speaks]:
    """Its profile is its home."""
    settings: dict[str, Any] = {
        "marionette.port": 0,
        "media.gmp-manager.updateEnabled": False,  # no plug-ins for films
        "network.proxy.type": 1,
        **{f"network.proxy.{kind}": "127.0.0.1" for kind in ("http", "ssl")},
        **{f"network.proxy.{kind}_port": proxy for kind in ("http", "ssl")},
    }
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
    (home / "user.js").write_text("\n".join(lines))
    command = [installed("firefox-esr"), "--headless", "--marionette", "--profile", str(home)]
    with running(home, *command, MOZ_DISABLE_NONLOCAL_CONNECTIONS="1"):
        address = "127.0.0.1", int(_written(home / "MarionetteActivePort"))
        with socket.create_connection(address, TEST_TIMEOUT) as line, line.makefile("rwb") as stream:
            yield Marionette(stream)


@contextmanager
def webkit(home: Path, proxy: int) -> Iterator[Speaks]:
    display, port = home / "display", free_port()
    driver = installed("webkit2gtk-driver", "xvfb")
    browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    words = [f"--proxy=http://127.0.0.1:{proxy}", "--ignore-host=127.0.0.1", "--ignore-host=localhost"]
    options = {"webkitgtk:browserOptions": {"binary": str(browser), "args": ["--automation", *words]}}
    screen = 'exec Xvfb -displayfd 1 -screen 0 1600x2000x24 -nolisten tcp >"$HOME/display"'
    with running(home, "sh", "-c", screen):
        on = f":{_written(display)}"
        with running(home, driver, f"--port={port}", DISPLAY=on):
            yield wait_until(
                lambda: _opened(lambda: WebDriver(port, options)), "WebKitWebDriver does not answer"
            )


def _opened(make: Callable[[], WebDriver]) -> WebDriver | None:
    try:
        return make()
    except OSError:  # not yet
        return None


ENGINES = {"firefox": firefox, "webkit": webkit}
