"""`practice run`: the real kaggle client, led to the practice server and to nowhere else.

Three things hold, each for itself. The client's addresses are changed when it loads them
(templates/practice/sitecustomize.py). KAGGLE_API_ENVIRONMENT=LOCALHOST makes its own address that of
this machine, should the first fail. And the proxy of everything it asks for is the practice server,
which refuses all other places, should both fail. It gets a home folder that is thrown away and an
environment without the learner's credentials, so that there is none to send.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from fastcompanion.base import process, store, templates, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.calls import ENDPOINT, USER
from fastcompanion.competition.practice.place import Place
from fastcompanion.competition.practice.server import HOST, Listening

#: what may hold a credential, or lead elsewhere
_DROPPED = ("KAGGLE", "NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HOMEDRIVE", "HOMEPATH")
_HOMES = {
    "HOME": "",
    "USERPROFILE": "",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_CACHE_HOME": ".cache",
    "XDG_STATE_HOME": ".local/state",
}


def run(argv: Sequence[str], place: Place) -> int:
    """Run a program against the server of a competition and give its exit code."""
    listening = server.found(place)
    slug = place.folder.name
    if listening is None:
        raise CompanionError(
            f"the practice competition {slug} is not being served",
            hint=f"fastcompanion kaggle practice start {slug}   (in another terminal)",
            code=Exit.NOT_SET_UP,
        )
    command = _command(argv)
    folder = workspace.runtime_folder()
    try:
        return process.on_terminal(command, whole_env=environment(os.environ, listening, folder))
    finally:
        store.remove(folder)


def _command(argv: Sequence[str]) -> list[str]:
    """Give the client that is installed beside us for `kaggle`, and our Python for `python`."""
    first, *rest = argv
    if first in ("python", "python3"):
        return [sys.executable, *rest]
    if first != "kaggle":
        return list(argv)
    lacking = [name for name in ("kaggle", "six") if find_spec(name) is None]
    if lacking:
        raise CompanionError(
            f"the kaggle client is not installed here: {', '.join(lacking)} can't be found",
            hint="Install fastcompanion again; it brings both along.",
            code=Exit.MISSING,
        )
    # -P: a file kaggle.py in this folder is not the client.
    return [sys.executable, "-P", "-m", "kaggle", *rest]


def environment(outside: Mapping[str, str], listening: Listening, folder: Path) -> dict[str, str]:
    """Make the whole environment of a program that may reach the practice server alone.

    `folder` becomes its home; the client's folder of settings lies there too.
    """
    shim = folder / "shim"
    store.write_text(shim / "sitecustomize.py", templates.plain("practice/sitecustomize.py"))
    store.make_folder(folder / "home" / ".kaggle")
    kept = {name: value for name, value in outside.items() if not _is_dropped(name)}
    homes = {name: str(folder / "home" / below) for name, below in _HOMES.items()}
    path = [str(shim), *filter(None, [outside.get("PYTHONPATH", "")])]
    # The home is another one, and what was installed for the user alone lies in the old one.
    own = {"PYTHONUSERBASE": outside.get("PYTHONUSERBASE") or site.getuserbase()}
    lead = {
        "PYTHONPATH": os.pathsep.join(path),
        ENDPOINT: listening.url,
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "KAGGLE_CONFIG_DIR": str(folder / "home" / ".kaggle"),
        "KAGGLE_USERNAME": USER,
        "KAGGLE_KEY": listening.key,
    }
    return {**kept, **homes, **own, **lead, **_proxies(listening)}


def _is_dropped(name: str) -> bool:
    upper = name.upper()
    return upper.startswith(_DROPPED) or upper.endswith("_PROXY") or upper in _HOMES


def _proxies(listening: Listening) -> dict[str, str]:
    """Let the practice server be asked for every address but its own; it refuses them."""
    names = ("http_proxy", "https_proxy", "all_proxy")
    told = {**dict.fromkeys(names, listening.url), "no_proxy": HOST}
    return told | {name.upper(): value for name, value in told.items()}
