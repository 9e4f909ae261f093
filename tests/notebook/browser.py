"""JupyterLab on this machine, driven through Chromium as a learner does: cells, keys, what is shown."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

TOKEN = "a-token-for-this-test"
SECONDS = 90
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_BOOK = "window.jupyterapp.shell.currentWidget.content"


def chromium() -> str | None:
    """Find a browser of the system; playwright's own are a download that tests do not make."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def missing() -> str:
    """Say what is missing for these tests, "" when nothing is."""
    if chromium() is None:
        return "needs Chromium (on Debian: apt install chromium)"
    for module in ("jupyterlab", "playwright"):
        if find_spec(module) is None:
            return f"needs {module}: pip install --group browser"
    return ""


@contextmanager
def lab(folder: Path, home: Path) -> Iterator[str]:
    """Run JupyterLab on a folder; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: os.environ[name] for name in ("LANG",) if name in os.environ}
    env = {
        **kept,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "FASTCOMPANION_HOME": str(home / "fastcompanion"),
        "GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL", os.devnull),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    argv = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--allow-root",
            f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={folder}", "--expose-app-in-browser",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=None"]  # fmt: skip
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(argv, cwd=folder, env=env, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api/status?token={TOKEN}", server, home / "lab.log")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = monotonic() + SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while monotonic() < end and server.poll() is None:
        try:
            with opener.open(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def page() -> Iterator[Any]:
    """Open a headless Chromium; give its page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium(), headless=True, args=["--no-sandbox", "--no-proxy-server"]
        )
        try:
            yield browser.new_page(viewport={"width": 1300, "height": 1000})
        finally:
            browser.close()


class Notebook:
    """One notebook, open in JupyterLab."""

    def __init__(self, page: Any, address: str, path: str) -> None:
        self.page = page
        # Without `reset` the notebooks of an earlier page come back and one of them may be in front.
        page.goto(f"{address}/lab/tree/{quote(path)}?token={TOKEN}&reset")
        page.wait_for_function(
            "path => { const w = window.jupyterapp?.shell?.currentWidget;"
            " return w?.context?.path === path && w.content?.widgets?.length > 0 }",
            arg=path,
            timeout=SECONDS * 1000,
        )
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status"
            " === 'idle'",
            timeout=SECONDS * 1000,
        )

    def cells(self) -> list[dict[str, Any]]:
        """List the cells: id, type, metadata, source."""
        code = f"() => {_BOOK}.widgets.map(w => w.model.sharedModel.toJSON())"
        found: list[dict[str, Any]] = self.page.evaluate(code)
        return [{**cell, "source": "".join(cell["source"])} for cell in found]

    def choose(self, index: int) -> None:
        """Make a cell the active one, and bring it into view."""
        self.page.evaluate(
            f"async i => {{ {_BOOK}.activeCellIndex = i; await {_BOOK}.scrollToItem(i, 'center', 0) }}",
            index,
        )

    def write(self, index: int, source: str) -> None:
        """Put code into a cell."""
        self.page.evaluate(
            f"([i, text]) => {_BOOK}.widgets[i].model.sharedModel.setSource(text)", [index, source]
        )

    def type_below(self, index: int, text: str) -> int:
        """Add a cell below another one and type into it with the keyboard; give its place."""
        self.choose(index)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:insert-cell-below')")
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:enter-edit-mode')")
        self.page.keyboard.type(text)
        return index + 1

    def run(self, index: int) -> str:
        """Run a cell by its keys, and give what it shows."""
        self.choose(index)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:enter-edit-mode')")
        self.page.keyboard.press("Control+Enter")
        done = (
            f"i => {{ const m = {_BOOK}.widgets[i].model; return m.executionCount !== null &&"
            " m.executionState !== 'running' && m.executionCount !== window.lastCount }"
        )
        self.page.wait_for_function(done, arg=index, timeout=SECONDS * 1000)
        self.page.evaluate(
            f"i => {{ window.lastCount = {_BOOK}.widgets[i].model.executionCount }}", index
        )
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
        )
        cell = self.page.locator(".jp-Notebook .jp-Cell.jp-mod-active")
        cell.wait_for()
        shown = cell.locator(".jp-OutputArea-output")
        return "\n".join(shown.all_inner_texts())

    def save(self) -> None:
        """Save as Ctrl+S does."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
