"""Scores of a project's runs: each with its interval, against the baseline, and against the best of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from fastcompanion.base import clock, repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.data import folds, predictions, scores
from fastcompanion.data.predictions import Predictions, Run
from fastcompanion.data.scores import Compared, Score
from fastcompanion.project import families, render, running
from fastcompanion.project.place import BASELINE, MAJORITY, README, SETTINGS, Project

_FINAL = "final"


@frozen
class Scored:
    """A run with its score; `beside` compares it with the baseline, `best` with the best of the others."""

    name: str
    score: Score
    seed: int | None
    seconds: float | None
    beside: Compared | None
    best: Compared | None
    best_name: str


@frozen
class Board:
    """All runs on the split of today, the best first; `notes` say what to keep in mind."""

    root: Path
    metric: str
    direction: str
    baseline: str
    runs: tuple[Scored, ...]
    notes: tuple[str, ...]
    commit: CommitResult | None = None


@frozen
class Opened:
    """What the final rows said of the chosen model: its score, against the baseline, and as validated."""

    root: Path
    name: str
    score: Score
    beside: Compared | None
    validated: float
    commit: CommitResult | None


_Read = Mapping[str, tuple[Run, Predictions]]


class _How(TypedDict):
    ordered: bool
    scale: float


def read(project: Project) -> tuple[_Read, tuple[str, ...]]:
    """Read the runs; those on another split or for another target are named, not compared."""
    split, settings = folds.read(project.root).digest, project.settings()
    found, others = {}, []
    folders = sorted(path.parent for path in project.runs.glob(f"*/{predictions.META}"))
    for folder in folders:
        run, rows = predictions.read(folder)
        mine = run.split == split and run.target == settings["target"]
        if mine:
            found[folder.name] = (run, rows)
        else:
            others.append(folder.name)
    return found, tuple(others)


def board(project: Project, *, against: str = "", write: bool = True) -> Board:
    """Score every run; `against` names the run to compare with beside the baseline, else it is the best other one."""
    found, others = read(project)
    settings = project.settings()
    if not found:
        raise CompanionError("there are no runs yet", hint="fastcompanion project baseline")
    if against and against not in found:
        raise CompanionError(
            f"there is no run {against!r}: there are {', '.join(found)}",
            hint=f"fastcompanion project train {against}",
            code=Exit.USAGE,
        )
    metric = str(settings["metric"])
    how = _how(settings)
    told = {name: scores.score(metric, rows, **how) for name, (_, rows) in found.items()}
    order = ranked(told)
    naive = next((name for name in (BASELINE, MAJORITY) if name in found), order[-1])

    def beside(name: str, other: str) -> Compared | None:
        if not other or other == name:
            return None
        return scores.compare(metric, found[other][1], found[name][1], **how)

    made = []
    for name in order:
        run, best = found[name][0], against or _other(order, name)
        both = beside(name, naive), beside(name, best)
        made.append(Scored(name, told[name], run.seed, run.seconds, *both, best))
    notes = tuple(_notes(project, found, told, others))
    result = Board(project.root, metric, str(settings["direction"]), naive, tuple(made), notes)
    return _with_readme(project, result) if write else result


def score_of(project: Project, metric: str, rows: Predictions) -> Score:
    """Score what a run said by any metric that fits, judged as the project's own."""
    return scores.score(metric, rows, **_how(project.settings()))


def ranked(told: Mapping[str, Score]) -> list[str]:
    """Put runs in order, the best first."""
    sign = {"higher": -1.0, "lower": 1.0}
    return sorted(told, key=lambda name: (sign[told[name].direction] * told[name].value, name))


def _other(order: Sequence[str], name: str) -> str:
    return next((one for one in order if one != name), "")


def _how(settings: Mapping[str, Any]) -> _How:
    """Say how rows are to be judged: neighbours of a series err alike, and mase divides by its scale."""
    return {
        "ordered": settings["kind"] == "time-series",
        "scale": float(settings.get("scale") or 1.0),
    }


def _notes(
    project: Project, found: _Read, told: Mapping[str, Score], others: Sequence[str]
) -> list[str]:
    notes = [*_second(project, found)]
    if others:
        notes.append(
            f"Judged on another split or target, and not compared: {', '.join(others)}. Train them again."
        )
    rows = next(iter(found.values()))[1]
    if note := scores.tried(len(found), len(rows), [one.value for one in told.values()]):
        notes.append(note[0].upper() + note[1:] + ".")
    if opened := project.settings().get(_FINAL):
        notes.append(
            f"The final rows were opened on {str(opened['at'])[:10]} for {opened['model']}: "
            f"{opened['metric']} {short(opened['score'])} [{short(opened['low'])}, {short(opened['high'])}] on {opened['rows']} rows."
        )
    return notes


def _second(project: Project, found: _Read) -> Iterator[str]:
    """Give the other metric of masks as well: each of the two flatters in its own way."""
    fitting = families.METRICS.get(str(project.settings()["kind"]), ())
    for other in fitting if "mean iou" in fitting else ():
        if other != project.settings()["metric"]:
            told = {name: scores.score(other, rows) for name, (_, rows) in found.items()}
            each = (f"{n} {short(one.value)} [{short(one.low)}, {short(one.high)}]" for n in ranked(told) for one in (told[n],))  # fmt: skip
            yield f"{other[0].upper()}{other[1:]}: {', '.join(each)}."


def short(value: float, sign: str = "") -> str:
    """Write a score with the digits that matter."""
    return f"{value:{sign}.0f}" if abs(value) >= 1000 else f"{value:{sign}.4g}"


def apart(compared: Compared) -> str:
    """Write a difference with its interval."""
    low, high = (short(one, "+") for one in (compared.low, compared.high))
    return f"{short(compared.difference, '+')} [{low}, {high}]"


def table(board_: Board) -> str:
    """Write the scores as Markdown, for the README."""
    first = board_.runs[0].score
    lines = [
        f"{board_.metric}, {board_.direction} is better, on {first.n} rows; intervals hold the truth 95 times of 100.",
        "",
        f"| run | {board_.metric} | against {board_.baseline} | |",
        "|---|---|---|---|",
    ]
    for run in board_.runs:
        compared = run.beside
        verdict = compared.verdict if compared else ""
        score = f"{short(run.score.value)} [{short(run.score.low)}, {short(run.score.high)}]"
        lines.append(
            f"| {run.name} | {score} | {apart(compared) if compared else ''} | {verdict} |"
        )
    return "\n".join([*lines, *(f"\n{note}" for note in board_.notes)])


def _with_readme(project: Project, made: Board) -> Board:
    """Rewrite the table of the README, and commit it where the learner has not changed the file."""
    path = project.root / README
    if not path.is_file():
        return made
    old = store.read_text(path)
    new = render.with_scores(old, table(made))
    if new == old:
        return made
    clean = bool(repo.unchanged(project.root, [path]))
    store.write_text(path, new)
    words = ", ".join(f"{run.name} {short(run.score.value)}" for run in made.runs[:3])
    commit = repo.commit(project.root, [path], f"Scores: {words}") if clean else None
    return Board(made.root, made.metric, made.direction, made.baseline, made.runs, made.notes, commit)  # fmt: skip


def unopened(project: Project, name: str = "") -> str:
    """Choose the run for the final rows, or say why they can't be opened."""
    split, settings = folds.read(project.root), project.settings()
    rows = len(split.of(folds.FINAL))
    if not rows:
        raise CompanionError(
            "no rows were set aside as final: there were too few, or the split came with the data",
            code=Exit.USAGE,
        )
    if opened := settings.get(_FINAL):
        raise CompanionError(
            f"the final rows were opened on {str(opened['at'])[:10]} for {opened['model']} "
            f"({short(opened['score'])}); a second look would make them rows to choose by",
            hint="fastcompanion project score",
            file=project.root / SETTINGS,
            code=Exit.CHECK_SAYS_NO,
        )
    found, _ = read(project)
    names = [one.name for one in board(project, write=False).runs]
    if name and name not in names:
        raise CompanionError(
            f"there is no run {name!r}", hint=f"fastcompanion project train {name}", code=Exit.USAGE
        )
    single = [one for one in names if not found[one][0].settings.get("mean_of")]
    if name and name not in single:
        raise CompanionError(
            f"{name} is a mean of several runs, which is fitted nowhere",
            hint=f"--run with one of: {', '.join(single)}",
            code=Exit.USAGE,
        )
    return name or single[0]


def open_final(
    project: Project, name: str, *, python: Sequence[str], reporter: Reporter = SILENT
) -> Opened:
    """Judge a run's model and the baseline on the final rows, once, and write it down in project.yml."""
    chosen = unopened(project, name)
    found, _ = read(project)
    metric, how = str(project.settings()["metric"]), _how(project.settings())
    validated = scores.score(metric, found[chosen][1], **how).value
    rows = {}
    for one in dict.fromkeys((BASELINE, chosen)):
        if one in found:
            run = found[one][0]
            seed = [] if run.seed is None else ["--seed", str(run.seed)]
            words = ["train.py", run.name, "--final", *seed]
            running.script(project, words, python=python, reporter=reporter)
            rows[one] = predictions.read(project.runs / one / _FINAL)[1]
    score = scores.score(metric, rows[chosen], **how)
    both = chosen != BASELINE and BASELINE in rows
    beside = scores.compare(metric, rows[BASELINE], rows[chosen], **how) if both else None
    commit = _write_down(project, chosen, score)
    return Opened(project.root, chosen, score, beside, validated, commit)


def _write_down(project: Project, name: str, score: Score) -> CommitResult | None:
    path = project.root / SETTINGS
    clean = bool(repo.unchanged(project.root, [path]))
    told = {
        "model": name, "at": clock.stamp(), "metric": score.metric, "score": score.value,
        "low": score.low, "high": score.high, "rows": score.n,
    }  # fmt: skip
    lines = "".join(f"  {key}: {render.yaml(value)}\n" for key, value in told.items())
    text = store.read_text(path).rstrip("\n")
    store.write_text(path, f"{text}\n# The final rows, opened once:\n{_FINAL}:\n{lines}")
    board(project)
    return repo.commit(project.root, [path], f"Open the final rows for {name}") if clean else None
