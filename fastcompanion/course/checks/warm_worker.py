"""A warm process that runs sections and forks at their boundaries; run by the learner's interpreter.

Each boundary is a suspended copy-on-write process: process k holds the state after section k and
waits for orders. To run a changed section k again, process k-1 ends its child and forks a new one.
Orders come as JSON lines on stdin of the root (process 0, which never runs learner code) and are
handed down the chain; answers go to the root's stdout, which all processes share. It needs the
standard library and IPython only, and a system that can fork.
"""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import importlib
import io
import json
import math
import os
import re
import select
import signal
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

KEPT_OUTPUT = 4000
# Places in memory, as `repr` and `id` write them.
ADDRESS = re.compile(r"0x[0-9a-f]{6,}|(?<![\d.])\d{14,15}(?![\d.])")


class TooMuchOutput(BaseException):
    """A section has written more than the limit."""


class AskedForInput(Exception):
    """A cell wants an answer that nobody can give."""


class Meter(io.TextIOBase):
    """Takes the place of stdout: counts and digests what is written, keeps the end of each cell's."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self.limit, self.size, self.hash, self.end = limit, 0, hashlib.sha1(), ""

    def write(self, text: str) -> int:
        """Count a text; more than the limit ends the cell."""
        self.end = (self.end + text)[-KEPT_OUTPUT:]
        return self.count(text)

    def count(self, text: str) -> int:
        """Count a text and forget it."""
        self.size += len(text)
        self.hash.update(ADDRESS.sub("0x", text).encode("utf-8", "replace"))
        if self.size > self.limit:
            raise TooMuchOutput
        return len(text)

    def isatty(self) -> bool:
        """Tell programs that nobody is watching."""
        return False


class Aside(io.TextIOBase):
    """Takes the place of stderr, where warnings and progress go: counted, never kept."""

    encoding = "utf-8"

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def write(self, text: str) -> int:
        """Count a text with those of stdout."""
        return self.meter.count(text)

    def isatty(self) -> bool:
        """Tell programs that nobody is watching."""
        return False


class Answers:
    """The way back to the tool: one JSON line an answer, on a descriptor the learner can't reach."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def send(self, **answer: Any) -> None:
        """Write one answer, whole."""
        data = (json.dumps(answer) + "\n").encode()
        while data:
            data = data[os.write(self.descriptor, data) :]


class Lines:
    """Whole lines from a descriptor, without a buffer that a fork would double."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.rest = descriptor, b""

    def next(self) -> bytes | None:
        """Give a line that is complete, reading once; b"" when there is none yet, None at the end."""
        if b"\n" not in self.rest:
            data = os.read(self.descriptor, 65536)
            if not data:
                return None
            self.rest += data
        if b"\n" not in self.rest:
            return b""
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    @property
    def pending(self) -> bool:
        """Tell whether a line is waiting already."""
        return b"\n" in self.rest


class Place:
    """One process of the chain: its depth, its orders, and the child that holds the next state.

    `held` is the end of a pipe that closes when this process dies, so that the parent sees it.
    """

    def __init__(
        self, depth: int, orders: Lines, answers: Answers, notebook: Notebook, held: int = -1
    ) -> None:
        self.depth, self.orders, self.answers = depth, orders, answers
        self.notebook, self.held, self.child = notebook, held, 0
        self.down = self.alive = -1

    def serve(self) -> None:
        """Follow orders until there are no more (the parent has gone)."""
        while True:
            watched = [self.orders.descriptor] + ([self.alive] if self.child else [])
            ready = [] if self.orders.pending else select.select(watched, [], [])[0]
            if self.child and self.alive in ready:
                self.bury()
                continue
            line = self.orders.next()
            if line is None:
                self.drop()
                return
            if line:
                self.obey(json.loads(line), line)

    def obey(self, order: dict[str, Any], line: bytes) -> None:
        """Carry out an order or hand it down."""
        if order["op"] == "kill":
            if order["pid"] > 0:  # 0 would be this process and all of its group
                with contextlib.suppress(ProcessLookupError):
                    os.kill(order["pid"], signal.SIGKILL)
        elif order["op"] == "trace" and order["depth"] == self.depth:
            self.answers.send(depth=self.depth, trace=self.notebook.trace())
        elif order["op"] == "trace" or order["depth"] > self.depth + 1:
            if self.child:
                os.write(self.down, line + b"\n")
            else:
                self.answers.send(depth=order["depth"], lost=True)
        else:
            self.drop()
            if order["op"] == "run":
                self.branch(order)

    def drop(self) -> None:
        """End the child and what hangs below it: each sees its orders end and ends its own first.

        So every process is waited for by its parent; only a busy one has to be killed.
        """
        if self.child:
            os.close(self.down)
            self.down = -1
            if not select.select([self.alive], [], [], 0.5)[0]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.child, signal.SIGKILL)
            self.release()

    def bury(self) -> None:
        """Report a child that has died by itself."""
        self.answers.send(depth=self.depth + 1, died=self.release())

    def release(self) -> int:
        """Wait for the ended child, close its descriptors and give its status."""
        _, status = os.waitpid(self.child, 0)
        if self.down >= 0:
            os.close(self.down)
        os.close(self.alive)
        self.child, self.down, self.alive = 0, -1, -1
        return status

    def branch(self, order: dict[str, Any]) -> None:
        """Fork: the child runs the section and becomes the next place, the parent stays as it is."""
        orders_read, orders_write = os.pipe()
        alive_read, alive_write = os.pipe()
        child = os.fork()
        if child:
            os.close(orders_read)
            os.close(alive_write)
            self.child, self.down, self.alive = child, orders_write, alive_read
            return
        os.close(orders_write)
        os.close(alive_read)
        self.become(order, Lines(orders_read), alive_write)

    def become(self, order: dict[str, Any], orders: Lines, alive: int) -> None:
        """Go on as the child: never return into the parent's loop."""
        code = 1
        try:
            if self.held >= 0:
                os.close(self.held)
            os.close(self.orders.descriptor)
            self.answers.send(depth=order["depth"], pid=os.getpid())
            self.notebook.run(order, self.answers)
            Place(order["depth"], orders, self.answers, self.notebook, alive).serve()
            code = 0
        finally:
            os._exit(code)


class Notebook:
    """The learner's namespace in an IPython shell, with the judge beside it."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.shell = make_shell()
        self.judge_module = types.ModuleType("_fastcompanion_judge")
        sys.modules["_fastcompanion_judge"] = self.judge_module
        exec(compile(start["judge"], "<judge>", "exec"), self.judge_module.__dict__)
        self.names: dict[str, Any] = self.shell.user_ns
        self.judge = self.judge_module.Judge(
            self.names, start["checks"], start["origin"], start["seconds"]
        )
        self.observer = self.judge_module.Observer(self.names)
        self.limit = int(start["output_bytes"])
        self.meter = Meter(self.limit)
        self.warm_up(start.get("imports", ()))

    def warm_up(self, modules: list[str]) -> None:
        """Load what sections will import; what can't be loaded is left to the section that wants it."""
        for name in modules:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                importlib.import_module(name)

    def run(self, order: dict[str, Any], answers: Answers) -> None:
        """Run one section's cells and judge it; the outcome is one answer."""
        begun, meter = time.perf_counter(), Meter(self.limit)
        self.meter = meter
        outcome: dict[str, Any] = {"id": order["id"], "status": "ok", "cell": None, "judged": None}
        observe, printed = order.get("observe"), []
        self.observer.enter()
        for cell in order["cells"]:
            answers.send(depth=order["depth"], cell=cell["index"])
            meter.end = ""
            with at_most(order.get("cpu")):
                failed = self.cell(cell, meter, observe)
            printed.append([cell["index"], meter.end])
            if failed:
                outcome.update(failed, cell=cell["index"])
                break
        if observe is not None and outcome["status"] != "ok" and observe.get("whole"):
            observe = None
        # After an error as well: what exists already may show a known mistake behind it.
        if outcome["status"] in ("ok", "error") and (order.get("spec") or observe is not None):
            answers.send(depth=order["depth"], cell=-1)
            if order.get("spec"):
                outcome["judged"] = self.judge.section(order["spec"])["checkpoints"]
            if observe is not None:
                outcome["observed"] = self.observer.section(observe, printed=printed)
        if order.get("trace"):
            outcome["trace"] = self.trace()
        answers.send(depth=order["depth"], outcome=outcome, seconds=time.perf_counter() - begun)

    def trace(self) -> str:
        """Digest all values as they are now, and what the last section printed."""
        return trace(self.names) + self.meter.hash.hexdigest()

    def cell(
        self, cell: dict[str, Any], meter: Meter, observe: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Run one cell; give what went wrong, or None."""
        try:
            if observe is not None:
                self.observer.begin(observe)
            with contextlib.redirect_stdout(meter), contextlib.redirect_stderr(Aside(meter)):
                result = self.shell.run_cell(cell["source"], store_history=True)
            error = result.error_before_exec or result.error_in_exec
            if observe is not None and error is None:
                self.observer.show(cell["index"], result.result)
        except TooMuchOutput as raised:
            error = raised
        if error is None or "raises-exception" in cell.get("tags", ()):
            self.judge.keep(cell.get("given", []))
            return None
        return {
            "status": status_of(error, meter),
            "error_name": type(error).__name__,
            "error_value": self.judge_module.told(error),
            "blame": self.judge_module.blame(self.names),
        }


@contextlib.contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Let the system end this process when it computes for longer; a busy machine makes no difference."""
    if seconds is None:
        yield
        return
    resource = importlib.import_module("resource")  # not on Windows, where this is never run
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def status_of(error: BaseException, meter: Meter) -> str:
    """Name what ended a cell, in the words of base/kernel.py."""
    if meter.size > meter.limit:
        return "too-much-output"
    if isinstance(error, AskedForInput):
        return "asked-for-input"
    return "exited" if isinstance(error, SystemExit) else "error"


def make_shell() -> Any:
    """Make an IPython shell without history, colours or questions."""
    from IPython import version_info
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        """Shows results beside stdout, as a kernel does."""

        def __call__(self, result: Any = None) -> None:
            with contextlib.redirect_stdout(sys.stderr):
                super().__call__(result)  # type: ignore[no-untyped-call]

    class Publisher(DisplayPublisher):
        """Publishes beside stdout, as a kernel does."""

        def publish(self, *data: Any, **words: Any) -> None:
            with contextlib.redirect_stdout(sys.stderr):
                super().publish(*data, **words)

    class Shell(InteractiveShell):
        """A shell that keeps to its own environment, as a kernel does."""

        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def enable_gui(self, gui: str | None = None) -> None:
            """Do nothing (`%matplotlib inline` asks for it): there is no window here."""

        def init_virtualenv(self) -> None:
            """Do nothing: an activated environment (VIRTUAL_ENV) may be another one than ours."""

    config = Config()
    config.HistoryManager.enabled = False
    # IPython 9 changed the spelling.
    config.InteractiveShell.colors = "NoColor" if version_info[0] < 9 else "nocolor"
    shell = Shell.instance(config=config)
    shell.InteractiveTB.set_mode(mode="Minimal")
    # Nobody looks at pictures and tables here: drawing them can take longer than the cell itself.
    if shell.display_formatter is not None:
        shell.display_formatter.active_types = ["text/plain"]
        shell.display_formatter.mimebundle_formatter.enabled = False
    builtins.input = refuse
    return shell


def refuse(*question: object) -> str:
    """Take the place of input()."""
    raise AskedForInput(str(question[0]) if question else "")


def digest(value: Any, depth: int = 0) -> str:
    """Give a text that is equal for equal values; what can't be told apart counts as equal."""
    try:
        return digest_inside(value, depth)
    except Exception:  # objects that answer to every name (fastcore's Self) are no arrays
        return type(value).__name__


def digest_inside(value: Any, depth: int) -> str:
    """Digest a value by its kind; may raise what the value raises."""
    kind = type(value).__name__
    if isinstance(value, (types.FunctionType, types.ModuleType, type, types.BuiltinFunctionType)):
        return kind
    if isinstance(value, (bool, int, float)):
        return number_digest(value)
    if isinstance(value, str):
        return ADDRESS.sub("0x", repr(value))
    if value is None or isinstance(value, (complex, bytes)):
        return repr(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return array_digest(value)
    if depth > 3:
        return kind
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(digest(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        items = (f"{digest(key, 3)}:{digest(item, depth + 1)}" for key, item in value.items())
        return "{" + ",".join(items) + "}"
    if hasattr(value, "to_csv"):
        return str(value.to_csv())
    inner = getattr(value, "__dict__", None)
    return kind + (digest(dict(inner), depth + 1) if inner else "")


def number_digest(value: Any) -> str:
    """Write a number: True is 1 and 2.0 is 2, as for the checks, and the seventh digit is rounding."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.6g}"
    return str(int(value))


def array_digest(value: Any) -> str:
    """Digest an array or a tensor by its numbers, whatever their type."""
    plain = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    if not hasattr(plain, "tobytes") or plain.dtype.kind == "O":
        return str(plain)
    if plain.shape == () and plain.dtype.kind in "biuf":
        return number_digest(plain.item())
    if plain.dtype.kind in "biuf":
        plain = leveled(plain)
    return f"{plain.shape}{hashlib.sha1(plain.tobytes()).hexdigest()}"


def leveled(array: Any) -> Any:
    """Bring truth values, whole numbers and floats of any size to one type, without their last digits."""
    if array.dtype.kind != "f":
        return array.astype("int64")
    with contextlib.suppress(ValueError):
        if (abs(array) < 2**53).all() and (array == array.round()).all():
            return array.astype("int64")
    # A float32 has 24 binary digits: the last four of them are rounding.
    return ((array.astype("float32").view("int32") + 8) >> 4) << 4


def trace(names: dict[str, Any]) -> str:
    """Digest every value of a namespace, to tell whether two runs did the same."""
    kept = {name: names[name] for name in sorted(names) if name[:1] != "_"}
    for name in ("In", "Out", "exit", "quit", "get_ipython", "open"):
        kept.pop(name, None)
    return hashlib.sha1(digest(kept).encode("utf-8", "replace")).hexdigest()


def main() -> None:
    """Start as the root of the chain: private descriptors, one shell, then orders."""
    answers, orders = Answers(os.dup(1)), Lines(os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    line: bytes | None = b""
    while line == b"":
        line = orders.next()
    if line is None:
        return
    notebook = Notebook(json.loads(line))
    # Until here an error of the start could be told.
    os.dup2(nothing, 2)
    answers.send(ready=True, pid=os.getpid())
    Place(0, orders, answers, notebook).serve()
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
