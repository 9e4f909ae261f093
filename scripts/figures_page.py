"""The page of figures from the results that scripts/record_table.py keeps. Pure, but for reading."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.course.recording.operators import LISTED

HEAD = """# Figures of recorded checks

What `fastcompanion lesson record` makes of notebooks that nobody wrote checks for. Written by
`python -m scripts.record_table` on two cores; the notebooks stand in `scripts/survey.toml`, what they
would download is replaced by small data of our own (`scripts/standins.py`). What the words mean stands
in [checks.md](checks.md).

A section is *checked* when its check lets the original, a renamed and rewritten copies of it pass, fails
the empty section, and catches at least four in five of at least five planted mistakes. All others are
left to the learner's own judgement, and stand below with the reason. *Comparable* are sections that leave
something behind, and that the original gets through. *Crash*: planted mistakes that end
in an error by themselves. *Equal*: those that change nothing. Neither is counted as caught or planted.
Brackets hold 95 % intervals (Wilson). *Recording* is the time of the whole recording in plain runs of the
notebook in a fresh kernel; both were taken while other work shared the machine. *State* is the commit of this
program that the row was measured with, which may be an earlier one than the next row's.
"""
KINDS = """Every kind of mistake that can be planted in a notebook, tried on its finished record: in the checked
sections until 12 of each kind told something, in the others up to 4, evenly over the places where it can
stand; each place has several versions (every other comparison, summary, neighbouring index ...). Kinds with few
places stand together with their like: *step* is the sign and size of a step, *names mixed up* names and
arguments, *index or range* the ends of loops and slices too, *axis or shape* dimensions that are added, left
out or turned. *Versions* are those that can be planted in the checked sections. *Caught* means: in the
section that it was planted in, of those that neither crash nor change nothing.
"""
HONEST = """Work by people who saw the scaffold alone (`tests/fixtures/reproductions`). Files that begin with `dev` were
looked at while the checks were written, those that begin with `held-out` were measured after the rules stood
(when each was measured first stands in the README there).
"""
EARLIER = "an earlier one"
FEWEST = 10  # of a kind, for its share to mean much
NOTHING_TO_COMPARE = ("leaves it open", "leaves nothing behind", "lesson broken", "stops before")
Result = Mapping[str, Any]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, p = 1.959964, hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, of: int) -> str:
    """Write a share with its interval."""
    if not of:
        return "-"
    low, high = wilson(hits, of)
    return f"{hits} of {of} = {hits / of:.0%} [{low:.0%} to {high:.0%}]"


def read(folder: Path, order: Sequence[str]) -> list[dict[str, Any]]:
    """Read the results in the survey's order; what is not there is left out."""
    paths = (folder / f"{lesson.replace('/', '-')}.json" for lesson in order)
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def page(folder: Path, order: Sequence[str]) -> str:
    """Write the whole page."""
    found = read(folder, order)
    done = [one for one in found if "record" in one]
    parts = [HEAD, "## Notebooks\n", table(done), ""]
    tallies = [one for one in done if "operators" in one]
    if tallies:
        parts += ["## Kinds of mistakes\n", KINDS, *map(by_kind, tallies)]
    parts += ["## Sections left to the learner\n"]
    parts += [reasons(done), "## Not recorded\n", refused(found), waiting(folder, order)]
    told = sorted(folder.glob("reproductions-*.json"))
    if told:
        parts += ["## Honest reproductions\n", HONEST, *map(reproduced, told)]
    parts += ["## What they were recorded with\n", with_what(done)]
    return "\n".join(parts).rstrip() + "\n"


def sections(one: Result) -> list[dict[str, Any]]:
    """Give the sections of a result."""
    return list(one["record"]["sections"])


def comparable(section: Result) -> bool:
    """Does a section leave anything that could be compared?"""
    return not any(words in section["reason"] for words in NOTHING_TO_COMPARE)


def row(name: str, found: Sequence[Result], style: str, *last: str) -> str:
    """Write one row for some results; `last` are the cells of one notebook alone."""
    every = [section for one in found for section in sections(one)]
    hard = [section for section in every if section["status"] == "hard"]
    numbers = {
        key: sum(int(section[key]) for section in hard)
        for key in ("caught", "planted", "crashed", "equivalent")
    }
    cells = [
        name,
        style,
        str(len(every)),
        str(sum(map(comparable, every))),
        str(len(hard)),
        share(numbers["caught"], numbers["planted"]),
        str(numbers["crashed"]),
        str(numbers["equivalent"]),
        *(last or ("", "", "")),
    ]
    return f"| {' | '.join(cells)} |"


def state(one: Result) -> str:
    """Name the state of this program that a result was made with."""
    return str(one.get("program", ""))[:10] or EARLIER


def table(done: Sequence[Result]) -> str:
    """Write the table of all notebooks, with the sum of each style."""
    names = "notebook, style, sections, comparable, checked, caught in these, crash, equal, plain"
    columns = [*names.split(", "), "recording", "state"]
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    rows = [
        row(
            f"{one['source']} {Path(one['path']).stem}",
            [one],
            one["style"],
            f"{one['plain']['seconds']:.0f} s",
            f"{one['seconds'] / one['plain']['seconds']:.1f}x",
            state(one),
        )
        for one in done
    ]
    styles = dict.fromkeys(one["style"] for one in done)
    sums = [
        row(f"**all: {style}**", [one for one in done if one["style"] == style], "")
        for style in styles
    ]
    every = [section for one in done for section in sections(one) if comparable(section)]
    hard = sum(section["status"] == "hard" for section in every)
    told = f"\nOf the sections with something to compare, {share(hard, len(every))} are checked.\n"
    return "\n".join([*head, *rows, *sums, told])


def by_kind(one: Result) -> str:
    """Write what became of each kind of mistake in one notebook."""
    told = one["operators"]
    every = told["tried"]
    names = "kind, versions, tried in checked sections, of these in functions, caught, crash, equal"
    columns = [*names.split(", "), "caught in the others"]
    lines = [
        f"### {one['source']} {Path(one['path']).stem}\n",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
    ]
    for kind, places in sorted(told["places"].items(), key=lambda item: (-item[1], item[0])):
        lines.append(kind_row(kind, places, [m for m in every if m["operator"] == kind]))
    others = [m for m in every if m["operator"] not in told["places"]]
    if others:
        lines.append(kind_row("in no checked section", 0, others))
    lines.append(kind_row("**all**", sum(told["places"].values()), every))
    few = [kind for kind in LISTED if telling(kind, every) < FEWEST]
    if few:
        lines.append(f"\nFewer than {FEWEST} that tell something: {', '.join(few)}.")
    program = str(told.get("program", ""))[:10] or EARLIER
    lines.append(f"\nTried with this program at {program}.")
    if not told["finished"]:
        lines.append("\nThe time was not enough for all of them.")
    return "\n".join([*lines, ""])


def telling(kind: str, found: Iterable[Result]) -> int:
    """Count the mistakes of a kind in checked sections that neither crash nor change nothing."""
    own = [one for one in found if one["hard"] and one["operator"] == kind]
    return fates(own, "caught", "survived")


def kind_row(kind: str, places: int, found: Sequence[Result]) -> str:
    """Write one row: checked sections first, the others in the last cell."""
    hard = [one for one in found if one["hard"]]
    soft = [one for one in found if not one["hard"]]
    cells = [
        kind,
        str(places),
        str(len(hard)),
        str(sum(one["in_function"] for one in hard)),
        caught(hard),
        str(fates(hard, "crashed")),
        str(fates(hard, "equivalent")),
        caught(soft),
    ]
    return f"| {' | '.join(cells)} |"


def fates(found: Iterable[Result], *names: str) -> int:
    """Count mistakes by what became of them."""
    return sum(one["fate"] in names for one in found)


def caught(found: Sequence[Result]) -> str:
    """Write the share that was caught."""
    return share(fates(found, "caught"), fates(found, "caught", "survived"))


def reasons(done: Iterable[Result]) -> str:
    """List every section that is not checked, with the reason."""
    parts = []
    for one in done:
        soft = [section for section in sections(one) if section["status"] != "hard"]
        if not soft:
            continue
        parts.append(f"### {one['source']} {Path(one['path']).stem}\n")
        parts += [f"- {section['id']}: {section['reason']}" for section in soft]
        parts.append("")
    return "\n".join(parts)


def refused(found: Iterable[Result]) -> str:
    """List what could not be recorded here, with the reason."""
    lines = [
        f"- {one['source']} {Path(one['path']).stem}: {one['why'] or 'it did not run here'} "
        f"({one.get('failed') or one['plain']['words']})"
        for one in found
        if "record" not in one
    ]
    return "\n".join([*lines, ""]) if lines else "Nothing.\n"


def waiting(folder: Path, order: Sequence[str]) -> str:
    """Name what the survey wants and nobody has measured yet."""
    left = [one for one in order if not (folder / f"{one.replace('/', '-')}.json").exists()]
    return f"Not measured, for want of time: {', '.join(left)}.\n" if left else ""


def reproduced(path: Path) -> str:
    """Write what became of the honest reproductions of one lesson."""
    told = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        "| lesson | file | sections done | of these checked | passed | others | checked by |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in told:
        judged = [s for s in one["sections"] if s["verdict"] not in ("to-assess", "self-assessed")]
        passed = sum(section["verdict"] == "passed" for section in judged)
        others = [f"{s['id']}: {s['verdict']}" for s in judged if s["verdict"] != "passed"]
        lines.append(
            f"| {one['lesson']} | {one['file']} | {len(one['sections'])} | {len(judged)} | "
            f"{share(passed, len(judged))} | {'; '.join(others)} | {one.get('by', 'its row above')} |"
        )
    return "\n".join([*lines, ""])


def with_what(done: Sequence[Result]) -> str:
    """List the commits of the courses and the versions of the packages in use."""
    commits = dict.fromkeys((one["source"], one["commit"]) for one in done if one["commit"])
    versions: dict[str, dict[str, None]] = {}
    for one in done:
        for package, version in one["record"]["versions"].items():
            versions.setdefault(package, {})[version] = None
    told = ", ".join(f"{package} {'/'.join(seen)}" for package, seen in sorted(versions.items()))
    lines = [f"- {source} at {commit[:10]}" for source, commit in commits]
    programs = dict.fromkeys(map(state, done))
    lines.append(f"- this program at {', '.join(programs)}")
    return "\n".join([*lines, f"- {told}", ""])
