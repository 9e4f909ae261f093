"""JupyterLab on a server: its token, which is fetched over ssh and shown nowhere, and whether it answers."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fastcompanion.base import clock, process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import tunnel
from fastcompanion.server.connection import Connection

#: where the setup keeps what JupyterLab is started with
SETTINGS = "/etc/fastcompanion/jupyter.env"
_NONE = 94
_READ = (
    f"cat {SETTINGS} 2>/dev/null || sudo -n cat {SETTINGS} 2>/dev/null ||"
    f" {{ [ -e {SETTINGS} ] && exit 1; exit {_NONE}; }}"
)
_TOKEN = re.compile(r"[\w.~+/=-]{16,200}")
_PAUSE = 0.2


@frozen
class Jupyter:
    """Where JupyterLab listens on its server, and the token that opens it. Never shown as a whole."""

    port: int
    token: str

    def __repr__(self) -> str:
        """Keep the token out of logs and tracebacks."""
        return f"Jupyter(port={self.port}, token=...)"


def find(connection: Connection) -> Jupyter:
    """Fetch the port and the token of a server's JupyterLab."""
    done = connection.run(["sh", "-c", _READ], check=False)
    name = connection.server.name
    if done.code != 0:
        raise CompanionError(
            f"there is no JupyterLab of ours on {name}"
            if done.code == _NONE
            else f"its token can't be read on {name}: only another user there may",
            hint=f"fastcompanion server setup {connection.server.called}",
            code=Exit.NOT_SET_UP,
        )
    rows = (line.partition("=") for line in done.out.splitlines() if "=" in line)
    values = {key.strip(): value.strip().strip("\"'") for key, _, value in rows}
    token, port = values.get("JUPYTER_TOKEN", ""), values.get("JUPYTER_PORT", "8888")
    if not _TOKEN.fullmatch(token) or not port.isdigit():
        raise CompanionError(
            f"{SETTINGS} on {name} holds no token",
            hint=f"fastcompanion server setup {connection.server.called}",
            code=Exit.NOT_SET_UP,
        )
    return Jupyter(int(port), token)


def until_it_answers(jupyter: Jupyter, local_port: int, name: str, *, seconds: float = 60) -> str:
    """Ask JupyterLab through the tunnel until it answers; give its version.

    A service that is "active" may be starting over and over: only an answer counts.
    """
    end = clock.monotonic() + seconds
    while True:
        code, version = _ask(local_port, jupyter.token, max(1.0, end - clock.monotonic()))
        if code == 200:
            return version
        if code in (401, 403):
            raise CompanionError(
                f"JupyterLab on {name} does not accept the token of its own settings",
                hint=f"It may be another Jupyter: fastcompanion server logs {name}",
                code=Exit.FAILED,
            )
        if clock.monotonic() >= end:
            raise CompanionError(
                f"JupyterLab on {name} does not answer ({seconds:g} s)",
                hint=f"fastcompanion server logs {name}",
                code=Exit.MISSING,
            )
        clock.pause(_PAUSE)


def _ask(port: int, token: str, seconds: float) -> tuple[int, str]:
    """Give the status code of /api/status and what kind of server it is; 0 where nothing answered."""
    from http.client import HTTPConnection, HTTPException

    # No proxy of the learner's network stands between us and our own 127.0.0.1.
    link = HTTPConnection(tunnel.HOST, port, timeout=min(10, seconds))
    try:
        link.request("GET", "/api/status", headers={"Authorization": f"token {token}"})
        answer = link.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Server", "")
    except (OSError, HTTPException):
        return 0, ""
    finally:
        link.close()


def address(port: int, token: str = "", page: str = "lab") -> str:
    """Give the address in this machine's browser, with the token or without."""
    return f"http://127.0.0.1:{port}/{page}" + (f"?token={token}" if token else "")


@frozen
class Opened:
    """The near end of a tunnel to JupyterLab; the address holds the token only where it was asked for."""

    name: str
    port: int
    url: str
    program: str


def use(
    connection: Connection,
    tell: Callable[[Opened], None],
    *,
    port: int = 0,
    browser: bool = True,
    show: bool = False,
    reporter: Reporter = SILENT,
    seconds: float = 60,
) -> None:
    """Open JupyterLab through a tunnel, and hold the tunnel until Ctrl-C."""
    name = connection.server.called
    with ExitStack() as until_the_end:
        found = find(connection)
        first = tunnel.start(connection, found.port, local_port=port)
        until_the_end.callback(first.close)
        until_it_answers(found, first.local_port, name, seconds=seconds)
        url = address(first.local_port, found.token if show else "")
        if browser:
            forget_doors()
            uri = until_the_end.enter_context(door(first.local_port, found.token))
            # In a process of its own: some browsers write to the terminal or wait to be closed.
            process.leave_running([sys.executable, "-P", "-m", "webbrowser", "-t", uri])
        tell(Opened(name, first.local_port, url, "the browser" if browser else ""))
        try:
            tunnel.hold(first, reporter=reporter)
        except KeyboardInterrupt:
            reporter.note("The tunnel has ended; what runs on the server goes on.")


@contextmanager
def door(port: int, token: str, page: str = "lab") -> Iterator[str]:
    """Give an address that opens JupyterLab logged in, and does not show the token itself.

    A browser's command line can be read by everyone on this machine; it gets a file of ours that leads
    on, which only the user may read and which is gone after the block.
    """
    path = workspace.servers_folder() / f"open-{clock.new_id()}.html"
    target = html.escape(address(port, token, page), quote=True)
    text = f'<!doctype html><meta http-equiv="refresh" content="0;url={target}"><a href="{target}">JupyterLab</a>\n'
    store.write_text(path, text, mode=0o600)
    try:
        yield path.absolute().as_uri()
    finally:
        store.remove(path)


def forget_doors(folder: Path | None = None) -> None:
    """Remove what a run that was killed has left."""
    for path in (folder or workspace.servers_folder()).glob("open-*.html"):
        store.remove(path)
