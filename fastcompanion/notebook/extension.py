"""The IPython extension: magics, and hooks that note what was run. Undone by %unload_ext.

IPython itself is never imported: the shell is handed in. The learner's names, Out, random states and
sys.stdout stay as they are; while a cell runs, what it prints is also kept (the end of it).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastcompanion import console
from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.console import Answer, Block, Line, Next
from fastcompanion.course.checks.live import Ran
from fastcompanion.notebook import shown, typed
from fastcompanion.notebook.desk import Asked, Desk

if TYPE_CHECKING:
    from fastcompanion.notebook.travelling import Travel

KEPT_OUTPUT = 4_000  # characters of what one cell printed, as in course/checks/warm_worker.py
_ATTRIBUTE = "_fastcompanion_extension"


class Tee:
    """Keeps the end of what is written to a stream, which stays the same object.

    Its `write` is replaced and put back, as IPython itself does; a new stream would be noticed.
    """

    def __init__(self) -> None:
        self.text = ""
        self._stream: Any = None
        self._own: Any = None
        self._before: Any = None

    def listen(self, stream: Any) -> None:
        """Begin to listen; a stream that can't be listened to is left alone."""
        self.close()
        self.text, write = "", stream.write

        def both(text: str, *more: Any) -> Any:
            self.text = (self.text + str(text))[-KEPT_OUTPUT:]
            return write(text, *more)

        before = getattr(stream, "__dict__", {}).get("write")
        try:
            stream.write = both
        except AttributeError:
            return
        self._stream, self._own, self._before = stream, both, before

    def close(self) -> None:
        """Stop listening."""
        if self._stream is not None and vars(self._stream).get("write") is self._own:
            if self._before is None:
                del self._stream.write
            else:
                self._stream.write = self._before
        self._stream = self._own = self._before = None


class Extension:
    """All that is in a shell while the extension is loaded."""

    def __init__(self, shell: Any, travel: Travel | None = None) -> None:
        self.shell = shell
        self.travel = travel
        self._display = f"fastcompanion-{clock.new_id()}"
        self.desk = Desk(shell.user_ns, travel)
        self.tee = Tee()
        self.current = Ran("")
        self._numbers = 0
        self._running = False
        self._magics = {
            "checkpoint": self.checkpoint,
            "check": self.check,
            "hint": self.hint,
        }
        self._before: dict[str, Any] = {}
        self._hooks = {"pre_run_cell": self.before_cell, "post_run_cell": self.after_cell}

    def load(self) -> None:
        """Register magics and hooks; take in what this kernel has run before."""
        lines = self.shell.magics_manager.magics["line"]
        for name, magic in self._magics.items():
            if name in lines:
                self._before[name] = lines[name]
            self.shell.register_magic_function(magic, "line", name)
        for event, hook in self._hooks.items():
            self.shell.events.register(event, hook)
        history = list(getattr(self.shell.history_manager, "input_hist_raw", ()))
        for count, source in enumerate(history[1:-1] if len(history) > 1 else (), start=1):
            self.desk.ran.append(Ran(source, number=self._next(), count=count))
        self.current = Ran(history[-1] if len(history) > 1 else "", number=self._next())

    def unload(self) -> None:
        """Take everything out again, and put back what had the same names."""
        self.tee.close()
        for event, hook in self._hooks.items():
            self.shell.events.unregister(event, hook)
        lines = self.shell.magics_manager.magics["line"]
        for name in self._magics:
            lines.pop(name, None)
        lines.update(self._before)

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def before_cell(self, info: Any) -> None:
        """Note the cell that begins to run; what the front end runs in silence is no cell."""
        if getattr(info, "silent", False) or not getattr(info, "store_history", True):
            return
        self._running = True
        if self.travel is not None:
            self.travel.begins()
        cell_id = getattr(info, "cell_id", None) or ""
        count = getattr(self.shell, "execution_count", None)
        self.current = Ran(str(info.raw_cell), str(cell_id), self._next(), count)
        self.tee.listen(sys.stdout)

    def after_cell(self, result: Any) -> None:
        """Note how it ended."""
        if not self._running:
            return
        self._running = False
        printed = self.tee.text
        self.tee.close()
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        failed = type(error).__name__ if error is not None else ""
        self.desk.after(replace(self.current, printed=printed, failed=failed), result)
        if self.travel is not None:
            self.travel.ends()
            self.carry(update=True)

    def carry(self, *, update: bool = False) -> None:
        """Put what is to come home into the cell's output, or renew that of the first cell."""
        if self.travel is None:
            return
        try:
            data = self.travel.bundle()
        except CompanionError as error:
            console.fail(error)
            return
        named = {"transient": {"display_id": self._display}, "update": True} if update else {}
        self.shell.display_pub.publish(data=data, **named)

    def _now(self) -> Ran:
        return replace(self.current, printed=self.tee.text)

    def checkpoint(self, line: str) -> None:
        """Say what should exist now: %checkpoint [SECTION] [--lesson COURSE/NN] [--files]."""
        self._show(line, typed.checkpoint, self.desk.checkpoints, shown.looked)

    def check(self, line: str) -> None:
        """Judge the section on this kernel's values: %check [SECTION] [--note "..."]."""
        self._show(line, typed.check, self.desk.check, shown.checked)
        self.carry()

    def hint(self, line: str) -> None:
        """Show the next hint: %hint [LEVEL] [SECTION]."""
        self._show(line, typed.hint, self.desk.hint, shown.hinted)
        self.carry()

    def _show(
        self,
        line: str,
        read: Callable[[str], Asked],
        act: Callable[[Asked, Ran], Any],
        view: Callable[[Any], Iterable[Block]],
    ) -> None:
        """Do what was typed and show it; what went wrong is a line or two, never a traceback."""
        try:
            console.show(
                Answer(act(read(line), self._now()), lambda data: shown.folded(view(data)))
            )
        except CompanionError as error:
            console.fail(error)

    def greet(self) -> None:
        """Say which lesson this is, or how to name it."""
        if self.travel is not None and (words := self.travel.greeting()):
            console.show(Answer(None, lambda _: [Line(words)]))
            return
        try:
            found = self.desk.sit(Asked())
        except CompanionError as error:
            message, hint = error.message, error.hint
            console.show(
                Answer(None, lambda _: [Line(message), Next(hint)] if hint else [Line(message)])
            )
            return
        told = f"{found.lesson.id}, {found.lesson.title}: %checkpoint, %check, %hint"
        console.show(Answer(None, lambda _: [Line(told)]))

    def set_out(self) -> None:
        """Put the record below the first cell, where it is renewed after every cell."""
        if self.travel is not None:
            shown = {"display_id": self._display}
            self.shell.display_pub.publish(data=self.travel.bundle(), transient=shown)


def load(shell: Any, travel: Travel | None = None) -> None:
    """Load the extension into a shell, once; `travel` for a notebook far from its study."""
    if getattr(shell, _ATTRIBUTE, None) is not None:
        return
    extension = Extension(shell, travel)
    extension.load()
    setattr(shell, _ATTRIBUTE, extension)
    extension.greet()
    extension.set_out()


def unload(shell: Any) -> None:
    """Take it out of the shell."""
    extension = getattr(shell, _ATTRIBUTE, None)
    if extension is not None:
        extension.unload()
        delattr(shell, _ATTRIBUTE)
