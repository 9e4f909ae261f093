"""The score.py of every kind of project and `project score` say the same of the same predictions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock
from fastcompanion.data import naive, predictions, scores
from fastcompanion.data.predictions import Predictions
from fastcompanion.project import families, render

ROWS = 240
SCALE = 2.5
#: of each kind of answer one kind, and those that have a metric of their own
KINDS = ["images-class", "images-labels", "images-points", "segmentation", "text-number", "time-series"]  # fmt: skip
SCRIPT = """
import json, sys, pathlib, score
run = score.read(pathlib.Path("runs/a"))
told = {}
for metric in json.loads(sys.argv[1]):
    score.PROJECT["metric"] = metric
    told[metric] = [float(one) for one in score.scores(run, score.read(pathlib.Path("runs/b")))[:4]]
print(json.dumps(told))
"""


def said(kind: str, skill: float, seed: int) -> Predictions:
    """Make up what a run says: the more skill, the nearer to the truth, which is the same for each seed."""
    truths, chance = clock.rng(1), clock.rng(seed)
    ids = tuple(str(row) for row in range(ROWS))
    makes = naive.says(kind)
    if makes == "class":
        classes = "abc"
        truth = [truths.choice(classes) for _ in ids]
        told = [one if chance.random() < skill else chance.choice(classes) for one in truth]
        shares = {f"share:{name}": tuple(0.7 if one == name else 0.15 for one in told) for name in classes}  # fmt: skip
        return Predictions(ids, tuple(truth), tuple(told), numbers=shares)
    if makes == "labels":
        drawn = [[name for name in "abcd" if truths.random() < 0.4] for _ in ids]
        kept = [[n for n in "abcd" if (n in one) == (chance.random() < skill)] for one in drawn]
        shares = {f"share:{n}": tuple(0.8 if n in one else 0.2 for one in kept) for n in "abcd"}
        return Predictions(ids, tuple(map("|".join, drawn)), tuple(map("|".join, kept)), numbers=shares)  # fmt: skip
    if makes == "mask":
        columns: dict[str, list[float]] = {
            f"{n}:{of}": [] for of in ("sky", "sea") for n in ("hit", "extra", "lost")
        }
        for _ in ids:
            hits = [truths.randrange(20, 60), truths.randrange(5, 40)]
            lost = [round((1 - skill) * chance.randrange(40)), round((1 - skill) * chance.randrange(40))]  # fmt: skip
            for place, name in enumerate(("sky", "sea")):
                columns[f"hit:{name}"].append(float(hits[place]))
                columns[f"lost:{name}"].append(float(lost[place]))
                columns[f"extra:{name}"].append(float(lost[1 - place]))
        return Predictions(ids, ("sky",) * ROWS, ("sky",) * ROWS, numbers={n: tuple(c) for n, c in columns.items()})  # fmt: skip
    width = 4 if makes == "points" else 1
    near = [[truths.uniform(1, 50) for _ in range(width)] for _ in ids]
    told_ = [[abs(one + chance.gauss(0, 10 * (1 - skill) + 1)) for one in row] for row in near]
    cells = [tuple(" ".join(map(repr, row)) for row in table) for table in (near, told_)]
    return Predictions(ids, cells[0], cells[1])


def answers(kind: str) -> dict[str, Any]:
    return {
        "name": "trial", "kind": kind, "target": "label", "group": "", "metric": families.METRICS[kind][0], "metric_why": "",
        "direction": "higher", "split": "", "split_why": "", "final_rows": 0, "rows": ROWS, "seed": 42, "about": "", "source": "",
        "notes": [], "files": [], "middle": "mean", "scale": SCALE if kind == "time-series" else None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_both_say_the_same(kind: str, tmp_path: Path) -> None:
    for name, text in render.texts(answers(kind), {"score.py": "score.py", "project.yml": "project.yml"}).items():  # fmt: skip
        (tmp_path / name).write_text(text)
    runs = {"a": said(kind, 0.8, 2), "b": said(kind, 0.6, 3)}
    for name, rows in runs.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "valid.csv").write_text(predictions.to_text(rows))
    fitting = [metric for metric in families.METRICS[kind] if metric != "auc"]
    words = [sys.executable, "-c", SCRIPT, json.dumps(fitting)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for metric, (value, low, high, moved) in json.loads(done.stdout).items():
        how: Any = {"ordered": kind == "time-series", "scale": SCALE if kind == "time-series" else 1.0}  # fmt: skip
        ours = scores.score(metric, runs["a"], **how)
        beside = scores.compare(metric, runs["b"], runs["a"], **how)
        assert value == pytest.approx(ours.value), metric
        assert moved == pytest.approx(beside.difference), metric
        width = ours.high - ours.low
        assert low == pytest.approx(ours.low, abs=0.2 * width), metric
        assert high == pytest.approx(ours.high, abs=0.2 * width), metric
