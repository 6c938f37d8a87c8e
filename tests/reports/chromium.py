"""Drives a headless Chromium over its own pipe: no port, no driver program, no library.

Rule: every answer is the browser's; a page that a test opens is closed with the test, the browser with the session.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = "FLUID_CHROMIUM"  # names the browser where it is not on PATH
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 30.0
FREE_DESCRIPTOR = 10  # above the two that Chromium expects the pipe's ends on

Answer = dict[str, Any]


def find() -> str | None:
    """Return the browser's path; None where there is none."""
    named = os.environ.get(PROGRAM)
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless Chromium with a profile of its own."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="fluid-chromium-", ignore_cleanup_errors=True)
        commands, self._to = _pipe()
        self._from, answers = _pipe()
        arguments = [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}",
                     "--no-first-run", "--hide-scrollbars", "--disable-gpu", "--no-sandbox"]  # fmt: skip
        # Chromium refuses its sandbox to root; what it opens here are our own pages.
        quiet = os.open(os.devnull, os.O_RDWR)
        places = [(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2),
                  (os.POSIX_SPAWN_DUP2, commands, 3), (os.POSIX_SPAWN_DUP2, answers, 4)]  # fmt: skip
        self._pid = os.posix_spawn(program, arguments, dict(os.environ), file_actions=places, setpgroup=0)
        for descriptor in (quiet, commands, answers):
            os.close(descriptor)
        self._number, self._read, self._events = 0, b"", list[Answer]()

    def call(self, method: str, *, session: str | None = None, **parameters: object) -> Answer:
        """Call one method of the DevTools protocol and return its result."""
        self._number += 1
        message: Answer = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(method)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: Answer = answer["result"]
                return result
            self._events.append(answer)

    def wait_for(self, method: str, session: str) -> None:
        """Wait for one event of one page."""
        while not any(event.get("method") == method and event.get("sessionId") == session for event in self._events):
            self._events.append(self._next(method))

    def events(self, method: str, session: str) -> list[Answer]:
        """Return what one page has told so far."""
        return [e["params"] for e in self._events if e.get("method") == method and e.get("sessionId") == session]

    def _next(self, what: str) -> Answer:
        limit = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._from], [], [], max(0.0, limit - time.monotonic()))
            assert ready, f"Chromium did not answer {what} in {PATIENCE_SECONDS} s"
            piece = os.read(self._from, 1 << 20)
            assert piece, f"Chromium ended before it answered {what}"
            self._read += piece
        line, _, self._read = self._read.partition(b"\0")
        message: Answer = json.loads(line)
        return message

    def close(self) -> None:
        """End the browser: it ends by itself when its pipe is closed, and is not waited for without end."""
        os.close(self._to)
        os.close(self._from)
        limit = time.monotonic() + 5.0
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > limit:
                os.killpg(self._pid, signal.SIGKILL)
            time.sleep(0.02)
        self._profile.cleanup()

    @contextmanager
    def open(
        self, path: Path, *, width: int, height: int = 800, dark: bool = False, paper: bool = False
    ) -> Iterator["Page"]:
        """Open a file as a reader would see it at this width, in this colour scheme, or on paper."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(browser=self, session=session)
        for domain in ("Page", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        page.call("Emulation.setEmulatedMedia", media="print" if paper else "", features=scheme)
        page.call("Page.navigate", url=path.as_uri())
        self.wait_for("Page.loadEventFired", session)
        try:
            yield page
        finally:
            self.call("Target.closeTarget", targetId=target)


@dataclass(slots=True, kw_only=True)
class Page:
    """One open page."""

    browser: Browser
    session: str

    def call(self, method: str, **parameters: object) -> Answer:
        """Call one method on this page."""
        return self.browser.call(method, session=self.session, **parameters)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the expression is
        """Return the value of a JavaScript expression; the page's own rules do not bind the debugger."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def requests(self) -> list[str]:
        """Return all addresses that the page has asked for."""
        return [event["request"]["url"] for event in self.browser.events("Network.requestWillBeSent", self.session)]

    def complaints(self) -> list[str]:
        """Return what the browser complained about."""
        return [event["entry"]["text"] for event in self.browser.events("Log.entryAdded", self.session)]

    def picture(self, *, whole: bool = True) -> bytes:
        """Return a PNG of the page, or of its first screen."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        """Return the page as it is printed on the paper that it asks for."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])


def _pipe() -> tuple[int, int]:
    """Return a pipe's ends, read and write, far from where Chromium wants its own."""
    made = os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FREE_DESCRIPTOR) for end in made]
    for end in made:
        os.close(end)
    return ends[0], ends[1]
