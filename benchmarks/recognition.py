"""How often `fastcompanion data show` tells what a folder holds: the table of docs/recognition.md.

    python -m benchmarks.recognition [--write] [--at COMMIT]

Every case of the frozen sets is written into a temporary folder and shown by the program in a process
of its own. The program is that of a commit, never of a work tree: unless told otherwise of the commit
that froze the sets, whose rules nobody can have made to suit them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import recognition_sets, recognition_tables
from benchmarks.common import ROOT, call, clean_environment, scratch_folder
from benchmarks.recognition_sets import Case

PAGE = ROOT / "docs" / "recognition.md"
SETS = ("benchmarks/recognition_sets.py", "benchmarks/recognition_tables.py")


@dataclass(frozen=True)
class Said:
    """One answer of the program, and whether it called it sure; "" is no answer."""

    value: str
    sure: bool

    @property
    def shown(self) -> str:
        """Spell it for a cell of the table."""
        if not self.value:
            return "nothing"
        return f"{self.value}, {'sure' if self.sure else 'a guess'}"


@dataclass(frozen=True)
class Result:
    """What was said of one case."""

    case: Case
    kind: Said
    target: Said
    error: str

    @property
    def kind_right(self) -> bool:
        """Tell whether the kind is the expected one."""
        return self.kind.value == self.case.kind

    @property
    def target_right(self) -> bool:
        """Tell whether the target is the expected one; asked only where one is expected."""
        return self.target.value == self.case.target

    @property
    def right(self) -> bool:
        """Tell whether all that is judged of the case is right."""
        return self.kind_right and (self.target_right or not self.case.target)


def checkout(at: str, folder: Path) -> Path:
    """Lay out the program of a commit."""
    folder.mkdir()
    packed = folder.with_suffix(".tar")
    call(["git", "archive", "--output", str(packed), at, "fastcompanion"], cwd=ROOT)
    with tarfile.open(packed) as file:
        file.extractall(folder, filter="data")
    return folder


def shown(case: Case, top: Path, program: Path) -> Result:
    """Write the case and ask the program what it is."""
    folder = top / case.name
    folder.mkdir()
    case.make(folder)
    done = subprocess.run(
        [sys.executable, "-m", "fastcompanion", "data", "show", str(folder), "--json"],
        cwd=top,
        env=clean_environment(top / "home", PYTHONPATH=str(program)),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    data = answer.get("data") or {}
    kind, target = said(data.get("kind")), said(data.get("target"))
    return Result(case, kind, target, "" if kind.value else (done.stdout + done.stderr)[-300:])


def said(field: Any) -> Said:
    """Read one answer out of the JSON."""
    if not isinstance(field, dict):
        return Said("", False)
    return Said(str(field.get("value") or ""), bool(field.get("sure")))


def verdict(right: bool) -> str:
    return "right" if right else "**wrong**"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def line(result: Result) -> str:
    """Give the table's row of one case."""
    case = result.case
    judged = verdict(result.target_right) if case.target else "not judged"
    cells = [
        f"{case.name}: {case.about}",
        case.kind,
        result.kind.shown,
        verdict(result.kind_right),
        case.target or "no one column",
        result.target.shown,
        judged,
    ]
    return "| " + " | ".join(cell(one) for one in cells) + " |"


def details(results: Sequence[Result]) -> str:
    """Write all cases as a Markdown table."""
    head = "| case | kind | said | | target | said | |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(line(result) for result in results)])


def count(pairs: Sequence[tuple[bool, Said]]) -> list[str]:
    """Count right and wrong answers, those called sure and those called a guess apart."""
    counted = Counter((right, one.sure) for right, one in pairs)
    right = counted[True, True] + counted[True, False]
    cells = [(True, True), (True, False), (False, True), (False, False)]
    return [f"{right} of {len(pairs)}", *(str(counted[one]) for one in cells)]


def totals(groups: Sequence[tuple[str, Sequence[Result]]]) -> str:
    """Write the totals of groups of cases as a Markdown table."""
    lines = [
        "| | right | right, sure | right, as a guess | wrong, sure | wrong, as a guess or no answer |",
        "|---|---|---|---|---|---|",
    ]
    for name, results in groups:
        kinds = [(one.kind_right, one.kind) for one in results]
        targets = [(one.target_right, one.target) for one in results if one.case.target]
        both = (("kind", kinds), ("target, where it is one column with a name", targets))
        lines += [f"| {name}: {what} | " + " | ".join(count(pairs)) + " |" for what, pairs in both]
    return "\n".join(lines)


def wrong(results: Sequence[Result]) -> str:
    """List every wrong answer with what was said instead."""
    lines = []
    for one in results:
        if not one.kind_right:
            lines.append(f"- {one.case.name}: kind {one.case.kind}, said {one.kind.shown}")
            if one.error:
                lines.append(f"  ({cell(one.error.strip())})")
        if one.case.target and not one.target_right:
            lines.append(f"- {one.case.name}: target {one.case.target}, said {one.target.shown}")
    return "\n".join(lines) or "- none"


def commit(*paths: str) -> str:
    return call(["git", "log", "-1", "--format=%h", "--", *paths], cwd=ROOT).strip()


def age(at: str) -> str:
    """Say whether the rules of a commit can have been made with the sets in view."""
    if at == commit(*SETS):
        return "The rules are those of the day the sets were frozen: none was made to suit them."
    return "The rules are not those of the day the sets were frozen; who changed them may have seen what was wrong."


def page(at: str, generated: Sequence[Result], real: Sequence[Result]) -> str:
    """Write the whole page."""
    both = [*generated, *real]
    whole = sum(one.right for one in both)
    groups = (("generated folders", generated), ("real tables", real), ("all", both))
    used = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "statsmodels"))
    rash = [one for one in both if one.kind.sure and not one.kind_right]
    led = sum(not one.target.sure for one in rash)
    return f"""# How often `data show` tells what a folder holds

Measured {datetime.now(UTC):%Y-%m-%d} with `python -m benchmarks.recognition --write`: the program at
commit {at}, the sets at commit {commit(*SETS)}, {used}.
The sets were written by somebody who had read data.md beside this page and not the rules, were committed
before they were run for the first time, and have not been changed since. No `--target` or `--kind` was given.
{age(at)}

Everything judged is right in {whole} of {len(both)} cases. What is wrong:

{wrong(both)}

## Totals

{totals(groups)}

Of the {len(rash)} kinds that are wrong and were called sure, {led} came with a target that was called a guess.

The target is not judged where no one column with a name is the answer: class folders, file names,
masks, several columns, tables without a header.

## Generated folders

Made by benchmarks/recognition_sets.py as people have them on their disks; what they hold is random.

{details(generated)}

## Real tables

The target is what the documentation of the package, or its own example, takes for it. One can be disputed:
for engel, the example of statsmodels explains foodexp by income, but its loader calls income `endog`.

{details(real)}
"""


def main() -> int:
    """Measure, print, and with --write write docs/recognition.md."""
    parser = argparse.ArgumentParser(description="How often the kind of a folder is told.")
    parser.add_argument("--write", action="store_true", help="write docs/recognition.md")
    parser.add_argument("--at", default=commit(*SETS), help="the commit whose program is measured")
    options = parser.parse_args()
    at = call(["git", "rev-parse", "--short", options.at], cwd=ROOT).strip()
    with scratch_folder() as top, ThreadPoolExecutor(4) as pool:
        ask = partial(shown, top=top, program=checkout(at, top / "program"))
        generated = list(pool.map(ask, recognition_sets.CASES))
        real = list(pool.map(ask, recognition_tables.CASES))
    text = page(at, generated, real)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
