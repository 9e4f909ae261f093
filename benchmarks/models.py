"""The models of a project beside AutoML: scores on the same rows with intervals, and CPU seconds.

    FASTCOMPANION_TEST_DATA=folder python -m benchmarks.models [--sets wine iris] [--seconds 60]

Six tables are split once, four fifths to learn from and one fifth to judge; every method gets the
same rows and nothing is chosen by looking at those that are judged (LazyPredict ranks its models on
a fifth of the rows to learn from, and the winner learns again). A method is a process of its own, from
its start to its end; CPU seconds are those of the process and its children, and the ratio is to a
scikit-learn pipeline of logistic or ridge regression. A project is made by `project new` as a learner
makes it. The Titanic table comes from FASTCOMPANION_TEST_DATA, the others from scikit-learn.

Interpreters: FASTCOMPANION_BENCH_FASTAI (fastai), FASTCOMPANION_BENCH_AUTOGLUON (autogluon.tabular) and
FASTCOMPANION_BENCH_FLAML (flaml[automl], lazypredict, scikit-learn); what is not named is installed.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT, Missing, both, call, scratch_folder
from fastcompanion.data import scores
from fastcompanion.data.predictions import Predictions
from fastcompanion.data.scores import Score

SEED, SHARE = 42, 0.2
TITANIC = "titanic"
REFERENCE = "scikit-learn, linear"
NEEDS = {
    "FASTAI": ("fastai>=2.8", "torch", "numpy", "pyyaml"),
    "AUTOGLUON": ("autogluon.tabular==1.6.3",),
    "FLAML": ("flaml[automl]==2.7.0", "lazypredict==0.3.0", "scikit-learn"),
}
#: method -> the environment that it runs in, and its words in the program below or in train.py
PEERS = {
    REFERENCE: ("FLAML", "linear"),
    "LazyPredict, its best": ("FLAML", "lazypredict"),
    "FLAML": ("FLAML", "flaml"),
    "AutoGluon": ("AUTOGLUON", "autogluon"),
}
OURS = {"majority": "OWN", "baseline": "OWN", "linear": "OWN", "model": "FASTAI"}

TABLES_PROGRAM = """
import csv, sys
from pathlib import Path
from sklearn import datasets
for name, load in [("breast cancer", datasets.load_breast_cancer), ("wine", datasets.load_wine),
                   ("iris", datasets.load_iris), ("diabetes", datasets.load_diabetes),
                   ("digits", datasets.load_digits)]:
    found = load()
    names = [str(one).replace(" ", "_").replace("(", "").replace(")", "") for one in found.feature_names]
    with open(Path(sys.argv[1]) / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "target"])
        told = getattr(found, "target_names", None)
        for row, target in zip(found.data.tolist(), found.target.tolist()):
            writer.writerow([*row, target if name in ("diabetes", "digits") else told[target]])
"""
PEER_PROGRAM = """
import sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
method, folder, out, target, kind, limit, id_name = sys.argv[1:]
train, valid = (pd.read_csv(f"{folder}/{name}.csv", dtype={target: float if kind == "number" else str}) for name in ("train", "valid"))
x, y, asked = train.drop(columns=[target]), train[target], valid.drop(columns=[target])
if id_name:
    x, asked = x.drop(columns=[id_name]), asked.drop(columns=[id_name])
is_class = kind == "class"

def few(frame):
    words = frame.select_dtypes(exclude="number").columns
    return frame.drop(columns=[one for one in words if x[one].nunique() > 20])

def linear():
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    steps = make_column_transformer((numbers, make_column_selector(dtype_include="number")),
                                    (words, make_column_selector(dtype_exclude="number")))
    model = make_pipeline(steps, LogisticRegression(max_iter=1000) if is_class else Ridge())
    return model.fit(few(x), y).predict(few(asked))

def lazypredict():
    import contextlib, os
    from lazypredict.Supervised import LazyClassifier, LazyRegressor
    from sklearn.model_selection import train_test_split
    own, other, own_y, other_y = train_test_split(few(x), y, test_size=0.2, random_state=42, stratify=y if is_class else None)
    lazy = (LazyClassifier if is_class else LazyRegressor)(verbose=0, ignore_warnings=True, random_state=42)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        board, _ = lazy.fit(own, other, own_y, other_y)
        best = lazy.models[board.index[0]]
    print(board.index[0])
    return best.fit(few(x), y).predict(few(asked))

def flaml():
    from flaml import AutoML
    model = AutoML()
    model.fit(few(x), y, task="classification" if is_class else "regression", time_budget=10, seed=42, verbose=0, n_jobs=1)
    return model.predict(few(asked))

def autogluon():
    import tempfile
    from autogluon.tabular import TabularPredictor
    with tempfile.TemporaryDirectory() as place:
        model = TabularPredictor(label=target, path=place, verbosity=0)
        model.fit(pd.concat([x, y], axis=1), time_limit=float(limit))
        return model.predict(asked).tolist()

said = {"linear": linear, "lazypredict": lazypredict, "flaml": flaml, "autogluon": autogluon}[method]()
rows = pd.DataFrame({"id": range(1, len(valid) + 1), "truth": valid[target], "prediction": said})
rows.to_csv(out, index=False)
"""


@dataclass(frozen=True)
class Set:
    """A table: its rows, what is predicted, and the metric."""

    name: str
    target: str
    kind: str
    id: str = ""

    @property
    def metric(self) -> str:
        """Name what it is judged by."""
        return "accuracy" if self.kind == "class" else "rmse"


SETS = (
    Set(TITANIC, "Survived", "class", "PassengerId"),
    Set("breast cancer", "target", "class"),
    Set("wine", "target", "class"),
    Set("iris", "target", "class"),
    Set("diabetes", "target", "number"),
    Set("digits", "target", "class"),
)


@dataclass(frozen=True)
class Result:
    """What one method said of one table."""

    method: str
    score: Score
    beside: str
    cpu: float


@contextmanager
def interpreters() -> Iterator[dict[str, Path]]:
    """Give an interpreter for each kind of method; what is not named is installed for the while."""
    with scratch_folder() as folder:
        yield {"OWN": Path(sys.executable)} | {
            name: _interpreter(name, words, folder) for name, words in NEEDS.items()
        }


def _interpreter(name: str, words: Sequence[str], folder: Path) -> Path:
    if named := os.environ.get(f"FASTCOMPANION_BENCH_{name}"):
        return Path(named)
    python = folder / name / "bin" / "python"
    try:
        call([sys.executable, "-m", "venv", "--without-pip", str(folder / name)])
        install = ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
        call([sys.executable, "-m", "uv", *install, *words])
    except (RuntimeError, OSError) as error:
        raise Missing(
            f"{words[0]} can't be installed; name a Python that has it with FASTCOMPANION_BENCH_{name}: {error}"
        ) from error
    return python


def split(rows: list[dict[str, str]], target: str, *, by_class: bool) -> list[bool]:
    """Choose the fifth that is judged, by class; the same each time."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[row[target] if by_class else ""].append(place)
    chance, chosen = random.Random(SEED), set[int]()
    for _, places in sorted(groups.items()):
        chance.shuffle(places)
        chosen |= set(places[: round(len(places) * SHARE)])
    return [place in chosen for place in range(len(rows))]


def write(of: Set, source: Path, folder: Path) -> None:
    """Write train.csv and valid.csv."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    judged = split(rows, of.target, by_class=of.kind == "class")
    folder.mkdir(parents=True)
    for name, wanted in (("train", False), ("valid", True)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(row for row, one in zip(rows, judged, strict=True) if one is wanted)


def ours(
    of: Set, data: Path, root: Path, pythons: dict[str, Path]
) -> dict[str, tuple[Path, float]]:
    """Make a project of a table and run its models; give where each wrote what it said, and CPU seconds."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "FASTCOMPANION_HOME": str(root.parent),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    program = [sys.executable, "-m", "fastcompanion", "project"]
    kind = ["--kind", f"table-{of.kind}", "--target", of.target, "--metric", of.metric]
    call(
        [*program, "new", str(root), "--data", str(data), *kind, "--yes"], env=env, cwd=root.parent
    )
    for step in ("linear", "model"):
        call([*program, "next", step, "--yes", "--project", str(root)], env=env, cwd=root.parent)
    found = {}
    for name, which in OURS.items():
        command = [str(pythons[which]), "train.py", name]
        call([*command, "--fast"], cwd=root, env=env)  # bytecode is written, as after a first try
        _, cpu = both(lambda command=command: call(command, cwd=root, env=env))  # type: ignore[misc]
        found[name] = (root / "runs" / name / "valid.csv", cpu)
    return found


def peers(
    of: Set, data: Path, folder: Path, pythons: dict[str, Path], limit: float
) -> dict[str, tuple[Path, float]]:
    """Run the other methods; give where each wrote what it said, and CPU seconds."""
    found = {}
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    for method, (which, word) in PEERS.items():
        out = folder / f"{word}.csv"
        command = [
            str(pythons[which]),
            "-c",
            PEER_PROGRAM,
            word,
            str(data),
            str(out),
            of.target,
            of.kind,
        ]
        command += [str(limit), of.id]
        _, cpu = both(lambda command=command: call(command, cwd=folder, env=env))  # type: ignore[misc]
        found[method] = (out, cpu)
        print(f"  {method}: {cpu:.1f} CPU s", file=sys.stderr, flush=True)
    return found


def read(path: Path, of: Set, order: Sequence[str]) -> Predictions:
    """Read what a method said; ids are made those of the places in valid.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_id = {row["id"]: row for row in rows}
    names = order if set(order) <= set(by_id) else list(by_id)
    value = str if of.kind == "class" else lambda cell: repr(float(cell))
    kept = [by_id[name] for name in names]
    return Predictions(
        tuple(str(place) for place in range(1, len(kept) + 1)),
        tuple(value(row["truth"]) for row in kept),
        tuple(value(row["prediction"]) for row in kept),
    )


def judged(of: Set, data: Path, found: dict[str, tuple[Path, float]]) -> list[Result]:
    """Score what every method said, and compare it with the naive baseline on the same rows."""
    with (data / "valid.csv").open(encoding="utf-8", newline="") as file:
        valid = list(csv.DictReader(file))
    with (data / "train.csv").open(encoding="utf-8", newline="") as file:
        before = sum(1 for _ in csv.DictReader(file))
    order = [row[of.id] if of.id else str(before + place) for place, row in enumerate(valid, 1)]
    told = {method: read(path, of, order) for method, (path, _) in found.items()}
    naive = told["baseline"]
    results = []
    for method, rows in told.items():
        beside = "" if method == "baseline" else scores.compare(of.metric, naive, rows).verdict
        results.append(Result(method, scores.score(of.metric, rows), beside, found[method][1]))
    assert len({rows.truths for rows in told.values()}) == 1, "every method judges the same rows"
    return results


def on_set(of: Set, tables: Path, pythons: dict[str, Path], limit: float) -> list[Result]:
    """Run every method on one table."""
    print(of.name, file=sys.stderr, flush=True)
    with scratch_folder() as folder:
        write(of, tables / f"{of.name}.csv", folder / "data")
        found = ours(of, folder / "data", folder / "trial", pythons)
        found |= peers(of, folder / "data", folder, pythons, limit)
        return judged(of, folder / "data", found)


def page_of(results: dict[str, list[Result]]) -> str:
    """Write the table: a row for each method, a column for each table."""
    parts = []
    for name, found in results.items():
        reference = next(one.cpu for one in found if one.method == REFERENCE)
        metric = found[0].score.metric
        lines = [
            f"**{name}**: {metric} on {found[0].score.n} rows that no method has seen",
            "",
            f"| method | {metric} | against `baseline` | CPU seconds | ratio |",
            "|---|---|---|---|---|",
        ]
        for one in found:
            label = f"`{one.method}`" if one.method in OURS else one.method
            digits = ".3f" if one.score.direction == "higher" else ".1f"
            value = (
                f"{one.score.value:{digits}} [{one.score.low:{digits}}, {one.score.high:{digits}}]"
            )
            lines.append(
                f"| {label} | {value} | {one.beside} | {one.cpu:.2f} | {one.cpu / reference:.2g}x |"
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def page(names: Sequence[str] = (), limit: float = 60.0) -> str:
    """Measure every method on every table that is here, and write it down."""
    results = {}
    with interpreters() as pythons, scratch_folder() as tables:
        call([str(pythons["FLAML"]), "-c", TABLES_PROGRAM, str(tables)])
        if told := os.environ.get("FASTCOMPANION_TEST_DATA"):
            shutil.copy(Path(told) / "train.csv", tables / f"{TITANIC}.csv")
        for of in SETS:
            if (tables / f"{of.name}.csv").exists() and (not names or of.name in names):
                results[of.name] = on_set(of, tables, pythons, limit)
    return page_of(results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[], choices=[one.name for one in SETS])
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    print(page(given.sets, given.seconds))
