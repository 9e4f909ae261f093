"""A notebook server that plays Colab: a bare kernel with a HOME of its own, no study, no file, no git.

It saves as Colab does: cells without ids of nbformat (they move into the metadata), our own metadata of
cells and of the notebook dropped, what cells put out kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from queue import Empty
from typing import Any

from fastcompanion.course.library import catalogue
from fastcompanion.course.notebooks import notebook
from tests.notebook.kernels import SECONDS, BareKernel


def answer(section: str) -> str:
    """Give the reference solution of a section of the first built-in lesson, without its given cell."""
    course = catalogue.course("foundations")
    book = notebook.read(course.root / str(course.lessons[0].notebooks[0].path))
    (found,) = [one for one in notebook.sections(book) if one.id == section]
    return "\n".join(book["cells"][place]["source"] for place in found.cells[1:])


SYSTEM = "fastcompanion"


class Far:
    """`with BareKernel(...) as kernel: far = Far(kernel, file); far.run(0); far.save(path)`."""

    def __init__(self, kernel: BareKernel, file: Path) -> None:
        self.kernel = kernel
        self.book: dict[str, Any] = json.loads(file.read_text("utf-8"))
        for cell in self.cells:
            cell["source"] = "".join(cell["source"])
            cell.setdefault("id", cell["metadata"].get("id"))
        self.named: dict[str, dict[str, Any]] = {}

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells, which a test may change."""
        found: list[dict[str, Any]] = self.book["cells"]
        return found

    def of(self, section: str, role: str = "work") -> list[int]:
        """Give the places of a section's code cells that have a role."""
        wanted = {"section": section, "role": role}
        return [
            place
            for place, cell in enumerate(self.cells)
            if cell["cell_type"] == "code"
            and wanted.items() <= cell["metadata"].get("fastcompanion", {}).items()
        ]

    def add(self, place: int, source: str) -> int:
        """Put a new cell in front of a place."""
        cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [],
                "execution_count": None, "id": f"new-{len(self.cells)}"}  # fmt: skip
        self.cells.insert(place, cell)
        return place

    def run(self, place: int) -> str:
        """Run a cell, keep what it puts out, and give its text."""
        cell = self.cells[place]
        cell["outputs"] = []
        client = self.kernel.client
        content = {"code": cell["source"], "silent": False, "store_history": True,
                   "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}  # fmt: skip
        message = client.session.msg("execute_request", content)
        client.shell_channel.send(message)
        own = message["header"]["msg_id"]
        while True:
            try:
                heard = client.get_iopub_msg(timeout=SECONDS)
            except Empty:
                raise AssertionError(f"the kernel said nothing for {SECONDS} s") from None
            if heard["parent_header"].get("msg_id") != own:
                continue
            kind, told = heard["msg_type"], heard["content"]
            if kind == "execute_input":
                cell["execution_count"] = told["execution_count"]
            elif kind == "status" and told["execution_state"] == "idle":
                return self.text(place)
            else:
                self._output(cell, kind, told)

    def _output(self, cell: dict[str, Any], kind: str, told: dict[str, Any]) -> None:
        name = told.get("transient", {}).get("display_id", "")
        if kind == "update_display_data":
            if name in self.named:
                self.named[name]["data"] = told["data"]
        elif kind in ("display_data", "execute_result"):
            made = {"output_type": kind, "data": told["data"], "metadata": {}}
            cell["outputs"].append(made)
            self.named[name] = made
        elif kind == "stream":
            cell["outputs"].append({"output_type": kind, **told})
        elif kind == "error":
            cell["outputs"].append({"output_type": kind, **told})

    def text(self, place: int) -> str:
        """Give what a cell shows, on one line."""
        parts = []
        for one in self.cells[place]["outputs"]:
            parts.append(one.get("text", "") or one.get("evalue", ""))
            parts.append(one.get("data", {}).get("text/plain", ""))
        return " ".join(" ".join(parts).split())

    def save(self, path: Path) -> Path:
        """Save as Colab does."""
        cells: list[dict[str, Any]] = []
        for cell in self.cells:
            metadata = {k: v for k, v in cell["metadata"].items() if k != SYSTEM}
            kept = {k: v for k, v in cell.items() if k != "id"}
            source = cell["source"].splitlines(keepends=True)
            name = cell["metadata"].get("id") or f"colab{len(cells)}-{len(cell['source'])}"
            own = {"metadata": {**metadata, "id": name}}
            cells.append({**kept, "source": source, **own})
        metadata = {
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
        }
        book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0}
        path.write_text(json.dumps(book), "utf-8")
        return path
