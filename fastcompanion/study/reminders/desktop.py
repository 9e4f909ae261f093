"""Notifications on the desktop: notify-send, the bus itself, osascript, a toast of Windows.

Each says how it knows. Libraries that notify report success when nobody listens, so programs with
an exit code are asked, and on Linux the service has to give the notification's number.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from pathlib import Path

from fastcompanion.base import process, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen
from fastcompanion.study.reminders.wording import Message

_SECONDS = 15.0
_APP = "fastcompanion"
_BUS = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications")
_POWERSHELL = "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"
_TOAST_OF = r"{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe"


@frozen
class Delivery:
    """What became of one attempt: `outcome` is shown, accepted or failed."""

    channel: str
    outcome: str
    proof: str = ""
    cause: str = ""


def send(message: Message) -> tuple[Delivery, ...]:
    """Try the ways of this system until one arrives; give every attempt."""
    tried: list[Delivery] = []
    for way in _ways():
        found = way(message)
        if found is not None:
            tried.append(found)
            if found.outcome != "failed":
                break
    if not tried:
        cause = "nothing on this system shows notifications (notify-send, gdbus, busctl)"
        tried.append(Delivery("desktop", "failed", cause=cause))
    return tuple(tried)


def _ways() -> tuple[Callable[[Message], Delivery | None], ...]:
    if on_mac():
        return (_osascript,)
    if os.name == "nt" or in_wsl():
        return (_toast,)
    return (_notify_send, _gdbus, _busctl)


def on_mac() -> bool:
    """Whether this is macOS."""
    return sys.platform == "darwin"


@cache
def in_wsl() -> bool:
    """Whether this Linux runs inside Windows."""
    version = Path("/proc/version")
    return version.is_file() and "microsoft" in store.read_text(version).lower()


def session_environment() -> dict[str, str]:
    """Give what a program started by a timer lacks of the desktop's session: the place of its bus."""
    if os.name != "posix":
        return {}
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    found = {"XDG_RUNTIME_DIR": runtime} if Path(runtime).is_dir() else {}
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and (Path(runtime) / "bus").exists():
        found["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={runtime}/bus"
    return found


def _run(argv: list[str], extra: Mapping[str, str] | None = None) -> Completed | str:
    """Run a program; a text is why it could not be run to its end."""
    try:
        return process.run(
            argv,
            check=False,
            timeout=_SECONDS,
            env={**session_environment(), **(extra or {})},
        )
    except CompanionError as error:
        return error.message


def _failed(channel: str, done: Completed | str) -> Delivery:
    if isinstance(done, str):
        return Delivery(channel, "failed", cause=done)
    words = (done.err.strip() or done.out.strip()).splitlines()
    cause = f"exit {done.code}: {words[-1] if words else 'no output'}"
    return Delivery(channel, "failed", cause=cause[:300])


def _notify_send(message: Message) -> Delivery | None:
    if process.which("notify-send") is None:
        return None
    words = [f"--app-name={_APP}", "--urgency=normal", "--", message.title, _markup(message.body)]
    done = _run(["notify-send", "--print-id", *words])
    # Before 0.7.10 it knew no --print-id; its exit code then is all that there is.
    if isinstance(done, Completed) and done.code != 0 and "--print-id" in done.err:
        done = _run(["notify-send", *words])
        if isinstance(done, Completed) and done.code == 0:
            return Delivery("notify-send", "accepted", "exit 0; this version gives no number")
    if isinstance(done, str) or done.code != 0 or not done.out.strip().isdigit():
        return _failed("notify-send", done)
    return Delivery("notify-send", "shown", f"notification {done.out.strip()}")


def _markup(text: str) -> str:
    # The body of a notification may hold markup, and what stands in it came from a course.
    return escape(text, quote=False)


def _gdbus(message: Message) -> Delivery | None:
    if process.which("gdbus") is None:
        return None
    name, path = _BUS
    to = (f"--dest={name}", f"--object-path={path}", f"--method={name}.Notify")
    words = (_APP, "0", "", message.title, _markup(message.body), "[]", "{}", "-1")
    done = _run(["gdbus", "call", "--session", "--timeout=10", *to, "--", *words])
    return _numbered("gdbus", done, r"\(uint32 (\d+),\)")


def _busctl(message: Message) -> Delivery | None:
    if process.which("busctl") is None:
        return None
    name, path = _BUS
    words = (_APP, "0", "", message.title, _markup(message.body), "0", "0", "-1")
    call = ("busctl", "--user", "--timeout=10", "call", "--", name, path, name, "Notify")
    done = _run([*call, "susssasa{sv}i", *words])
    return _numbered("busctl", done, r"u (\d+)")


def _numbered(channel: str, done: Completed | str, pattern: str) -> Delivery:
    if isinstance(done, Completed) and done.code == 0:
        number = re.fullmatch(pattern, done.out.strip())
        if number:
            return Delivery(channel, "shown", f"notification {number[1]}")
    return _failed(channel, done)


_APPLESCRIPT = (
    "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
)


def _osascript(message: Message) -> Delivery | None:
    done = _run(["osascript", "-e", _APPLESCRIPT, message.title, message.body])
    if isinstance(done, str) or done.code != 0:
        return _failed("osascript", done)
    return Delivery("osascript", "accepted", "exit 0; macOS does not say whether it was shown")


def _toast(message: Message) -> Delivery | None:
    name = "powershell.exe"
    if process.which(name) is None and Path(_POWERSHELL).is_file():
        name = _POWERSHELL
    encoded = base64.b64encode(toast_script(message).encode("utf-16-le")).decode("ascii")
    done = _run([name, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded])
    if isinstance(done, str) or done.code != 0:
        return _failed("toast", done)
    return Delivery("toast", "accepted", "exit 0; Windows does not say whether it was shown")


def toast_script(message: Message) -> str:
    """Write the lines of PowerShell that show a toast."""
    texts = "".join(f"<text>{escape(text)}</text>" for text in (message.title, message.body))
    xml = f'<toast><visual><binding template="ToastGeneric">{texts}</binding></visual></toast>'
    quoted = xml.replace("'", "''")
    space = "Windows.UI.Notifications"
    return (
        "$ErrorActionPreference = 'Stop'\n"
        f"[{space}.ToastNotificationManager, {space}, ContentType = WindowsRuntime] | Out-Null\n"
        "[Windows.Data.Xml.Dom.XmlDocument, Windows.Data.Xml.Dom, ContentType = WindowsRuntime]"
        " | Out-Null\n"
        "$xml = New-Object Windows.Data.Xml.Dom.XmlDocument\n"
        f"$xml.LoadXml('{quoted}')\n"
        f"$toast = New-Object {space}.ToastNotification $xml\n"
        f"[{space}.ToastNotificationManager]::CreateToastNotifier('{_TOAST_OF}').Show($toast)\n"
    )
