"""Several processes learn as one: with real processes on the CPU, started as the learner would start them."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.data import folds, predictions
from fastcompanion.project import growing
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("fastai", "accelerate")),
        reason="fastai or accelerate is not installed",
    ),
]
ROWS, EPOCHS, PROCESSES = 151, 3, 2
#: Fits as train.py does, and keeps what was learned and which rows were read: once as it is, for one step with
#: all rows in one batch, then by plain descent, whose batches do not come out even.
DRIVER = """
import json, os, sys
import torch
from fastai.optimizer import SGD
import data, model

place, rank, (rows, epochs) = sys.argv[1], os.environ.get("RANK", "0"), map(int, sys.argv[2:])
seen, DataLoader, Learner = [], model.DataLoader, model.Learner

class Rows(list):
    def __getitem__(self, row):
        if isinstance(row, int):
            seen.append(row)
        return super().__getitem__(row)

def descent(*told, **more):
    return Learner(*told, **{**more, "opt_func": SGD})

model.DataLoader = lambda items, **told: DataLoader(Rows(items) if len(items) > 1 else items, **told)
_, inputs, targets = data.load()
for name, model.EPOCHS, model.BATCH, model.Learner in (("step", 1, 160, Learner), ("descent", epochs, 40, descent)):
    seen.clear()
    learned = model.fit(inputs[:rows], targets[:rows], 1)
    torch.save(learned["weights"], f"{place}-{name}-{rank}.pt")
    with open(f"{place}-{name}-{rank}.json", "w") as file:
        json.dump(seen, file)
"""
KINDS: dict[str, Callable[[Path], Path]] = {
    "number": lambda p: folders.table(p / "a.csv", folders.HOUSE_NAMES, folders.houses()),
    "three classes": lambda p: folders.table(p / "a.csv", folders.FLOWER_NAMES, folders.flowers(ROWS)),
}  # fmt: skip


def grown(data: Path, root: Path) -> Project:
    """Make a project that has got as far as the first fastai model."""
    project = made.project(data, root)
    growing.take(project, growing.where(project, "model"))
    growing.take(project, growing.where(project, "saved"))
    return project


def launched(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the project in several processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launch = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", str(PROCESSES), "--num_machines", "1"]  # fmt: skip
    plain = ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", port]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *launch, *plain, *words],
        cwd=project.root,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def weights(place: Path, name: str, rank: int = 0) -> dict[str, object]:
    import torch

    loaded = torch.load(f"{place}-{name}-{rank}.pt", weights_only=True)
    assert isinstance(loaded, dict)
    return loaded


def seen(place: Path, name: str, rank: int = 0) -> list[int]:
    found = json.loads(Path(f"{place}-{name}-{rank}.json").read_text())
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_what_one_does(kind: str, tmp_path: Path) -> None:
    import torch

    (tmp_path / "data").mkdir()
    project = grown(KINDS[kind](tmp_path / "data"), tmp_path / "trial")
    (project.root / "driver.py").write_text(DRIVER)
    one, two = tmp_path / "one", tmp_path / "two"
    made.script(project, "-W", "ignore", "driver.py", str(one), str(ROWS), str(EPOCHS))
    launched(project, "driver.py", str(two), str(ROWS), str(EPOCHS))
    for name, epochs, close in (("step", 1, 1e-5), ("descent", EPOCHS, 1e-5)):
        alone = weights(one, name)
        for rank in range(PROCESSES):
            together = weights(two, name, rank)
            assert set(together) == set(alone)
            for part, tensor in alone.items():
                torch.testing.assert_close(together[part], tensor, atol=close, rtol=1e-4)
        hands = [seen(two, name, rank) for rank in range(PROCESSES)]
        assert Counter(hands[0] + hands[1]) == Counter(dict.fromkeys(range(ROWS), epochs))
        assert all(0 < len(hand) < ROWS * epochs for hand in hands), "each has its share"
        assert seen(one, name) != sorted(seen(one, name)), "rows are shuffled"
    start = weights(one, "step")
    assert any(
        not torch.equal(start[part], tensor) for part, tensor in weights(one, "descent").items()
    )


def test_training_and_saving_run_unchanged(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    project = grown(KINDS["number"](tmp_path / "data"), tmp_path / "trial")
    made.change(project.root / "model.py", "EPOCHS, RATE, LAYERS, BATCH = 20,", "EPOCHS, RATE, LAYERS, BATCH = 2,")  # fmt: skip
    done = launched(project, "train.py", "model")
    assert done.stdout.count("Next: python score.py") == 1, "one of them writes"
    run, rows = predictions.read(project.runs / "model")
    split = folds.read(project.root)
    assert run.split == split.digest
    assert len(rows) == sum(part != folds.FINAL for part in split.parts.values())
    done = launched(project, "save.py", "model")
    assert done.stdout.count("model.pt") == 1
    assert [path.name for path in (project.runs / "model").iterdir() if path.suffix == ".pt"] == ["model.pt"]  # fmt: skip
