"""Run every benchmark and write the table in docs/performance.md: `make bench [ONLY=startup]`.

Exit code 1 when a budget is broken, 5 when a benchmark needs something that has to be supplied.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from types import ModuleType

from benchmarks.common import ROOT, Missing, Row, table

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NOT_BENCHMARKS = {"__init__", "common", "run_all"}


def modules() -> dict[str, ModuleType]:
    """Import the modules of this folder that may measure something."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return {
        name: importlib.import_module(f"benchmarks.{name}")
        for name in names
        if name not in NOT_BENCHMARKS
    }


def benchmarks() -> dict[str, Callable[[], list[Row]]]:
    """Find those with budgets: `measure` gives a row for each."""
    return {name: one.measure for name, one in modules().items() if hasattr(one, "measure")}


def pages() -> dict[str, Callable[[], str]]:
    """Find those that compare without a budget: `page` writes their tables."""
    return {name: one.page for name, one in modules().items() if hasattr(one, "page")}


def machine() -> str:
    """Say in one line where the figures come from."""
    python = f"Python {platform.python_version()}"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {python}, {date.today().isoformat()}"


def page_with(text: str, results: dict[str, str]) -> str:
    """Replace the measured part of the page; results of benchmarks that did not run stay."""
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    parts = {**old_results(old), **results}
    body = "\n\n".join(f"### {name}\n\n{parts[name]}" for name in sorted(parts))
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def old_results(text: str) -> dict[str, str]:
    """Read the results that the page holds, by benchmark."""
    found = {}
    for part in text.split("### ")[1:]:
        name, _, body = part.partition("\n")
        found[name.strip()] = body.strip()
    return found


def run(names: Iterable[str]) -> int:
    """Run the named benchmarks, all without a name; write the page; give the exit code."""
    known, told = benchmarks(), pages()
    chosen = list(names) or [*known, *told]
    results, code = {}, 0
    for name in chosen:
        print(f"## {name}", flush=True)
        again = f"{machine()}. Again: `python -m benchmarks.{name}`"
        try:
            if name in told:
                results[name] = f"{again}\n\n{told[name]()}"
                print(results[name], end="\n\n", flush=True)
                continue
            rows = known[name]()
        except Missing as error:
            print(f"not run: {error}\n", flush=True)
            code = code or 5
            continue
        results[name] = f"{again}\n\n{table(rows)}"
        print(table(rows), end="\n\n", flush=True)
        code = code if all(row.kept for row in rows) else 1
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
