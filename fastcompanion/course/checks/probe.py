"""The judge: source text that runs inside the learner's kernel and says what a section left behind.

It needs the standard library only and uses numpy, pandas or torch when the learner has loaded them.
It changes nothing of the learner's: checks get deep copies, functions run with copied globals,
random states are put back, output is swallowed, iterators are never consumed. As it runs in
environments of another day, it keeps to what Python 3.9 understands.
"""

from __future__ import annotations

import _thread
import ast
import builtins
import contextlib
import copy
import inspect
import linecache
import math
import re
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SNAPSHOT_BYTES = 64_000_000
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
    """Interrupts the main thread when a check takes longer than `seconds`; works on any system."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.fired, self.over = seconds, False, False
        self.lock = threading.Lock()
        self.timer = threading.Timer(seconds, self.fire)
        self.timer.daemon = True
        self.handler: Any = None

    def fire(self) -> None:
        """Interrupt, unless the block has ended."""
        with self.lock:
            if not self.over:
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
            return copy.deepcopy(value, self.memo)
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


def size_of(value: Any, depth: int = 0) -> int:
    """Estimate the bytes of a value from its arrays; small things count as nothing."""
    for attribute in ("nbytes", "_nbytes"):
        number = getattr(value, attribute, None)
        if isinstance(number, int):
            return number
    if depth < 2 and isinstance(value, (list, tuple)):
        return sum(size_of(item, depth + 1) for item in value[:1000])
    if depth < 2 and isinstance(value, dict):
        return sum(size_of(item, depth + 1) for item in list(value.values())[:1000])
    return 0


def span(array: Any) -> str:
    """Write the range of an array's numbers: ", 0 to 16"."""
    try:
        low, high = float(array.min()), float(array.max())
    except Exception:
        return ""
    if math.isnan(low) or math.isnan(high):
        return ", with nan in it"
    return f", {low:.4g} to {high:.4g}"


def describe(value: Any) -> str:
    """Say in a few words what a value is: kind, shape, range."""
    kind = type(value).__name__
    if isinstance(value, types.FunctionType):
        return f"a function {value.__name__}{signature_text(value)}"
    if isinstance(value, type):
        return f"a class {kind if value is type else value.__name__}"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return f"{value} ({kind})"[:80]
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    shape = getattr(value, "shape", None)
    if is_frame(value):
        return f"a table of {value.shape[0]} rows and {value.shape[1]} columns"
    if shape is not None and hasattr(value, "dtype"):
        if len(tuple(shape)) == 0:
            return f"{float(value):.6g} ({value.dtype})" if is_number(value) else f"a {kind}"
        return f"an array of shape {tuple(shape)}, {value.dtype}{span(value)}"
    if isinstance(value, (list, tuple, dict, set)):
        return f"a {kind} of {len(value)} items"
    return f"a {kind}"


def signature_text(function: Any) -> str:
    """Write a function's parameters, "(x, w)"; empty when they can't be known."""
    try:
        return "(" + ", ".join(inspect.signature(function).parameters) + ")"
    except (TypeError, ValueError):
        return ""


def is_number(value: Any) -> bool:
    """Tell whether a value is one real number, a numpy scalar and an array of no dimensions included."""
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return True
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if getattr(value, "shape", None) == () and kind in "fiu":
        return hasattr(value, "__float__")
    return False


def is_array(value: Any) -> bool:
    """Tell whether a value is a numpy array or a tensor with at least one dimension."""
    if isinstance(value, (types.ModuleType, type)) or not hasattr(value, "dtype"):
        return False
    dimensions = getattr(value, "ndim", None)
    return isinstance(dimensions, int) and dimensions > 0 and hasattr(value, "shape")


def is_frame(value: Any) -> bool:
    """Tell whether a value is a pandas table."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_callable(value: Any) -> bool:
    """Tell whether a value is a function of the learner's (not a class, not a module's function)."""
    if isinstance(value, types.FunctionType):
        return value.__module__ in ("__main__", None)
    return callable(value) and not isinstance(value, (type, types.BuiltinFunctionType))


def takes(value: Any, shape: str) -> bool:
    """Tell whether a function can take the arguments that "(a, b) -> c" lists, by position."""
    listed = re.match(r"\s*\w*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", shape)
    if listed is None:
        return True
    text = re.sub(r"\([^()]*\)", "", listed.group(1)).strip()
    count = len([part for part in text.split(",") if part.strip()])
    try:
        inspect.signature(value).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def matches_shape(value: Any, shape: str) -> bool:
    """Tell whether an array has the shape "(10, 64)"; words in it stand for any number."""
    listed = re.match(r"\s*\(([^()]*)\)", shape)
    if listed is None:
        return True
    wanted = [part.strip() for part in listed.group(1).split(",") if part.strip()]
    found = tuple(value.shape)
    if len(wanted) != len(found):
        return False
    return all(not want.isdigit() or int(want) == size for want, size in zip(wanted, found))


def fits(kind: str, shape: str, value: Any) -> bool:
    """Tell whether a value may stand for a checkpoint of this kind and shape."""
    if kind == "function":
        return is_callable(value) and takes(value, shape)
    if kind == "class":
        return isinstance(value, type) and value.__module__ == "__main__"
    if kind == "array":
        return is_array(value) and matches_shape(value, shape)
    if kind == "number":
        return is_number(value)
    if kind == "frame":
        return is_frame(value)
    plain = not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType))
    if kind == "model":
        return plain and (callable(value) or hasattr(value, "predict") or hasattr(value, "forward"))
    return plain and not isinstance(value, type)


def follow(expression: str, names: Mapping[str, Any]) -> Any:
    """Evaluate the right side of `# fc: loss = model.loss[0]`: names, attributes, constant indices."""
    node = ast.parse(expression, mode="eval").body
    return _follow(node, names)


def _follow(node: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_follow(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        return _follow(node.value, names)[ast.literal_eval(node.slice)]
    raise ValueError("only a name, an attribute or an index can stand there")


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
        with untouched():
            self.load()
        bound = [name for name in spec["bound"] if name in self.names]
        bound += [name for name in self.names if name not in self.seen and name not in bound]
        usable = [name for name in bound if name not in SHELL_NAMES and name[:1] != "_"]
        points = [self.point(spec, point, usable) for point in spec["checkpoints"]]
        self.seen |= set(self.names)
        return {"checkpoints": points, "seconds": time.perf_counter() - begun}

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
            }
        return most_telling(failures)

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
        for name in bound:
            value = self.names[name]
            if name == point["name"] or name in self.given:
                continue
            if fits(point["kind"], point["shape"], value):
                found.append(("kind", name, value))
        return found, message

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


def most_telling(failures: list[dict[str, Any]]) -> dict[str, Any]:
    """Choose the failure to report: a known mistake, else name or mapping, else the last candidate."""
    known = [found for found in failures if found.get("mistake")]
    named = [found for found in failures if found["by"] in ("mapping", "name")]
    chosen = (known or named or failures)[-1]
    others = [found["found_name"] for found in failures if found is not chosen]
    return {**chosen, "others": others[:8]}


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
