"""How often `fastcompanion data show` tells what a folder holds: the tables of docs/recognition.md.

    python -m benchmarks.recognition [--write] [--at COMMIT]

Every case of the frozen sets is written into a temporary folder and shown by the program in a process
of its own. The program is that of a commit, never of a work tree. The first set is shown to the commit
that froze it, whose rules nobody can have made to suit it; both sets are shown to the commit that
froze the second, or to the one given.
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

from benchmarks import recognition_second, recognition_sets, recognition_tables
from benchmarks.common import ROOT, call, clean_environment, scratch_folder
from benchmarks.recognition_sets import Case
from fastcompanion.data.chance import wilson

PAGE = ROOT / "docs" / "recognition.md"
FIRST = ("benchmarks/recognition_sets.py", "benchmarks/recognition_tables.py")
SECOND = ("benchmarks/recognition_second.py",)
# Found after the second set was frozen: both writers thought of the same public data.
ALIKE = {
    "Kundenabwanderung": "kundenliste",
    "chest-xrays": "chest-xray",
    "pet-appeal": "pawpularity",
    "face-corners": "keypoints",
    "road-scenes": "camvid",
    "book-ratings": "book-crossing",
}
# What data.md says is named and not read: a wrong answer here is a limit that is written down.
UNREAD = ("triage-xlsx", "intents-jsonl", "filialumsatz", "page-views")


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
    def unclear(self) -> str:
        """Say what an honest human could not tell of the case: "kind", "target" or nothing."""
        return self.case.unclear if isinstance(self.case, recognition_second.Second) else ""

    @property
    def kind_right(self) -> bool:
        """Tell whether the kind is the expected one, or called a guess where it has to be."""
        if self.unclear == "kind":
            return bool(self.kind.value) and not self.kind.sure
        return self.kind.value == self.case.kind

    @property
    def judged(self) -> bool:
        """Tell whether the target is judged."""
        return bool(self.case.target) and self.unclear != "kind"

    @property
    def target_right(self) -> bool:
        """Tell whether the target is the expected one, or called a guess where it has to be."""
        if self.unclear == "target":
            return bool(self.target.value) and not self.target.sure
        return self.target.value == self.case.target

    @property
    def right(self) -> bool:
        """Tell whether all that is judged of the case is right."""
        return self.kind_right and (self.target_right or not self.judged)

    @property
    def expected(self) -> str:
        """Spell the right kind for the reader."""
        return "to be called a guess" if self.unclear == "kind" else self.case.kind


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
    judged = verdict(result.target_right) if result.judged else "not judged"
    cells = [
        f"{case.name}: {case.about}",
        result.expected,
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
        targets = [(one.target_right, one.target) for one in results if one.judged]
        both = (("kind", kinds), ("target, where it is one column with a name", targets))
        lines += [f"| {name}: {what} | " + " | ".join(count(pairs)) + " |" for what, pairs in both]
    return "\n".join(lines)


def wrong(results: Sequence[Result]) -> str:
    """List every wrong answer with what was said instead."""
    lines = []
    for one in results:
        if not one.kind_right:
            lines.append(f"- {one.case.name}: kind {one.expected}, said {one.kind.shown}")
            if one.error:
                lines.append(f"  ({cell(one.error.strip())})")
        if one.judged and not one.target_right:
            lines.append(f"- {one.case.name}: target {one.case.target}, said {one.target.shown}")
    return "\n".join(lines) or "- none"


def commit(*paths: str) -> str:
    return call(["git", "log", "-1", "--format=%h", "--", *paths], cwd=ROOT).strip()


def age(at: str) -> str:
    """Say whether the rules of a commit can have been made with the second set in view."""
    if at == commit(*SECOND):
        return "No rule was changed for what is wrong here."
    return (
        "Rules were changed since the freeze, maybe with what is wrong in view: this is not blind."
    )


def share(results: Sequence[Result], *, target: bool = False) -> str:
    """Count what is right, with the interval of Wilson for 95 percent."""
    asked = [one for one in results if one.judged] if target else results
    right = sum(one.target_right if target else one.kind_right for one in asked)
    low, high = wilson(right, len(asked))
    return f"{right} of {len(asked)}, {right / len(asked):.0%} [{low:.0%}, {high:.0%}]"


def brief(what: str, results: Sequence[Result]) -> str:
    """Write one row of the table that opens the page."""
    rash = sum(one.kind.sure and not one.kind_right for one in results)
    sure = sum(one.kind.sure for one in results)
    cells = [what, share(results), share(results, target=True), str(sure), str(rash)]
    return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True)
class Measured:
    """The answers to all cases of the two sets."""

    at: str
    blind: tuple[list[Result], list[Result]]
    again: tuple[list[Result], list[Result]]
    second: tuple[list[Result], list[Result]]

    @property
    def new(self) -> list[Result]:
        """Give all of the second set."""
        return [*self.second[0], *self.second[1]]


def measure_all(at: str) -> Measured:
    """Show the first set to the rules of the day it was frozen, and both sets to those of a commit."""
    cases = recognition_second.CASES
    second = (cases[: recognition_second.GENERATED], cases[recognition_second.GENERATED :])
    first = (recognition_sets.CASES, recognition_tables.CASES)
    runs: list[tuple[str, tuple[Sequence[Case], Sequence[Case]]]]
    runs = [(commit(*FIRST), first), (at, first), (at, second)]
    with scratch_folder() as top, ThreadPoolExecutor(4) as pool:
        given = []
        for number, (of, sets) in enumerate(runs):
            folder = top / str(number)
            folder.mkdir()
            ask = partial(shown, top=folder, program=checkout(of, folder / "program"))
            given.append((list(pool.map(ask, sets[0])), list(pool.map(ask, sets[1]))))
    return Measured(at, *given)


def summary(found: Measured) -> str:
    """Write the table that opens the page."""
    first, again = [*found.blind[0], *found.blind[1]], [*found.again[0], *found.again[1]]
    others = [one for one in found.new if one.case.name not in ALIKE]
    then = commit(*FIRST)
    seen = "blind" if found.at == commit(*SECOND) else "rules changed since it was frozen"
    return "\n".join(
        [
            "| set, rules | kind right | target right | kinds called sure | of them wrong |",
            "|---|---|---|---|---|",
            brief(f"second set, rules of {found.at}: {seen}", found.new),
            brief("the same without what resembles the first set", others),
            brief(f"first set, rules of {then}: blind", first),
            brief(
                f"first set, rules of {found.at}: not blind, they were changed with it seen", again
            ),
        ]
    )


def second_part(found: Measured) -> str:
    """Write the section of the second set."""
    made, real = found.second
    groups = (("generated folders", made), ("real tables", real), ("all", found.new))
    alike = ", ".join(f"{one} ({ALIKE[one]})" for one in ALIKE)
    crashed = sum(not one.kind.value for one in found.new)
    unread = sum(one.case.name in UNREAD and not one.right for one in found.new)
    return f"""## Second set

benchmarks/recognition_second.py: {len(made)} generated folders and {len(real)} real tables, frozen at commit
{commit(*SECOND)} by somebody who had read neither the rules, nor their tests and pages, nor the cases of the
first set; they were run for the first time after that. The rules measured are those of commit {found.at}.
{age(found.at)} The program failed without an answer in {crashed} cases.

What is wrong:

{wrong(found.new)}

Of the cases above, {unread} are of what [data.md](data.md) says is not read: an Excel workbook, JSON lines, several
series in one table ({", ".join(UNREAD)}). They count as wrong all the same.
At the freeze the program said of the first two that it does not read them, and what to do; of the series it did not.

After the freeze {len(ALIKE)} folders turned out to resemble one of the first set, with which in view rules were
changed: {alike}. The second row of the table above leaves them out.

Where an honest human could not tell, "to be called a guess" is the right kind: no answer that is called
sure is right there, and the target is not judged.

{totals(groups)}

### Generated folders of the second set

{details(made)}

### Real tables of the second set

{details(real)}
"""


def first_part(found: Measured) -> str:
    """Write the section of the first set."""
    made, real = found.blind
    both = [*made, *real]
    later = [*found.again[0], *found.again[1]]
    groups = (("generated folders", made), ("real tables", real), ("all", both))
    rash = [one for one in both if one.kind.sure and not one.kind_right]
    led = sum(not one.target.sure for one in rash)
    return f"""## First set

benchmarks/recognition_sets.py and benchmarks/recognition_tables.py, frozen at commit {commit(*FIRST)} by somebody
who had read data.md beside this page and not the rules, and not changed since. The rules of the tables
are those of that day: none was made to suit them.

Everything judged is right in {sum(one.right for one in both)} of {len(both)} cases. What is wrong:

{wrong(both)}

{totals(groups)}

Of the {len(rash)} kinds that are wrong and were called sure, {led} came with a target that was called a guess. Since then
a kind is never sure where its target is a guess, so that more kinds are called a guess.

By the rules of commit {found.at}, made by somebody who had seen the list above, everything judged is right
in {sum(one.right for one in later)} of {len(later)}. What is wrong then:

{wrong(later)}

### Generated folders of the first set

Made as people have them on their disks; what they hold is random.

{details(made)}

### Real tables of the first set

The target is what the documentation of the package, or its own example, takes for it. One can be disputed:
for engel, the example of statsmodels explains foodexp by income, but its loader calls income `endog`.

{details(real)}
"""


def page_of(found: Measured) -> str:
    """Write the whole page."""
    used = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "statsmodels"))
    return f"""# How often `data show` tells what a folder holds

Measured {datetime.now(UTC):%Y-%m-%d} with `python -m benchmarks.recognition --write` ({used}) on two sets of folders
and tables. Each was committed before it was run for the first time and has not been changed since. No
`--target` or `--kind` was given. In brackets: the interval of Wilson for 95 percent, as if the sets were
drawn by chance from the data people have, which they are not.

{summary(found)}

The target is not judged where no one column with a name is the answer: class folders, file names,
masks, several columns, tables without a header. A kind that is not called sure is one to look at: the
program asks for it at a terminal, and `--kind` and `--target` answer.

{second_part(found)}
{first_part(found)}"""


def page() -> str:
    """Measure both sets, write docs/recognition.md, and give its first table for performance.md."""
    found = measure_all(commit(*SECOND))
    PAGE.write_text(page_of(found), encoding="utf-8")
    return f"[How often `data show` tells what a folder holds](recognition.md):\n\n{summary(found)}"


def main() -> int:
    """Measure, print, and with --write write docs/recognition.md."""
    parser = argparse.ArgumentParser(description="How often the kind of a folder is told.")
    parser.add_argument("--write", action="store_true", help="write docs/recognition.md")
    parser.add_argument("--at", default=commit(*SECOND), help="the commit whose rules are measured")
    options = parser.parse_args()
    at = call(["git", "rev-parse", "--short", options.at], cwd=ROOT).strip()
    text = page_of(measure_all(at))
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
