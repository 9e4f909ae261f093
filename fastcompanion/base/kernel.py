"""Running notebooks' cells in the learner's interpreter: the only user of Jupyter's client.

A kernel runs in a process group of its own and is gone, with everything that its cells started,
however we end: normally, by an error, by Ctrl-C, SIGTERM, SIGHUP, or killed outright. It needs
ipykernel in the learner's environment and no installed kernelspec. Messages go over sockets in a
private folder; over TCP on the loopback interface where there are none (Windows).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Any, Literal, Self, cast

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.asking import answer, question
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.outputs import CellOutputs, Output, plain
from fastcompanion.base.records import frozen
from fastcompanion.base.watchdog import MARKER, Guard, Interruptions, LastWords, kill_all

Status = Literal[
    "ok",
    "error",
    "timeout",
    "died",
    "too-much-output",
    "asked-for-input",
    "exited",
    "not-run",
]
_POSIX = os.name == "posix"
_START_SECONDS = 120.0
_GRACE_SECONDS = 5.0
_POLITE_SECONDS = 2.0
_IDLE_SECONDS = 4.0
_POLL_SECONDS = 0.1
_PYTHON_KERNEL = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
_OPTIONS = ("--HistoryManager.hist_file=:memory:",)
_SPARE_BYTES = 16_000_000
_SOCKET_PATH = 80
_TEXT = 10_000


@frozen
class Interpreter:
    """What starts a kernel: an interpreter, or a kernelspec's whole command.

    `argv` without "{connection_file}" is a Python that has ipykernel. `env` is added to ours.
    """

    argv: tuple[str, ...]
    label: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    interrupt_mode: str = "signal"


OWN = Interpreter((sys.executable,), "fastcompanion's own Python")


@frozen
class Limits:
    """Budgets of a run: seconds of one cell, seconds of all, megabytes put out by one cell."""

    cell_seconds: float = 600.0
    total_seconds: float = 1800.0
    output_mb: float = 20.0


@frozen
class CellResult:
    """How one cell ended. Texts are plain; `outputs` are as a notebook stores them."""

    index: int
    status: Status
    error_name: str = ""
    error_value: str = ""
    traceback: tuple[str, ...] = ()
    outputs: tuple[Output, ...] = ()
    seconds: float = 0.0
    execution_count: int | None = None


def kernelspec(name: str) -> Interpreter | None:
    """Find an installed kernelspec by its name (what `jupyter kernelspec list` shows)."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return None
    argv = tuple(part.replace("{resource_dir}", spec.resource_dir) for part in spec.argv)
    env = {key: Template(text).safe_substitute(os.environ) for key, text in spec.env.items()}
    return Interpreter(argv, spec.display_name or name, env, spec.interrupt_mode)


def kernelspecs() -> dict[str, Interpreter]:
    """Give every installed kernelspec by name; a broken one is left out."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = {name: kernelspec(name) for name in sorted(KernelSpecManager().find_kernel_specs())}
    return {name: interpreter for name, interpreter in found.items() if interpreter}


class Kernel:
    """One kernel of the learner's, from the start of a `with` block to its end.

    `run` never raises for what a cell does: every way to end is a status. When the kernel is gone
    (`alive` is False), cells are "not-run" until `restart`. Ctrl-C, SIGTERM and SIGHUP raise
    KeyboardInterrupt in the block. Use from one thread; `interrupt` may come from any.
    """

    def __init__(self, interpreter: Interpreter, cwd: Path, limits: Limits | None = None) -> None:
        self.interpreter = interpreter
        self.cwd = cwd
        self.limits = limits or Limits()
        self.spent = 0.0
        self._signals = Interruptions()
        self._live: _Live | None = None

    def __enter__(self) -> Self:
        """Start the kernel; one that can't be started is exit 5."""
        self._signals.install()
        try:
            self._start()
        except BaseException:
            self._signals.restore()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the kernel and all it started: politely when all is well, else at once."""
        try:
            self._stop(politely=kind is None)
        finally:
            self._signals.restore()

    @property
    def alive(self) -> bool:
        """Whether a cell could run now."""
        return self._live is not None and self._live.exit_code() is None

    def restart(self) -> None:
        """Start afresh: a new process, nothing remembered, the whole time budget again."""
        self._stop(politely=False)
        self.spent = 0.0
        self._start()

    def interrupt(self) -> None:
        """Stop the running cell as Ctrl-C in a notebook does."""
        if self._live is not None:
            self._live.interrupt()

    def run(
        self, source: str, index: int = 0, on_output: Callable[[Output], None] | None = None
    ) -> CellResult:
        """Run one cell within the budgets; `on_output` gets each new output as it comes."""
        if not source.strip() and self.alive:
            return CellResult(index, "ok")
        left = self.limits.total_seconds - self.spent
        if self._live is None or not self.alive or left <= 0:
            return CellResult(index, "not-run")
        outputs = CellOutputs(self._live.displays, int(self.limits.output_mb * 1e6), on_output)
        begun = clock.monotonic()
        try:
            ending = self._live.execute(source, outputs, min(self.limits.cell_seconds, left))
        finally:
            seconds = clock.monotonic() - begun
            self.spent += seconds
        result = _result(index, ending, outputs, seconds, self._why(ending, left))
        if ending.gone:
            self._stop(politely=False)
        return result

    def ask(self, code: str, *, seconds: float = 60.0) -> Any:
        """Run code beside the learner's and give its last expression's value (JSON) back.

        The code sees the learner's names, but names it binds, what it prints and the random
        numbers it draws leave no trace; history, `_` and `Out` stay as they were.
        """
        if self._live is None or not self.alive:
            raise CompanionError("the kernel has ended", code=Exit.MISSING)
        quiet = CellOutputs({}, int(self.limits.output_mb * 1e6))
        ending = self._live.execute("", quiet, seconds, question(code))
        if ending.gone:
            self._stop(politely=False)
        if ending.reply is None:
            raise CompanionError(f"the kernel gave no answer ({ending.how})", code=Exit.MISSING)
        return answer(ending.reply)

    def _start(self) -> None:
        with self._signals.deferred():
            self._live = _Live(self.interpreter, self.cwd, self.limits)
        try:
            self._live.wait_until_ready()
        except BaseException:
            self._stop(politely=False)
            raise

    def _stop(self, *, politely: bool) -> None:
        with self._signals.deferred():
            live, self._live = self._live, None
            if live is not None:
                live.close(politely=politely)

    def _why(self, ending: _Ending, left: float) -> tuple[str, str]:
        if ending.how == "timeout":
            if left < self.limits.cell_seconds:
                return "Timeout", f"the run used up its {self.limits.total_seconds:g} s"
            return "Timeout", f"the cell took longer than {self.limits.cell_seconds:g} s"
        if ending.how == "too-much-output":
            return "TooMuchOutput", f"the cell put out more than {self.limits.output_mb:g} MB"
        if ending.how == "died":
            return "KernelDied", _cause_of_death(ending.exit_code)
        return "", ""


_How = Literal["answered", "timeout", "too-much-output", "died"]


@dataclass
class _Ending:
    """How a request ended; `gone` when the kernel can't run another."""

    how: _How = "answered"
    reply: Mapping[str, Any] | None = None
    gone: bool = False
    exit_code: int | None = None
    last_words: str = ""


class _Live:
    """A started kernel process with its sockets."""

    def __init__(self, interpreter: Interpreter, cwd: Path, limits: Limits) -> None:
        self.displays: dict[str, list[Output]] = {}
        self._interpreter = interpreter
        self._mark = clock.new_id()
        self._closing = ExitStack()
        try:
            self._folder = _runtime_folder()
            self._closing.callback(store.remove, self._folder)
            self._words = LastWords()
            self._closing.callback(self._words.close)
            self._launch(cwd)
            self._connect(int(limits.output_mb * 1e6) + _SPARE_BYTES)
        except BaseException:
            self._closing.close()
            raise

    def _launch(self, cwd: Path) -> None:
        from jupyter_client.manager import KernelManager

        self._manager = manager = KernelManager(
            kernel_name="learner",
            kernel_spec_manager=_specs(self._interpreter),
            connection_file=str(self._folder / "k.json"),
            **_transport(self._folder),
        )
        try:
            manager.start_kernel(
                cwd=str(cwd),
                env=_environment(self._interpreter, self._mark),
                stdout=self._words.writer,
                stderr=self._words.writer,
            )
        except OSError as error:
            raise self._unstartable(error.strerror or str(error)) from None
        self._closing.callback(manager.cleanup_resources)
        # The process belongs to the provisioner, whose type does not know it.
        self._process = cast("Any", manager.provisioner).process
        self.pid = int(self._process.pid)
        with ExitStack() as unguarded:
            unguarded.callback(kill_all, self._process, self._mark)
            self._closing.callback(Guard(self.pid, self._mark, self._folder).dismiss)
            self._closing.push(unguarded.pop_all())

    def _connect(self, largest: int) -> None:
        import zmq
        from jupyter_client.blocking.client import BlockingKernelClient

        context = zmq.Context()
        # A larger message makes zmq close the connection instead of filling our memory.
        context.setsockopt(zmq.MAXMSGSIZE, largest)
        context.setsockopt(zmq.RECONNECT_IVL, 20)
        self._closing.callback(context.destroy, linger=0)
        self._client = BlockingKernelClient(context=context)
        self._client.load_connection_info(self._manager.get_connection_info())
        self._client.start_channels(stdin=False, hb=False)
        self._shell = self._client.shell_channel.socket
        self._iopub = self._client.iopub_channel.socket
        channels = (self._shell, self._iopub)
        self._monitors = {one.get_monitor_socket(zmq.EVENT_DISCONNECTED): one for one in channels}
        self._poller = zmq.Poller()
        for watched in (*channels, *self._monitors):
            self._poller.register(watched, zmq.POLLIN)

    def exit_code(self) -> int | None:
        """Give the process's exit code (negative: signal), None while it runs."""
        return cast("int | None", self._process.poll())

    def wait_until_ready(self) -> None:
        """Wait until the kernel answers and its outputs are heard."""
        deadline = clock.monotonic() + _START_SECONDS
        self.idle = False
        while not self.idle:
            request = self._client.kernel_info()
            ending = self._follow(request, CellOutputs({}, _SPARE_BYTES), deadline, patience=0.3)
            if ending.how == "died":
                raise self._unstartable(_said(ending.last_words) or "it ended at once")
            if ending.how == "timeout":
                raise self._unstartable(f"no answer within {_START_SECONDS:g} s")

    def _unstartable(self, reason: str) -> CompanionError:
        label = self._interpreter.label or self._interpreter.argv[0]
        return CompanionError(
            f"the kernel of {label} can't be started: {reason}",
            hint="fastcompanion env create",
            code=Exit.MISSING,
        )

    def execute(
        self,
        source: str,
        outputs: CellOutputs,
        seconds: float,
        asked: Mapping[str, str] | None = None,
    ) -> _Ending:
        """Run code and follow it to its end, which is enforced."""
        request = self._client.execute(
            source,
            silent=asked is not None,
            store_history=asked is None,
            user_expressions=dict(asked or {}),
            allow_stdin=False,
            stop_on_error=False,
        )
        ending = self._follow(request, outputs, clock.monotonic() + seconds)
        if ending.how in ("timeout", "too-much-output"):
            ending.gone = not self._calm_down()
        elif ending.reply is not None and _asks_to_exit(ending.reply):
            ending.gone = True
        return ending

    def _follow(
        self,
        request: str,
        outputs: CellOutputs,
        deadline: float,
        patience: float = _IDLE_SECONDS,
        *,
        calming: bool = False,
    ) -> _Ending:
        """Read messages until the request is answered and its outputs are complete.

        `patience` is how long to wait for outputs after the answer; `calming` ignores that
        connections break, as they do while a flood of output ebbs away.
        """
        ending = _Ending()
        self.idle = False
        last_look = answered_at = 0.0
        while ending.reply is None or not self.idle:
            ready = self._ready(_POLL_SECONDS)
            if self._iopub in ready:
                self._hear(request, outputs)
            if self._shell in ready and (reply := self._reply(request)):
                ending.reply, answered_at = reply, clock.monotonic()
            now = clock.monotonic()
            if (self._lost(ready) and not calming) or outputs.too_much:
                return self._stopped(ending, "too-much-output")
            if now >= deadline and ending.reply is None:
                return self._stopped(ending, "timeout")
            if ending.reply is not None and now - answered_at > patience:
                break
            if not ready and self.exit_code() is not None:
                if last_look:
                    return self._stopped(ending, "died")
                last_look = now
        return ending

    def _ready(self, seconds: float) -> set[Any]:
        return {found for found, _ in self._poller.poll(int(seconds * 1000))}

    def _hear(self, request: str, outputs: CellOutputs) -> None:
        message = self._receive(self._iopub)
        if message["parent_header"].get("msg_id") != request:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            self.idle = content["execution_state"] == "idle"
        else:
            outputs.take(kind, content)

    def _reply(self, request: str) -> Mapping[str, Any] | None:
        message = self._receive(self._shell)
        mine = message["parent_header"].get("msg_id") == request
        return cast("Mapping[str, Any]", message["content"]) if mine else None

    def _receive(self, channel: Any) -> dict[str, Any]:
        session = self._client.session
        _, frames = session.feed_identities(channel.recv_multipart())
        return cast("dict[str, Any]", session.deserialize(frames))

    def _lost(self, ready: set[Any]) -> bool:
        """Say whether a connection broke while the process lives: a message was too large."""
        broken = [monitor for monitor in self._monitors if monitor in ready]
        if not broken:
            return False
        for monitor in broken:
            monitor.recv_multipart()
            # zmq comes back by itself after other failures, but not after this one.
            channel = self._monitors[monitor]
            endpoint = channel.last_endpoint
            channel.disconnect(endpoint)
            channel.connect(endpoint)
        # A dying process breaks connections too, a moment before its end can be seen.
        clock.pause(_POLL_SECONDS)
        return self.exit_code() is None

    def _stopped(self, ending: _Ending, how: _How) -> _Ending:
        ending.how = how
        if how == "died":
            ending.gone = True
            ending.exit_code = self.exit_code()
            ending.last_words = self._words.text()
        return ending

    def _calm_down(self) -> bool:
        """Interrupt what runs and wait until the kernel listens again; False: it does not."""
        deadline = clock.monotonic() + _GRACE_SECONDS
        while clock.monotonic() < deadline and self.exit_code() is None:
            self.interrupt()
            request, now = self._client.kernel_info(), clock.monotonic()
            nothing = CellOutputs({}, _SPARE_BYTES)
            ending = self._follow(request, nothing, now + 1.0, patience=0.3, calming=True)
            if ending.reply is not None and self.idle:
                return True
        return False

    def interrupt(self) -> None:
        """Interrupt the running cell and what it started."""
        if _POSIX and self._interpreter.interrupt_mode == "signal":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGINT)
        else:
            self._manager.interrupt_kernel()

    def close(self, *, politely: bool) -> None:
        """End the process and all it started; `politely` lets its exit handlers run first."""
        if politely and self.exit_code() is None:
            self._client.shutdown()
            deadline = clock.monotonic() + _POLITE_SECONDS
            while self.exit_code() is None and clock.monotonic() < deadline:
                clock.pause(0.01)
        self._closing.close()


def _result(
    index: int, ending: _Ending, outputs: CellOutputs, seconds: float, why: tuple[str, str]
) -> CellResult:
    if ending.how == "too-much-output":
        outputs.cut()
    reply = _displayed(ending.reply or {}, outputs)
    status, name, value = _verdict(ending, reply, why)
    words = ending.last_words.splitlines() if ending.how == "died" else reply.get("traceback", [])
    return CellResult(
        index=index,
        status=status,
        error_name=name,
        error_value=plain(value)[:_TEXT],
        traceback=tuple(plain(str(line))[:_TEXT] for line in words),
        outputs=outputs.finished(),
        seconds=seconds,
        execution_count=reply.get("execution_count"),
    )


def _displayed(reply: Mapping[str, Any], outputs: CellOutputs) -> Mapping[str, Any]:
    """Give the error of a value that could not be displayed: the kernel's reply has none for it."""
    if reply.get("ename") != "NoneType":
        return reply
    shown = [one for one in outputs.finished() if one["output_type"] == "error"]
    return {**reply, **shown[-1]} if shown else reply


def _verdict(
    ending: _Ending, reply: Mapping[str, Any], why: tuple[str, str]
) -> tuple[Status, str, str]:
    if ending.how != "answered":
        return ending.how, *why
    if _asks_to_exit(reply):
        return "exited", "SystemExit", "the cell ended the kernel with exit()"
    if reply.get("status") == "ok":
        return "ok", "", ""
    name, value = plain(str(reply.get("ename", "Error"))), str(reply.get("evalue", ""))
    if name == "SystemExit":
        return "exited", name, f"the cell called sys.exit({value})"
    if name == "StdinNotImplementedError":
        return "asked-for-input", name, "the cell asks for input(), and nobody is there to answer"
    return "error", name, value


def _asks_to_exit(reply: Mapping[str, Any]) -> bool:
    return any(part.get("source") == "ask_exit" for part in reply.get("payload") or ())


def _cause_of_death(code: int | None) -> str:
    if code is None or code >= 0:
        return f"the cell ended the kernel (exit code {code})"
    known = {
        "SIGKILL": "; the memory may have run out",
        "SIGSEGV": ": a crash in compiled code",
        "SIGABRT": ": a crash in compiled code",
    }
    name = next((s.name for s in signal.Signals if s == -code), f"signal {-code}")
    return f"the kernel was ended by {name}{known.get(name, '')}"


def _said(words: str) -> str:
    lines = [line.strip() for line in plain(words).splitlines() if line.strip()]
    return lines[-1][:_TEXT] if lines else ""


def _specs(interpreter: Interpreter) -> Any:
    """Make a kernelspec manager that knows exactly one kernel, without any file."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    first, *rest = interpreter.argv
    # Not resolved: a virtual environment's interpreter is a link, and the link is what counts.
    argv = [str(Path(first).absolute()) if os.sep in first else first, *rest]
    if not any("{connection_file}" in part for part in argv):
        argv += [*_PYTHON_KERNEL, *_OPTIONS]
    spec = KernelSpec(argv=argv, interrupt_mode=interpreter.interrupt_mode)

    class OneKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return spec

    return OneKernel()


def _runtime_folder() -> Path:
    try:
        return workspace.runtime_folder()
    except OSError as error:
        raise CompanionError(
            f"there is no room for a kernel's sockets: {error.strerror}",
            hint="Free some space in the folder for temporary files.",
            file=error.filename,
        ) from None


def _transport(folder: Path) -> dict[str, str]:
    """Choose sockets in `folder`; TCP on loopback where their path is too long or unsupported."""
    family = getattr(socket, "AF_UNIX", None)
    place = folder / "t"
    if family is None or len(str(folder)) > _SOCKET_PATH:
        return {"transport": "tcp"}
    try:
        with socket.socket(family) as trial:
            trial.bind(str(place))
    except OSError:
        return {"transport": "tcp"}
    store.remove(place)
    return {"transport": "ipc", "ip": str(folder / "k")}


def _environment(interpreter: Interpreter, mark: str) -> dict[str, str]:
    """Give the kernel our environment, with its own interpreter's tools first on PATH."""
    # Python's debugger, part of ipykernel, warns about frozen modules where nobody debugs.
    variables = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", **os.environ, MARKER: mark}
    folder = Path(interpreter.argv[0]).parent
    if folder.is_absolute():
        for stale in ("PYTHONHOME", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV"):
            variables.pop(stale, None)
        variables["PATH"] = os.pathsep.join([str(folder), variables.get("PATH", os.defpath)])
        if (folder.parent / "pyvenv.cfg").is_file():
            variables["VIRTUAL_ENV"] = str(folder.parent)
    return {**variables, **interpreter.env}
