"""The rules of the house that no linter knows, as functions over syntax trees.

`complaints(root)` reads every module of `root/fastcompanion` and names each place that breaks a rule.
tests/test_architecture.py asserts that there is none, and plants a violation of each rule to see it found.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

MAX_MODULE = 600
MAX_FUNCTION = 59

STORE, PROCESS, CLOCK, REPO = "base/store.py", "base/process.py", "base/clock.py", "base/repo.py"
KERNEL, WORKSPACE, CONFIG = "base/kernel.py", "base/workspace.py", "base/config.py"
BOTO = "server/cloud/boto.py"
WATCHDOG, MARKUP = "base/watchdog.py", "study/posts/markup.py"
RECORDS, UV, CONSOLE, CLI, COMMANDS, NOTEBOOK = (
    "base/records.py",
    "course/environments/uv.py",
    "console.py",
    "cli.py",
    "commands/",
    "course/notebooks/notebook.py",
)

#: module -> the places that may import it (a trailing slash is a folder); an empty tuple is nowhere
IMPORTERS: dict[str, tuple[str, ...]] = {
    "subprocess": (PROCESS,),
    "multiprocessing": (),
    "pty": (),
    "git": (REPO,),
    "nbclient": (KERNEL,),
    "jupyter_client": (KERNEL,),
    "zmq": (KERNEL,),
    "nbformat": (NOTEBOOK,),
    "filelock": (STORE,),
    "tomlkit": (STORE,),
    "tomllib": (STORE, UV),
    "yaml": (STORE,),
    "tempfile": (STORE, WORKSPACE),
    "platformdirs": (WORKSPACE,),
    "rich": (CONSOLE,),
    "jinja2": ("base/templates.py",),
    "markdown_it": (MARKUP,),
    "mdit_py_plugins": (MARKUP,),
    "pygments": (MARKUP,),
    "latex2mathml": (MARKUP,),
    "smtplib": ("study/reminders/mail.py",),
    "ssl": ("study/reminders/mail.py",),
    "typer": (CLI, COMMANDS),
    "click": (),
    "uuid": (CLOCK,),
    "secrets": (CLOCK,),
    "kaggle": (),
    "kagglesdk": ("competition/site/line.py",),
    "requests": ("competition/site/line.py",),
    "urllib3": ("competition/site/line.py",),
    "fsrs": ("course/review/schedule.py",),
    "tzlocal": ("study/plan/zones.py",),
    "boto3": (BOTO,),
    "botocore": (BOTO,),
}

#: dotted call -> the places that may make it
CALLERS: dict[str, tuple[str, ...]] = {
    "os.system": (), "os.popen": (), "os.startfile": (PROCESS,),
    "os.execv": (), "os.execve": (), "os.execvp": (), "os.execvpe": (), "os.posix_spawn": (),
    "os.killpg": (PROCESS, KERNEL, WATCHDOG), "os.kill": (PROCESS, KERNEL, WATCHDOG),
    "asyncio.create_subprocess_exec": (), "asyncio.create_subprocess_shell": (),
    "os.open": (STORE, CLI), "os.replace": (STORE,), "os.rename": (STORE,), "os.remove": (STORE,),
    "os.unlink": (STORE,), "os.mkdir": (STORE,), "os.makedirs": (STORE,), "os.rmdir": (STORE,),
    "os.symlink": (STORE,), "os.link": (STORE,), "os.truncate": (STORE,),
    "shutil.copy": (STORE,), "shutil.copy2": (STORE,), "shutil.copyfile": (STORE,), "shutil.copytree": (STORE,),
    "shutil.move": (STORE,), "shutil.rmtree": (STORE,), "shutil.which": (PROCESS,),
    "time.time": (CLOCK,), "time.time_ns": (CLOCK,), "time.monotonic": (CLOCK,), "time.perf_counter": (CLOCK,),
    "time.localtime": (CLOCK,), "time.gmtime": (CLOCK,), "time.strftime": (CLOCK,),
    "datetime.now": (CLOCK,), "datetime.utcnow": (CLOCK,), "datetime.today": (CLOCK,), "date.today": (CLOCK,),
    "random.Random": (CLOCK,), "random.random": (), "random.seed": (), "random.choice": (), "random.randint": (),
    "os.urandom": (CLOCK,),
    "Path.home": (WORKSPACE,), "os.path.expanduser": (WORKSPACE,), "os.path.expandvars": (),
    "sys.exit": (CLI, "__main__.py"), "os._exit": (), "exit": (), "quit": (),
    "print": (CONSOLE,), "input": (CONSOLE,), "breakpoint": (), "eval": (), "exec": (),
    "sys.stdout.write": (CONSOLE,), "sys.stderr.write": (CONSOLE, CLI),
}  # fmt: skip

#: method name -> the places that may call it on an object (calls on the module `store` itself are the way to go)
WRITERS = (
    "write_text",
    "write_bytes",
    "mkdir",
    "touch",
    "unlink",
    "rmdir",
    "symlink_to",
    "hardlink_to",
    "chmod",
)

#: names of files and folders that base/workspace.py alone spells out
PATH_NAMES = {".fastcompanion", "fastcompanion.toml", "progress.jsonl", "private.jsonl"}

RAISED_IN_CLI_ONLY = {"SystemExit", "typer.Exit", "typer.Abort", "KeyboardInterrupt"}
POSIX_ONLY = {"fcntl", "pwd", "grp", "termios", "tty", "pty", "resource", "readline", "curses"}

#: (module, rule) -> the reason why this one place may break the rule
EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "course/recorded/probe.py",
        "one caller",
    ): "the judge runs as source text in the learner's kernel, without us",
    (
        "course/recorded/probe.py",
        "quiet errors",
    ): "what the learner's objects raise when looked at is no news",
    (
        "course/recorded/values.py",
        "quiet errors",
    ): "what the learner's objects raise when looked at is no news",
    (
        "course/recorded/fingerprints.py",
        "quiet errors",
    ): "what the learner's objects raise when looked at is no news",
    (
        "course/recorded/calls.py",
        "quiet errors",
    ): "what can't be kept of an argument is left out",
    (
        "course/recorded/replays.py",
        "one caller",
    ): "the judge runs as source text in the learner's kernel, without us",
    (
        "course/recorded/calls.py",
        "one caller",
    ): "the judge runs as source text in the learner's kernel, without us",
    (
        "course/recorded/observer.py",
        "quiet errors",
    ): "what the learner's objects raise when looked at is no news",
    (
        "course/recorded/observer.py",
        "one caller",
    ): "the judge runs as source text in the learner's kernel, without us",
    (
        "course/checks/warm_worker.py",
        "one caller",
    ): "a script of the learner's interpreter, without us",
    (
        "course/checks/warm_worker.py",
        "quiet errors",
    ): "what the learner's objects raise when looked at is no news",
    ("course/__main__.py", "one caller"): "the maintainers' checker stands below the console",
    ("course/__main__.py", "one exit"): "the maintainers' checker is a program of its own",
    (WATCHDOG, "one exit"): "it turns SIGTERM and SIGHUP into the KeyboardInterrupt that Ctrl-C is",
    (STORE, "one spelling"): "a lock lies in the private folder of the study whose file it guards",
    ("server/carrying.py", "one writer"): "the archive goes into the pipe of ssh, and into no file",
    (
        "competition/practice/zipped.py",
        "one writer",
    ): "the archive goes into the answer of the server, and into no file",
    (UV, "one caller"): "pyenv keeps its Pythons below the home folder",
}


@dataclass(frozen=True)
class Complaint:
    """One place that breaks one rule."""

    module: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"fastcompanion/{self.module}:{self.line}: {self.rule}: {self.text}"


def allowed(module: str, places: tuple[str, ...]) -> bool:
    """Tell whether the module is one of the places, or lies in one that is a folder."""
    return any(
        module.startswith(place) if place.endswith("/") else module == place for place in places
    )


def dotted(node: ast.expr) -> str:
    """Spell a name or attribute chain such as `os.path.join`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Give every node of a module; the rules share the walk."""
    return tuple(ast.walk(tree))


@cache
def real_names(tree: ast.Module) -> dict[str, str]:
    """Map each imported name to what it stands for: `from os import replace as r` gives `r` -> `os.replace`."""
    names = {}
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update(
                {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            )
    return names


def resolved(node: ast.expr, names: dict[str, str]) -> str:
    """Spell a called expression with its import undone; classes of the standard library keep their short name."""
    spelled = dotted(node)
    first, _, rest = spelled.partition(".")
    full = names.get(first, first) + (f".{rest}" if rest else "")
    for prefix in ("datetime.", "pathlib."):
        if full.count(".") > 1:
            full = full.removeprefix(prefix)
    return full


def imported(node: ast.AST) -> list[str]:
    """Name the modules that an import statement brings in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def one_importer(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A library with one boundary module is imported there alone."""
    for node in nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported(node):
                places = IMPORTERS.get(name.split(".")[0])
                if places is not None and not allowed(module, places):
                    owner = ", ".join(places) or "nobody"
                    yield node.lineno, f"imports {name}, which belongs to {owner}"


def one_caller(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Writing, processes, time, chance, showing and leaving have one place each."""
    names = real_names(tree)
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            name = resolved(node.func, names)
            if name in CALLERS and not allowed(module, CALLERS[name]):
                yield (
                    node.lineno,
                    f"calls {name}, which belongs to {', '.join(CALLERS[name]) or 'nobody'}",
                )


def one_writer(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Only base/store.py opens a file for writing or changes a folder."""
    if module == STORE:
        return
    names = real_names(tree)
    for node in nodes(tree):
        if isinstance(node, ast.Call) and (what := writing(node, names)):
            yield node.lineno, f"{what}: only {STORE} writes"


def writing(call: ast.Call, names: dict[str, str]) -> str:
    """Say what a call writes, empty when it does not."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in WRITERS:
        through_store = resolved(call.func.value, names) == "fastcompanion.base.store"
        return "" if through_store else f"calls .{call.func.attr}()"
    spelled = dotted(call.func)
    if spelled == "os.open":
        return ""
    if spelled == "open" or (
        isinstance(call.func, ast.Attribute) and call.func.attr in ("open", "fdopen")
    ):
        position = (
            0
            if isinstance(call.func, ast.Attribute)
            and dotted(call.func.value) not in ("io", "os", "gzip")
            else 1
        )
        given = [word.value for word in call.keywords if word.arg == "mode"] or call.args[
            position : position + 1
        ]
        if given and not (
            isinstance(given[0], ast.Constant) and not set(str(given[0].value)) & set("wax+")
        ):
            return "opens a file for writing"
    return ""


def one_exit(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Only cli.py ends the program; everything else raises a CompanionError."""
    if module == CLI:
        return
    names = real_names(tree)
    for node in nodes(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if (name := resolved(raised, names)) in RAISED_IN_CLI_ONLY:
                yield node.lineno, f"raises {name}: only {CLI} ends the program"


def no_shell(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Programs are started from argument lists."""
    del module
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            for word in node.keywords:
                if word.arg == "shell" and not (
                    isinstance(word.value, ast.Constant) and word.value.value is False
                ):
                    yield node.lineno, "starts a program through a shell"


def one_spelling(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names of our own files are spelled in base/workspace.py alone."""
    if module == WORKSPACE:
        return
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and node.value in PATH_NAMES:
            yield node.lineno, f"spells {node.value!r}, which belongs to {WORKSPACE}"


def portable_imports(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What only POSIX has is imported inside the function that needs it."""
    del module
    for node in tree.body:
        for name in imported(node):
            if name.split(".")[0] in POSIX_ONLY:
                yield node.lineno, f"imports {name} at the top, which Windows does not have"


def quiet_errors(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No handler swallows everything: a broad `except` must raise again or hand the error on."""
    del module
    for node in nodes(tree):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or dotted(node.type) in ("Exception", "BaseException")
        ):
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            used = node.name and any(
                isinstance(inner, ast.Name) and inner.id == node.name for inner in ast.walk(node)
            )
            if not raises and not used:
                yield node.lineno, "swallows every exception"


def cheap_records(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A frozen dataclass compiles six methods at every start: base/records.py has one that does not."""
    if module == RECORDS:
        return
    for node in nodes(tree):
        for made in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            if isinstance(made, ast.Call) and dotted(made.func) == "dataclass":
                yield from (
                    (made.lineno, f"compiles a frozen dataclass: use {RECORDS}")
                    for word in made.keywords
                    if word.arg == "frozen"
                )


def small_functions(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No function is longer than a screen."""
    del module
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines (at most {MAX_FUNCTION})"


RULES: tuple[Callable[[str, ast.Module], Iterator[tuple[int, str]]], ...] = (
    one_importer, one_caller, one_writer, one_exit, no_shell, one_spelling, portable_imports, quiet_errors,
    cheap_records, small_functions,
)  # fmt: skip


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package under `root`, by its posix path inside the package."""
    package = root / "fastcompanion"
    return {
        PurePosixPath(path.relative_to(package)).as_posix(): path
        for path in sorted(package.rglob("*.py"))
    }


def complaints(root: Path, *, only: str | None = None) -> list[Complaint]:
    """Find every broken rule in the package under `root`, or in the one module `only`."""
    found: list[Complaint] = []
    for module, path in modules(root).items():
        if only in (None, module):
            found += complaints_of(module, path.read_text(encoding="utf-8"))
    return [one for one in found if (one.module, one.rule) not in EXCEPTIONS]


@cache
def complaints_of(module: str, source: str) -> tuple[Complaint, ...]:
    """Find every broken rule in one module's source."""
    tree = ast.parse(source)
    found = [
        Complaint(module, line, rule.__name__.replace("_", " "), text)
        for rule in RULES
        for line, text in rule(module, tree)
    ]
    lines = source.count("\n")
    if lines > MAX_MODULE:
        found.append(
            Complaint(module, lines, "small modules", f"has {lines} lines (at most {MAX_MODULE})")
        )
    return tuple(found)
