"""The judge: source text that runs inside the learner's kernel and says what a section left behind.

It needs the standard library only and uses numpy, pandas or torch when the learner has loaded them.
It changes nothing of the learner's: checks get deep copies, functions run with copied globals,
random states are put back, output is swallowed, iterators are never consumed. As it runs in
environments of another day, it keeps to what Python 3.9 understands.
"""

from __future__ import annotations

import _thread
import builtins
import contextlib
import copy
import difflib
import linecache
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastcompanion.course.recorded.values import (
    describe,
    differs,
    fits,
    follow,
    glance,
    size_of,
)

SNAPSHOT_BYTES = 64_000_000
SHORT_WAIT = 0.02
SHELL_NAMES = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
NOT_DATA = (types.ModuleType, type, types.BuiltinFunctionType)


class Wrong(Exception):
    """Raised by a check: what was expected and what was found; `mistake` names a known one."""

    def __init__(self, message: str = "", mistake: str = "") -> None:
        super().__init__(message)
        self.message, self.mistake = str(message), str(mistake)


class Missing(KeyError):
    """A check asked for a checkpoint that has not passed."""


class Unfit(Exception):
    """A value that can't be handed to a check without harm."""


class Sink:
    """A stream that forgets what is written to it."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Take a text and forget it."""
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held."""

    def isatty(self) -> bool:
        """Tell programs that nobody is watching."""
        return False


class Limit:
    """Interrupts the main thread when a check takes longer than `seconds`; works on any system.

    With `patience` it goes by the seconds that were computed, and waits so long where other programs
    keep the machine busy.
    """

    def __init__(self, seconds: float, patience: float = 0.0) -> None:
        self.seconds, self.fired, self.over = seconds, False, False
        self.lock = threading.Lock()
        self.timer = self.after(seconds)
        self.until = time.monotonic() + patience
        self.computed = time.process_time()
        self.handler: Any = None

    def after(self, seconds: float) -> threading.Timer:
        """Make a timer that fires."""
        timer = threading.Timer(seconds, self.fire)
        timer.daemon = True
        return timer

    def fire(self) -> None:
        """Interrupt, unless the block has ended or may wait."""
        with self.lock:
            left = self.seconds - (time.process_time() - self.computed)
            if not self.over and left > 0 and time.monotonic() < self.until:
                self.timer = self.after(max(left, SHORT_WAIT))
                self.timer.start()
            elif not self.over:
                self.fired = True
                _thread.interrupt_main()

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self.handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.timer.start()

    def __exit__(self, *exc: object) -> None:
        with self.lock:
            self.over = True
        self.timer.cancel()
        if self.fired:
            # The interrupt may still be on its way: let it land here, not in the learner's code.
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(0.01)
        self.timer.join()
        if self.handler is not None:
            signal.signal(signal.SIGINT, self.handler)


def random_states() -> list[tuple[Callable[[Any], Any], Any]]:
    """Take the state of every global random generator, each with the function that puts it back."""
    states: list[tuple[Callable[[Any], Any], Any]] = []
    plain = sys.modules.get("random")
    if plain is not None:
        states.append((plain.setstate, plain.getstate()))
    numeric = sys.modules.get("numpy.random")
    if numeric is not None:
        states.append((numeric.set_state, numeric.get_state()))
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        states.append((torch.set_rng_state, torch.get_rng_state()))
        if hasattr(torch, "cuda") and torch.cuda.is_initialized():
            states.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return states


def open_figures() -> set[int]:
    """Number the figures that matplotlib holds open."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot is not None else set()


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """Put back random states, output streams and figures at the end of the block."""
    states, figures, sink = random_states(), open_figures(), Sink()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                yield
    finally:
        for put_back, state in states:
            put_back(state)
        for number in open_figures() - figures:
            sys.modules["matplotlib.pyplot"].close(number)


def code_names(code: types.CodeType) -> set[str]:
    """Collect the global names (and attributes) that a function's code mentions."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= code_names(constant)
    return names


def is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor or a parameter, of no class of its own."""
    torch = sys.modules.get("torch")
    return torch is not None and type(value) in (torch.Tensor, torch.nn.Parameter)


def copied_tensor(value: Any) -> Any:
    """Copy a tensor; one that was computed becomes a leaf, so that nothing leads back to the real ones."""
    twin = value.detach().clone()
    if type(value) is not sys.modules["torch"].Tensor:
        return type(value)(twin, requires_grad=value.requires_grad)
    return twin.requires_grad_(value.requires_grad)


def with_gradients(value: Any, twin: Any) -> Any:
    """Copy the gradients that copying a tensor or a model leaves behind."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, (torch.Tensor, torch.nn.Module)):
        return twin
    whole = isinstance(value, torch.nn.Module)
    pairs = zip(value.parameters(), twin.parameters()) if whole else [(value, twin)]
    for one, other in pairs:
        if one.is_leaf and one.grad is not None:
            other.grad = one.grad.detach().clone()
    return twin


class Isolation:
    """Copies of the learner's values that may be changed freely; one copy per value."""

    def __init__(self, outer: dict[str, Any]) -> None:
        self.outer = outer
        self.inner: dict[str, Any] = {"__builtins__": builtins, "__name__": "__main__"}
        self.memo: dict[int, Any] = {}
        self.functions: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Copy a value; an iterator that can't be copied is unfit, other such things are kept."""
        if isinstance(value, types.FunctionType):
            return self.function(value)
        if isinstance(value, NOT_DATA):
            return value
        if id(value) in self.memo:
            return self.memo[id(value)]
        if type(value) is tuple:
            return tuple(self.of(item) for item in value)
        if type(value) in (list, dict):
            return self.container(value)
        try:
            twin = copied_tensor(value) if is_tensor(value) else copy.deepcopy(value, self.memo)
            self.memo[id(value)] = twin
            return with_gradients(value, twin)
        except Exception as error:
            if hasattr(value, "__next__"):
                raise Unfit("is an iterator, which looking at it would use up") from error
            return value

    def container(self, value: Any) -> Any:
        """Copy a list or a dictionary by its items, as functions among them have to be rebuilt."""
        twin = self.memo[id(value)] = type(value)()
        if isinstance(value, list):
            twin.extend(self.of(item) for item in value)
        else:
            twin.update((key, self.of(item)) for key, item in value.items())
        return twin

    def function(self, value: types.FunctionType) -> Any:
        """Rebuild a function of the notebook on copied globals, so that it can't change the real ones."""
        if value.__globals__ is not self.outer:
            return value
        if id(value) in self.functions:
            return self.functions[id(value)]
        cells = tuple(types.CellType() for _ in value.__closure__ or ())
        twin = types.FunctionType(value.__code__, self.inner, value.__name__, None, cells or None)
        self.functions[id(value)] = twin
        twin.__defaults__ = self.of(value.__defaults__)
        twin.__kwdefaults__ = self.of(value.__kwdefaults__)
        twin.__doc__ = value.__doc__
        for cell, original in zip(cells, value.__closure__ or ()):
            with contextlib.suppress(ValueError, Unfit):
                cell.cell_contents = self.of(original.cell_contents)
        for name in code_names(value.__code__):
            if name in self.outer and name not in self.inner:
                with contextlib.suppress(Unfit):
                    self.inner[name] = self.of(self.outer[name])
        return twin


class Known(Mapping[str, Any]):
    """What a check may rely on: passed checkpoints and given names, a fresh copy at each access."""

    def __init__(self, judge: Judge, isolation: Isolation) -> None:
        self.judge, self.isolation = judge, isolation

    def __getitem__(self, name: str) -> Any:
        for place in (self.judge.resolved, self.judge.given):
            if name in place:
                return self.isolation.of(place[name])
        raise Missing(name)

    def __iter__(self) -> Iterator[str]:
        return iter({**self.judge.given, **self.judge.resolved})

    def __len__(self) -> int:
        return len({**self.judge.given, **self.judge.resolved})


class Judge:
    """Holds the checks of one lesson and judges section after section in a live namespace."""

    def __init__(
        self, names: dict[str, Any], source: str, origin: str, seconds: float = 10
    ) -> None:
        self.names, self.source, self.origin, self.seconds = names, source, origin, seconds
        self.checks: dict[tuple[str, str], Any] | None = None
        self.resolved: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.seen = set(names)

    def keep(self, given: list[str]) -> None:
        """Keep what a given cell has bound as it is now, before the learner's code changes it."""
        isolation = Isolation(self.names)
        for name in given:
            if name in self.names and not isinstance(self.names[name], types.ModuleType):
                self.given[name] = self.snapshot(self.names[name], isolation)
        self.seen |= set(self.names)

    def snapshot(self, value: Any, isolation: Isolation) -> Any:
        """Copy a value unless it is a function or too big."""
        if isinstance(value, types.FunctionType) or size_of(value) > SNAPSHOT_BYTES:
            return value
        try:
            return isolation.of(value)
        except Unfit:
            return value

    def load(self) -> dict[tuple[str, str], Any]:
        """Run the lesson's checks file once, in a namespace of its own."""
        if self.checks is None:
            self.checks = {}
            code = compile(self.source, self.origin, "exec")
            exec(code, {"__name__": "checks", "checkpoint": self.checkpoint, "Wrong": Wrong})
        return self.checks

    def checkpoint(self, section: str, name: str) -> Callable[[Any], Any]:
        """Register a check: the decorator that checks files use."""

        def register(check: Any) -> Any:
            assert self.checks is not None
            self.checks[section, name] = check
            return check

        return register

    def section(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Judge one section's checkpoints; the answer can be written as JSON."""
        begun = time.perf_counter()
        if spec.get("look"):
            points = [self.look(spec, point) for point in spec["checkpoints"]]
            return {"checkpoints": points, "seconds": time.perf_counter() - begun}
        with untouched():
            self.load()
        bound = [name for name in spec["bound"] if name in self.names]
        bound += [name for name in self.names if name not in self.seen and name not in bound]
        usable = [name for name in bound if name not in SHELL_NAMES and name[:1] != "_"]
        points = [self.point(spec, point, usable) for point in spec["checkpoints"]]
        self.seen |= set(self.names)
        return {"checkpoints": points, "seconds": time.perf_counter() - begun}

    def look(self, spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, Any]:
        """Say whether something that was promised is there, and what it is; nothing is called."""
        name = spec["mapping"].get(point["name"]) or point["name"]
        told = {"name": point["name"], "found_name": name}
        try:
            value = follow(name, self.names)
        except Exception:
            return {**told, "state": "absent", "found_name": ""}
        try:
            other = differs(point["kind"], point["shape"], value)
            return {**told, "state": "differs" if other else "there",
                    "found": glance(value), "message": other}  # fmt: skip
        except Exception:
            return {**told, "state": "there", "found": f"({type(value).__name__})", "message": ""}

    def point(
        self, spec: Mapping[str, Any], point: Mapping[str, Any], bound: list[str]
    ) -> dict[str, Any]:
        """Judge one checkpoint by its candidates; the first that passes wins."""
        check = self.load().get((spec["id"], point["name"]))
        if check is None:
            return {
                "name": point["name"],
                "state": "unchecked",
                "message": "no check is written for it",
            }
        failures = []
        tried, message = self.candidates(spec, point, bound)
        for how, name, value in tried:
            found = self.attempt(check, value)
            found.update(name=point["name"], by=how, found_name=name, found=describe(value))
            if found["state"] == "passed":
                self.resolved[point["name"]] = self.snapshot(value, Isolation(self.names))
                return found
            failures.append(found)
            if found["state"] == "slow":
                break
        if not failures:
            return {
                "name": point["name"],
                "state": "missing",
                "message": message,
                "bound": bound[:12],
                "near": self.near(point, bound),
            }
        return most_telling(failures, point["name"])

    def near(self, point: Mapping[str, Any], bound: list[str]) -> str:
        """Name what has the right kind and another shape: "`x`, a list of 3 items"."""
        for name in bound:
            value = self.names[name]
            if name not in self.given and fits(point["kind"], "", value):
                return f"`{name}`, {describe(value)}"
        return ""

    def candidates(
        self, spec: Mapping[str, Any], point: Mapping[str, Any], bound: list[str]
    ) -> tuple[list[tuple[str, str, Any]], str]:
        """List what may stand for a checkpoint: its own name, the learner's mapping, then by kind.

        The second value says what is wrong with the mapping, "" if nothing is.
        """
        found, message = [], ""
        if point["name"] in self.names:
            found.append(("name", point["name"], self.names[point["name"]]))
        expression = spec["mapping"].get(point["name"])
        if expression:
            try:
                found.append(("mapping", expression, follow(expression, self.names)))
            except Exception as error:
                line = f"# fc: {point['name']} = {expression}"
                message = f"the line `{line}` can't be followed ({told(error)})"
        for name in self.preferred(spec, bound):
            value = self.names[name]
            if name == point["name"] or name in self.given:
                continue
            if fits(point["kind"], point["shape"], value):
                found.append(("kind", name, value))
        return found, message

    def preferred(self, spec: Mapping[str, Any], bound: list[str]) -> list[str]:
        """Leave out loop variables, and put what is bound at the top of a cell last.

        The last candidate is the one that a failure speaks of.
        """
        loops, top = spec.get("loops", ()), spec.get("top", ())
        return sorted((name for name in bound if name not in loops), key=lambda name: name in top)

    def attempt(self, check: Any, value: Any) -> dict[str, Any]:
        """Try a check on a copy of one candidate."""
        isolation, limit = Isolation(self.names), Limit(self.seconds)
        try:
            with untouched(), limit:
                check(isolation.of(value), Known(self, isolation))
        except Wrong as wrong:
            return {"state": "wrong", "message": wrong.message, "mistake": wrong.mistake}
        except Missing as missing:
            return {"state": "needs", "message": str(missing.args[0])}
        except Unfit as unfit:
            return {"state": "wrong", "message": str(unfit), "mistake": ""}
        except BaseException as error:
            if limit.fired:
                return {"state": "slow", "message": f"took longer than {self.seconds:g} s"}
            if isinstance(error, KeyboardInterrupt):
                raise
            return {
                "state": "raised",
                "message": told(error),
                "line": learner_line(error, isolation),
            }
        return {"state": "passed", "message": ""}


def most_telling(failures: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Choose the failure to report: a known mistake, else name or mapping, else the nearest name."""
    named = [found for found in failures if found["by"] in ("mapping", "name")]
    if named:
        chosen = ([found for found in named if found.get("mistake")] or named)[-1]
    else:
        among = [found for found in failures if found.get("mistake")] or failures
        chosen = max(reversed(among), key=lambda found: alike(found["found_name"], name))
    others = [found["found_name"] for found in failures if found is not chosen]
    return {**chosen, "others": others[:8]}


def alike(one: str, other: str) -> float:
    """Say how much two names have in common, from 0 to 1."""
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()


def told(error: BaseException) -> str:
    """Write an exception in one short line."""
    try:
        text = " ".join(str(error).split())[:200]
    except Exception as inner:
        text = type(inner).__name__
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def learner_line(error: BaseException, isolation: Isolation) -> str:
    """Give the last line of the learner's own code on the way to an error."""
    line, step = "", error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals is isolation.inner:
            line = (
                linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip() or line
            )
        step = step.tb_next
    return line


def blame(names: Mapping[str, Any]) -> dict[str, Any]:
    """Find the learner's own line that the last uncaught error came from, in the cell and deeper."""
    error = getattr(sys, "last_value", None)
    if isinstance(error, SyntaxError):
        return {"line": error.lineno, "text": (error.text or "").strip(), "deeper": ""}
    lines, step = [], getattr(sys, "last_traceback", None)
    while step is not None:
        if step.tb_frame.f_globals is names:
            source = linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip()
            lines.append((step.tb_lineno, source, step.tb_frame.f_code.co_name))
        step = step.tb_next
    if not lines:
        return {"line": None, "text": "", "deeper": ""}
    number, text, _ = lines[0]
    _, inner, function = lines[-1]
    return {
        "line": number,
        "text": text,
        "deeper": f"{inner} (in {function})" if len(lines) > 1 else "",
    }
