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
from fastcompanion.flows import projects
from fastcompanion.project import growing, new
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(1200),  # each starts torch several times, on a machine that may be busy
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("fastai", "accelerate")),
        reason="fastai or accelerate is not installed",
    ),
]
ROWS, EPOCHS, PROCESSES = 151, 3, 2
#: Keeps the names of the threads that gloo still has when the program's own end is over: exit handlers run in reverse.
THREADS = """
import atexit, json, os, sys
from pathlib import Path

@atexit.register
def threads():
    every = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
    left = [name.strip() for name in every if "gloo" in name]
    Path(f"{sys.argv[1]}-left-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(left))
"""
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
#: The same for pictures: without the changes and the dropout that each process draws for itself.
PICTURES = """
import json, os, sys
import torch
from fastai.optimizer import SGD
import data, model

place, rank, (rows, epochs) = sys.argv[1], os.environ.get("RANK", "0"), map(int, sys.argv[2:])
seen, pictures, vision_learner = [], data.pictures, model.vision_learner
model.PRETRAINED, model.ARCH, model.changes = False, "small", lambda: []
torch.nn.functional.dropout = lambda pixels, *told, **more: pixels

def counted(paths, size):
    seen.extend(str(path) for path in paths)
    return pictures(paths, size)

def learner(*told, **more):
    made = vision_learner(*told, **more)
    seen.clear()  # fastai looks at the first one to see what it is
    return made

def descent(*told, **more):
    return learner(*told, **{**more, "opt_func": SGD})

data.pictures = counted
_, inputs, targets = data.load()
inputs, targets = inputs[::5][:rows], targets[::5][:rows]
for name, model.EPOCHS, model.BATCH, model.vision_learner in (("step", 1, 40, learner), ("descent", epochs, 16, descent)):
    learned = model.fit(inputs, targets, 1)
    torch.save(learned["weights"], f"{place}-{name}-{rank}.pt")
    with open(f"{place}-{name}-{rank}.json", "w") as file:
        json.dump([inputs.index(type(inputs[0])(path)) for path in seen], file)
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


def both(project: Project, place: Path, rows: int) -> tuple[Path, Path]:
    """Run the driver in one process and in two; give the places of what they kept."""
    one, two = place / "one", place / "two"
    made.script(project, "-W", "ignore", "driver.py", str(one), str(rows), str(EPOCHS))
    launched(project, "driver.py", str(two), str(rows), str(EPOCHS))
    # One that still works when the interpreter goes aborts the program: now and then, on a busy machine.
    assert [seen(two, "left", rank) for rank in range(PROCESSES)] == [[], []]
    return one, two


def same(one: Path, two: Path, name: str) -> None:
    """Hold that every process ended with the weights that one alone has."""
    import torch

    alone = weights(one, name)
    for rank in range(PROCESSES):
        together = weights(two, name, rank)
        assert set(together) == set(alone)
        for part, tensor in alone.items():
            torch.testing.assert_close(together[part], tensor, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_what_one_does(kind: str, tmp_path: Path) -> None:
    import torch

    (tmp_path / "data").mkdir()
    project = grown(KINDS[kind](tmp_path / "data"), tmp_path / "trial")
    (project.root / "driver.py").write_text(THREADS + DRIVER)
    one, two = both(project, tmp_path, ROWS)
    for name, epochs in (("step", 1), ("descent", EPOCHS)):
        same(one, two, name)
        hands = [seen(two, name, rank) for rank in range(PROCESSES)]
        assert Counter(hands[0] + hands[1]) == Counter(dict.fromkeys(range(ROWS), epochs))
        assert all(0 < len(hand) < ROWS * epochs for hand in hands), "each has its share"
        assert seen(one, name) != sorted(seen(one, name)), "rows are shuffled"
    start = weights(one, "step")
    assert any(
        not torch.equal(start[part], tensor) for part, tensor in weights(one, "descent").items()
    )


def test_two_processes_learn_from_pictures_what_one_does(tmp_path: Path) -> None:
    plan = projects.planned(None, "trial", demo="images-class", target="", kind="", metric="")
    new.make(plan, tmp_path / "trial", None)
    project = Project(tmp_path / "trial")
    growing.take(project, growing.where(project, "model"))
    (project.root / "driver.py").write_text(THREADS + PICTURES)
    rows = 35
    one, two = both(project, tmp_path, rows)
    for name, epochs in (("step", 1), ("descent", EPOCHS)):
        same(one, two, name)
        told = Counter(seen(two, name, 0) + seen(two, name, 1))
        # The first picture is also what fastai validates on.
        assert told == Counter(dict.fromkeys(range(rows), epochs)) + Counter(
            {0: PROCESSES * epochs}
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
