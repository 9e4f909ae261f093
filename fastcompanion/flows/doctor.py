"""`doctor`: what on this machine or in this study is in the way, each with its cure.

Every area is a function that yields findings. One that fails itself becomes a finding, so that a
broken thing never hides the others.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from fastcompanion.base import config, events, process, repo, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.competition.site import examining
from fastcompanion.competition.site.examining import Noted
from fastcompanion.course import environments
from fastcompanion.course.library import courses
from fastcompanion.flows import opening, remind
from fastcompanion.project import weights
from fastcompanion.server import examining as servers
from fastcompanion.study import journal, timer
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import zones

Severity = Literal["ok", "warn", "bad"]
_OLDEST_GIT = (2, 28)
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs"}
_MARKERS = (b"<<<<<<< ", b">>>>>>> ")
# Extra -> the modules that it brings, and what needs them.
_EXTRAS = {
    "train": (("torch", "fastai", "accelerate"), "training your own models"),
    "server": (("boto3",), "GPU servers"),
    "sweep": (("optuna",), "sweeps"),
    "compare": (("nbdime",), "comparing notebooks"),
}


@frozen
class Finding:
    """One thing that was looked at; `cure` is a command to type where there is something to do."""

    area: str
    severity: Severity
    text: str
    cure: str = ""
    file: str | None = None
    line: int | None = None


@frozen
class Examination:
    """All findings of the areas that were examined."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> Exit:
        """0 when nothing is bad, 4 for what is wrong in the study, 5 for what is missing."""
        bad = {finding.area for finding in self.findings if finding.severity == "bad"}
        if not bad:
            return Exit.DONE
        return Exit.CHECK_SAYS_NO if bad == {"study"} else Exit.MISSING


def examine(ws: Workspace | None, area: str | None = None, *, network: bool = True) -> Examination:
    """Look at one area or at all; `ws` is None outside of a study.

    The network is asked for an area alone, never when all are looked at.
    """
    if area is not None and area not in AREAS:
        raise CompanionError(
            f"there is no area {area!r}",
            hint=f"fastcompanion doctor [{' | '.join(AREAS)}]",
            code=Exit.USAGE,
        )
    found: list[Finding] = []
    for name in [area] if area else AREAS:
        found += _guarded(name, AREAS[name], ws)
    if network and area in ASKING:
        found += _guarded(area, ASKING[area], ws)
    # What can't be read is found by both looks.
    return Examination(tuple(dict.fromkeys(found)))


def _guarded(
    name: str, look: Callable[[Workspace | None], Iterator[Finding]], ws: Workspace | None
) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(look(ws))
    except CompanionError as error:
        found.append(_bad(name, error))
    return found


def _bad(area: str, error: CompanionError) -> Finding:
    return Finding(area, "bad", error.message, error.hint, error.file, error.line)


def _git(ws: Workspace | None) -> Iterator[Finding]:
    """Git itself, and the state of the study's repository."""
    if process.which("git") is None:
        yield Finding("git", "bad", "git is not installed", _install_git())
        return
    version = repo.version()
    shown = ".".join(map(str, version))
    if version < _OLDEST_GIT:
        oldest = ".".join(map(str, _OLDEST_GIT))
        yield Finding("git", "bad", f"git {shown} is older than {oldest}", _install_git())
    else:
        yield Finding("git", "ok", f"git {shown}")
    if ws is not None:
        yield from _repository(ws, repo.state(ws.root))


def _install_git() -> str:
    if sys.platform == "darwin":
        return "xcode-select --install"
    return "winget install Git.Git" if os.name == "nt" else "sudo apt install git"


def _repository(ws: Workspace, state: repo.RepoState) -> Iterator[Finding]:
    """What would keep the next commit from being made."""
    if not state.exists:
        cure = f"git config --global --add safe.directory '{ws.root}'"
        cure = cure if "dubious" in state.problem else f"git -C '{ws.root}' init -b main"
        text = state.problem or "the study is not in a git repository; nothing is committed"
        yield Finding("git", "bad", text, cure)
        return
    if state.bare:
        yield Finding("git", "bad", "the repository is bare", "Clone it and work in the clone.")
    if state.busy:
        cure = f"git {state.busy} --continue, or git {state.busy} --abort"
        yield Finding("git", "warn", f"a {state.busy} is under way; nothing is committed", cure)
    elif state.detached:
        text = "HEAD is detached; nothing is committed, as it would belong to no branch"
        yield Finding("git", "warn", text, "git switch main")
    else:
        yield Finding("git", "ok", f"the study is on branch {state.branch}")
    if state.locked:
        text = "git's index is locked by a process that runs, or by one that was killed"
        cure = f"When no git is running any more, delete {state.folder}/index.lock"
        yield Finding("git", "warn", text, cure)


def _identity(ws: Workspace | None) -> Iterator[Finding]:
    """The name and the address that commits carry."""
    if repo.identity(ws.root if ws else Path.cwd()):
        yield Finding("identity", "ok", "git knows your name and address")
        return
    text = "git does not know who you are; nothing is committed until it does"
    yield Finding("identity", "bad", text, repo.IDENTITY_HINT)


def _kernels(ws: Workspace | None) -> Iterator[Finding]:
    """The Pythons that run the learner's notebooks."""
    if importlib.util.find_spec("ipykernel") is None:
        cure = f"{sys.executable} -m pip install ipykernel"
        yield Finding("kernels", "bad", "the tool's own Python has no ipykernel", cure)
    else:
        yield Finding("kernels", "ok", f"own Python {sys.version.split()[0]} can run notebooks")
    for course_id in courses.ids(ws) if ws else ():
        assert ws is not None
        yield from _kernel_of(ws, course_id)


def _kernel_of(ws: Workspace, course_id: str) -> Iterator[Finding]:
    course = courses.load(ws, course_id)
    if course.kernel is None:
        if course.kind != "builtin":
            text = f"{course_id} has no environment yet; the tool's own Python is used"
            cure = f"fastcompanion env create --for {course_id}"
            yield Finding("kernels", "warn", text, cure)
        return
    try:
        found = environments.find_interpreter(None, course, ws)
    except CompanionError as error:
        yield Finding("kernels", "bad", f"{course_id}: {error.message}", error.hint)
        return
    yield Finding("kernels", "ok", f"{course_id} runs on {found.label}")


def _environments(ws: Workspace | None) -> Iterator[Finding]:
    """The environments that fastcompanion made."""
    for environment in environments.environments():
        if environment.interpreter.exists():
            text = f"{environment.name}: Python {environment.python}"
            yield Finding("environments", "ok", text)
        else:
            text = f"{environment.name} has lost its Python ({environment.interpreter})"
            cure = f"fastcompanion env remove {environment.name}, then create it again"
            yield Finding("environments", "bad", text, cure)
    if process.which("uv") is None and importlib.util.find_spec("uv") is None:
        text = "uv is not installed; environments as of a date need it"
        yield Finding("environments", "warn", text, "pipx install uv")
    else:
        yield Finding("environments", "ok", "uv is there")


def _extras(ws: Workspace | None) -> Iterator[Finding]:
    """Parts that are only installed when wanted; a missing one is no fault."""
    for name, (modules, purpose) in _EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if missing:
            text = f"{name} is not installed (for {purpose}): {', '.join(missing)}"
            yield Finding("extras", "ok", text, _install_extra(name))
        else:
            yield Finding("extras", "ok", f"{name} is installed")


def _install_extra(name: str) -> str:
    """Give the line that adds a part, fit for the way in which the program was installed."""
    try:
        written = metadata.distribution("fastcompanion").read_text("direct_url.json")
        source = json.loads(written or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        source = {}
    place = str(source.get("url", ""))
    if not place.startswith("file://"):
        return f"uv tool install --reinstall 'fastcompanion[{name}]'"
    path = unquote(urlsplit(place).path)
    folder = shlex.quote(path.lstrip("/") if os.name == "nt" else path)
    if source.get("dir_info", {}).get("editable"):
        return f"cd {folder} && uv pip install --editable '.[{name}]'"
    return f"cd {folder} && uv tool install --reinstall '.[{name}]'"


def _jupyter(ws: Workspace | None) -> Iterator[Finding]:
    """The program that `start` opens notebooks with."""
    own = [courses.load(ws, course_id) for course_id in courses.ids(ws)] if ws else []
    found = [opening.program(ws, course) for course in [*own, None]]
    words = next((words for words in found if words is not None), None)
    if words is None:
        text = "no Jupyter and no VS Code found: `start` makes notebooks but can't open them"
        yield Finding("jupyter", "warn", text, "uv tool install jupyterlab")
    elif process.which(words[0]) is None:
        text = f"editor.command names {words[0]}, which is not there"
        cure = 'fastcompanion config set editor.command "jupyter lab"'
        yield Finding("jupyter", "bad", text, cure)
    else:
        yield Finding("jupyter", "ok", f"notebooks are opened with {' '.join(words)}")


def _weights(ws: Workspace | None) -> Iterator[Finding]:
    """Pretrained weights that lie where projects look; a missing one is no fault."""
    found = weights.every()
    for one in found:
        for place in one.broken:
            cure = f"fastcompanion weights fetch {one.name}"
            yield Finding("weights", "warn", f"{one.file}: {place.wrong}", cure, str(place.path))
    here = [one.name for one in found if one.path is not None]
    text = f"verified: {', '.join(here)}" if here else "none here; they are fetched when needed"
    yield Finding("weights", "ok", text)


def _start(ws: Workspace | None) -> Iterator[Finding]:
    """Settings that make every single command slow to start."""
    slow = list(_slow_start())
    yield from slow
    if not slow:
        yield Finding("start", "ok", "nothing slows the start of the program")


def _slow_start() -> Iterator[Finding]:
    if sys.dont_write_bytecode:
        text = "Python is told not to keep compiled code, so each start compiles it again"
        yield Finding("start", "warn", text, "unset PYTHONDONTWRITEBYTECODE")
    for name in ("PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC", "PYTHONDEVMODE"):
        if os.environ.get(name):
            yield Finding("start", "warn", f"{name} is set, which slows Python", f"unset {name}")
    package = Path(__file__).resolve().parent.parent
    compiled = package / "base" / "__pycache__"
    if not compiled.is_dir() and not os.access(package / "base", os.W_OK):
        cure = f"sudo {sys.executable} -m compileall -q {package}"
        yield Finding("start", "warn", "the program has no compiled code and can't keep it", cure)
    for place, what in ((package, "the program"), (workspace.data_folder(), "its data")):
        kind = _file_system(place)
        if kind in _NETWORK_FILE_SYSTEMS:
            text = f"{what} lies on a network file system ({kind}): {place}"
            cure = f"export {workspace.HOME_VARIABLE}=SOME/LOCAL/FOLDER, and install it locally"
            yield Finding("start", "warn", text, cure)
    yield from _shell_start()


def _shell_start() -> Iterator[Finding]:
    """Shell start-up files that run the program each time a shell opens."""
    for name in (".bashrc", ".bash_profile", ".zshrc", ".profile"):
        path = workspace.home() / name
        if not path.is_file():
            continue
        for number, line in enumerate(store.read_text(path).split("\n"), start=1):
            if re.search(r"[$`(].*fastcompanion .*--show-completion", line.split("#")[0]):
                text = "each new shell runs fastcompanion to make its completion"
                cure = "Delete the line, then: fastcompanion --install-completion"
                yield Finding("start", "warn", text, cure, str(path), number)


def _file_system(place: Path) -> str:
    """Give the kind of file system a path lies on, "" where the system does not tell."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return ""
    best, kind = "", ""
    for line in store.read_text(mounts).split("\n"):
        words = line.split(" ")
        if len(words) > 2:
            at = words[1].replace("\\040", " ")
            if place.is_relative_to(at) and len(at) >= len(best):
                best, kind = at, words[2]
    return kind


def _study(ws: Workspace | None) -> Iterator[Finding]:
    """The files of the study: versions, conflict markers, lines that can't be read."""
    if ws is None:
        text = "you are not inside a study"
        yield Finding("study", "warn", text, "cd to it, or: fastcompanion init")
        return
    yield from _settings(ws)
    checks: tuple[Callable[[], object], ...] = (
        lambda: events.read(ws),
        lambda: events.read(ws, private=True),
        lambda: timer.running(ws),
        lambda: plans.read(ws),
        lambda: [courses.load(ws, course_id) for course_id in courses.ids(ws)],
    )
    faults = [fault for check in checks for fault in _faults(check)]
    faults += _log(ws)
    faults += _conflicts(ws)
    yield from faults
    if not faults:
        count = len(events.read(ws))
        yield Finding("study", "ok", f"{count} events and the whole log can be read")
    yield from _git_files(ws)
    if ws.uncommitted.exists():
        names = ", ".join(store.read_json(ws.uncommitted).get("paths", ()))
        text = f"written but not committed yet: {names}"
        yield Finding("study", "warn", text, "The next `stop` commits them; see doctor git.")


def _faults(check: Callable[[], object]) -> Iterator[Finding]:
    try:
        check()
    except CompanionError as error:
        yield _bad("study", error)


def _settings(ws: Workspace) -> Iterator[Finding]:
    yield from _faults(lambda: config.load(ws))
    for path in (ws.settings, workspace.config_file()):
        for key, line, near in config.unknown(path):
            more = f"; did you mean {', '.join(near)}?" if near else ""
            text = f"the setting {key} means nothing{more}"
            yield Finding("study", "warn", text, "fastcompanion config show", str(path), line)


def _log(ws: Workspace) -> Iterator[Finding]:
    try:
        problems = journal.read(ws).problems
    except CompanionError as error:
        yield _bad("study", error)
        return
    for problem in problems:
        cure = "Mend the line by hand; it is not counted until then."
        yield Finding("study", "bad", problem.reason, cure, problem.file, problem.line)


def _conflicts(ws: Workspace) -> Iterator[Finding]:
    """Conflict markers in the learner's own notebooks and notes."""
    lessons = ws.root / "lessons"
    for path in sorted([*lessons.rglob("*.ipynb"), *lessons.rglob("notes.md")]):
        for number, line in enumerate(store.read_bytes(path).split(b"\n"), start=1):
            if line.startswith(_MARKERS):
                cure = "Keep the lines you want, delete the marker lines, save."
                text = "holds a merge conflict marker"
                yield Finding("study", "bad", text, cure, str(path), number)
                break


def _git_files(ws: Workspace) -> Iterator[Finding]:
    """Lines of ours that are gone from .gitignore and .gitattributes."""
    wanted = {".gitignore": "*.run.ipynb", ".gitattributes": "*.jsonl merge=union"}
    for name, line in wanted.items():
        path = ws.root / name
        if not path.is_file() or line not in store.read_text(path).split("\n"):
            cure = f"fastcompanion init '{ws.root}' --yes --course none"
            yield Finding("study", "warn", f"lacks the line {line!r}", cure, str(path))


def _reminders(ws: Workspace | None) -> Iterator[Finding]:
    """Whether reminders come: the system's timer, the last attempt, studies that are gone."""
    for one in remind.lost(ws):
        cure = "fastcompanion remind remove --gone"
        text = f"reminders are installed for a study that is no longer there: {one}"
        yield Finding("reminders", "warn", text, cure)
    if ws is None:
        return
    seen = remind.status(ws)
    if not seen.installed:
        yield Finding(
            "reminders", "ok", "no reminders are installed", "fastcompanion remind install"
        )
        return
    if not seen.armed:
        text = f"{seen.backend} will not wake us: {seen.why}"
        yield Finding("reminders", "bad", text, "fastcompanion remind install")
    elif seen.stale:
        text = f"what is installed no longer fits: {seen.stale}"
        yield Finding("reminders", "warn", text, "fastcompanion remind install")
    else:
        yield Finding("reminders", "ok", f"the timer of {seen.backend} is armed")
    if seen.last is not None and not seen.last.arrived:
        text = f"the last one did not arrive: {seen.last.cause}"
        yield Finding("reminders", "bad", text, "fastcompanion remind test")
    elif seen.last is not None:
        text = f"the last one arrived by {seen.last.channel}: {seen.last.proof}"
        yield Finding("reminders", "ok", text)


def _kaggle(ws: Workspace | None) -> Iterator[Finding]:
    """Which credential goes to kaggle.com, and what is wrong with it and with the way there."""
    folders = [Path.cwd(), *([ws.root] if ws else [])]
    yield from map(_of_kaggle, examining.local(folders))


def _kaggle_asked(ws: Workspace | None) -> Iterator[Finding]:
    """Whether kaggle.com accepts the credentials."""
    del ws
    yield from map(_of_kaggle, examining.online())


def _of_kaggle(noted: Noted) -> Finding:
    return Finding("kaggle", noted.severity, noted.text, noted.cure, noted.file, noted.line)


def _servers(ws: Workspace | None) -> Iterator[Finding]:
    """What this machine needs to reach its servers, and what it knows of them."""
    del ws
    for one in servers.local():
        yield Finding("server", one.severity, one.text, one.cure, one.file)


def _servers_asked(ws: Workspace | None) -> Iterator[Finding]:
    """Each server, step by step of its setup."""
    del ws
    for one in servers.asking(zones.guess() or ""):
        yield Finding("server", one.severity, one.text, one.cure, one.file)


AREAS: dict[str, Callable[[Workspace | None], Iterator[Finding]]] = {
    "git": _git,
    "identity": _identity,
    "kernels": _kernels,
    "environments": _environments,
    "extras": _extras,
    "jupyter": _jupyter,
    "weights": _weights,
    "reminders": _reminders,
    "kaggle": _kaggle,
    "server": _servers,
    "start": _start,
    "study": _study,
}
#: what an area asks the network for, when it alone is looked at
ASKING: dict[str, Callable[[Workspace | None], Iterator[Finding]]] = {
    "kaggle": _kaggle_asked,
    "server": _servers_asked,
}
