"""What a cell shows, put together from a kernel's messages as notebooks store it, small in memory.

Progress bars are condensed as a terminal would show them, displays are updated in place, and what
grows beyond a cap is cut. nbclient puts outputs together too, but keeps every fragment of a stream
until the cell ends, however many gigabytes come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Output = dict[str, Any]
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FRAGMENT = 64
_KEPT = 100_000
_WIDGET = "application/vnd.jupyter.widget-view+json"


def plain(text: str) -> str:
    """Take colours and control characters out, so that nothing of a notebook reaches a terminal."""
    return _CONTROL.sub("", _ANSI.sub("", text))


def condense(text: str) -> str:
    """Leave of carriage returns and backspaces what a terminal would leave: the last state."""
    if "\r" not in text and "\b" not in text:
        return text
    return "\n".join(_final_state(line) for line in text.split("\n"))


def _final_state(line: str) -> str:
    if "\r" in line:
        body = line.rstrip("\r")
        line = body.rpartition("\r")[2] + line[len(body) :]
    if "\b" not in line:
        return line
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def weight(value: Any) -> int:
    """Estimate the characters that a value takes in the notebook file."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + weight(part) for key, part in value.items())
    if isinstance(value, list):
        return sum(map(weight, value))
    return len(json.dumps(value, default=str))


class CellOutputs:
    """The outputs of one cell while it runs; `too_much` once they pass `cap` characters.

    `displays` lives as long as the kernel: later cells may update what earlier ones displayed.
    """

    def __init__(
        self,
        displays: dict[str, list[Output]],
        cap: int,
        on_output: Callable[[Output], None] | None = None,
    ) -> None:
        self.too_much = False
        self._displays = displays
        self._cap = cap
        self._on_output = on_output
        self._list: list[Output] = []
        self._open: list[str] = []
        self._size = 0
        self._clear_next = False

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take in one message of the kernel's output channel."""
        if self.too_much:
            return
        if kind == "stream":
            self._stream(str(content["name"]), str(content["text"]))
        elif kind in ("display_data", "execute_result", "error"):
            self._append(_output(kind, content), _display_id(content))
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self._clear()

    def cut(self) -> None:
        """Note that the cell put out more than it may, and keep the beginning of each output."""
        self.too_much = True

    def finished(self) -> tuple[Output, ...]:
        """Close the last stream and give the outputs; displays may still be updated in place."""
        self._seal()
        if self.too_much:
            self._list = [_shortened(output) for output in self._list]
            self._list.append(_note(f"[cut: more than {self._cap / 1e6:g} MB of output]\n"))
        return tuple(self._list)

    def _stream(self, name: str, text: str) -> None:
        self._clear_if_due()
        last = self._list[-1] if self._list else None
        if last is None or last["output_type"] != "stream" or last["name"] != name:
            self._seal()
            last = {"output_type": "stream", "name": name, "text": ""}
            self._list.append(last)
        self._open.append(text)
        self._grow(len(text) + _FRAGMENT)
        if self._on_output:
            self._on_output({**last, "text": text})

    def _append(self, output: Output, display: str | None) -> None:
        self._clear_if_due()
        self._seal()
        self._list.append(output)
        if display:
            self._displays.setdefault(display, []).append(output)
        self._grow(weight(output))
        if self._on_output:
            self._on_output(output)

    def _update(self, content: Mapping[str, Any]) -> None:
        new = _output("display_data", content)
        for output in self._displays.get(_display_id(content) or "", ()):
            grown = weight(new["data"]) - weight(output["data"])
            output["data"], output["metadata"] = new["data"], new["metadata"]
            self._grow(grown)

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._clear()

    def _clear(self) -> None:
        self._open.clear()
        self._list.clear()
        self._size = 0

    def _seal(self) -> None:
        if self._open:
            self._list[-1]["text"] = condense(self._list[-1]["text"] + "".join(self._open))
            self._open.clear()

    def _grow(self, amount: int) -> None:
        self._size += amount
        if self._size <= self._cap:
            return
        # A progress bar may send far more than it leaves: count what is left before judging.
        # Half the cap, so that the next count comes only after as much again has arrived.
        self._seal()
        self._size = sum(map(weight, self._list))
        self.too_much = self._size > self._cap / 2


def _output(kind: str, content: Mapping[str, Any]) -> Output:
    if kind == "error":
        return {
            "output_type": "error",
            "ename": str(content.get("ename", ""))[:200],
            "evalue": str(content.get("evalue", ""))[:_KEPT],
            "traceback": [str(line)[:_KEPT] for line in content.get("traceback", [])],
        }
    output: Output = {
        "output_type": kind,
        "data": _without_widgets(dict(content.get("data", {}))),
        "metadata": dict(content.get("metadata", {})),
    }
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output


def _without_widgets(data: dict[str, Any]) -> dict[str, Any]:
    # A saved widget without its kernel shows "Error displaying widget"; its text form does not.
    return {k: v for k, v in data.items() if k != _WIDGET} if len(data) > 1 else data


def _display_id(content: Mapping[str, Any]) -> str | None:
    return (content.get("transient") or {}).get("display_id")


def _shortened(output: Output) -> Output:
    if output["output_type"] == "stream":
        return {**output, "text": output["text"][:_KEPT]}
    if "data" in output and weight(output["data"]) > _KEPT:
        return _note("[cut: a display]\n")
    return output


def _note(text: str) -> Output:
    return {"output_type": "stream", "name": "stderr", "text": text}
