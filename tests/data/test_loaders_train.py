"""The loader cells run: every label is the one that whoever made the data knows, and an epoch is trained."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.data import folds, loaders, loaders_files, look, naive, predictions, scores, task
from fastcompanion.data.task import Task
from tests.data import awkward
from tests.data.awkward import Made

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    defaults = pytest.importorskip("fastai.data.all").defaults
    torch.set_num_threads(1)
    monkeypatch.setattr(defaults, "cpus", 0)


def run(
    made: Made, place: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Task, dict[str, Any], str]:
    """Run the loader cell as the notebook would; give its names and the cell that writes predictions."""
    said = {"target": made.said.get("target", ""), "kind": made.said.get("kind", "")}
    found = task.make(
        task.Wanted(made.path, **said),
        look.look(made.path, target=said["target"], kind=said["kind"]),
    )
    cells = loaders.cells(found, f"Path({str(made.path)!r})", "nb.repeat")
    folder = place / "nb.repeat"
    folder.mkdir()
    folds.write(folder, found.split)
    if loaders_files.needs_list(found):
        listed = loaders_files.listed_labels(found)
        (folder / loaders_files.LISTED).write_text(
            "id,label\n" + "".join(f"{k},{v}\n" for k, v in listed.items())
        )
    monkeypatch.chdir(place)
    names: dict[str, Any] = {}
    exec(compile(cells.loader, "loader cell", "exec"), names)
    return found, names, cells.predictions


def labels(found: Task, names: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Give what the DataLoaders hold as the label of each row, of those to learn from and to validate on."""
    dls = names["dls"]
    if "to" in names:
        return _tabular(found, dls)
    vocab = getattr(dls, "vocab", None)
    vocab = dls.vocab[1] if found.kind == "text-class" else vocab
    return tuple(
        [_label(found, one[1], vocab) for one in ds] for ds in (dls.train_ds, dls.valid_ds)
    )  # type: ignore[return-value]


def _tabular(found: Task, dls: Any) -> tuple[list[Any], list[Any]]:
    told = [ds.ys.iloc[:, 0].tolist() for ds in (dls.train_ds, dls.valid_ds)]
    if found.kind == "table-class":
        told = [[dls.vocab[int(one)] for one in part] for part in told]
    return told[0], told[1]


def _label(found: Task, y: Any, vocab: Any) -> Any:
    says = naive.says(found.kind)
    if says == "class":
        return vocab[int(y)]
    if says == "labels":
        return {name for name, on in zip(vocab, y.tolist(), strict=True) if on}
    if says == "number":
        return float(y)
    if says == "points":
        return y
    import numpy as np

    return np.array(y)


def truth(found: Task, cell: str) -> Any:
    says = naive.says(found.kind)
    if says == "labels":
        return set(filter(None, cell.split("|")))
    return float(cell) if says == "number" else cell


def same(one: Any, other: Any) -> bool:
    return one == pytest.approx(other, rel=1e-5) if isinstance(other, float) else bool(one == other)


def ids_of(names: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Give the ids in the order of the DataLoaders, those to learn from first."""
    if "ids" in names:
        chosen = names["part"] == names["FOLD"]
        return names["ids"][~chosen].tolist(), names["ids"][chosen].tolist()
    df = names["df"]
    return df.loc[~df["is_valid"], "id"].tolist(), df.loc[df["is_valid"], "id"].tolist()


MASKS = [one for one in awkward.SETS if "masks" in one.__name__]
POINTS = [awkward.centres, awkward.centre_files]
PLAIN = [one for one in awkward.SETS if one not in (*MASKS, *POINTS)]


@pytest.mark.parametrize("make", PLAIN, ids=lambda one: one.__name__)
def test_every_row_has_its_label_and_its_side_of_the_split(
    make: Callable[[Path], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(tmp_path / "data")
    found, names, _ = run(made, tmp_path, monkeypatch)
    fold = found.split.folds[0]
    learned, judged = ids_of(names)
    assert names["valid_ids"] == judged
    assert sorted(judged) == sorted(found.split.of(fold))
    if found.kind != "time-series":  # the first rows of a series have no lags
        assert sorted(learned) == sorted(found.split.trained_on(fold))
        assert set(learned) | set(judged) == set(made.truths)
    for ids, told in zip((learned, judged), labels(found, names), strict=True):
        assert len(ids) == len(told) > 0
        wrong = {
            i: (t, made.truths[i])
            for i, t in zip(ids, told, strict=True)
            if not same(t, truth(found, made.truths[i]))
        }
        assert not wrong


@pytest.mark.parametrize("make", POINTS, ids=lambda one: one.__name__)
def test_points_lie_where_they_were_set(
    make: Callable[[Path], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    made = make(tmp_path / "data")
    found, names, _ = run(made, tmp_path, monkeypatch)
    dls = names["dls"]
    for ids, ds, dl in zip(
        ids_of(names),
        (dls.train_ds, dls.valid_ds),
        (dls.train.new(shuffle=False, drop_last=False), dls.valid),
        strict=True,
    ):
        scaled = [points for batch in dl for points in batch[1]]
        assert len(ids) == len(ds) == len(scaled)
        for name, (_, own), seen in zip(ids, ds, scaled, strict=True):
            wanted = list(map(float, made.truths[name].split()))
            assert own.flatten().tolist() == pytest.approx(wanted)
            width, height = Image.open(made.path / name).size
            pixels = [v for x, y in ((seen + 1) / 2).tolist() for v in (x * width, y * height)]
            assert pixels == pytest.approx(wanted, abs=1e-3)
    assert sorted(ids_of(names)[1]) == sorted(found.split.of(found.split.folds[0]))


@pytest.mark.parametrize("make", MASKS, ids=lambda one: one.__name__)
def test_every_pixel_has_its_class(
    make: Callable[[Path], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    made = make(tmp_path / "data")
    found, names, _ = run(made, tmp_path, monkeypatch)
    assert found.masks is not None
    dls, values = names["dls"], list(found.masks.values)
    assert len(names["codes"]) == len(values)
    for ids, ds in zip(ids_of(names), (dls.train_ds, dls.valid_ds), strict=True):
        assert len(ids) == len(ds)
        for name, (_, mask) in zip(ids, ds, strict=True):
            wanted = [values.index(int(v)) for v in made.truths[name].split()]
            assert np.array(mask).flatten().tolist() == wanted
    batch = dls.one_batch()
    assert batch[1].max() == len(values) - 1


def learner(found: Task, names: dict[str, Any]) -> Any:
    """Make the smallest model that fastai has for the kind, from scratch."""
    import torch
    from fastai.collab import collab_learner
    from fastai.tabular.all import tabular_learner
    from fastai.text.all import AWD_LSTM, awd_lstm_clas_config, text_classifier_learner
    from fastai.vision.all import Learner, get_c
    from torch import nn

    dls, y_range, says = names["dls"], names.get("y_range"), naive.says(found.kind)
    if found.kind == "ratings":
        return collab_learner(dls, n_factors=5, y_range=y_range)
    if "to" in names:
        return tabular_learner(dls, layers=[20], y_range=y_range)
    if found.kind.startswith("text"):
        config = awd_lstm_clas_config | {"emb_sz": 8, "n_hid": 8, "n_layers": 1}
        more = {"y_range": y_range, "n_out": 1} if says == "number" else {}
        return text_classifier_learner(dls, AWD_LSTM, config=config, pretrained=False, **more)
    if says == "mask":
        return Learner(
            dls,
            nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, len(names["codes"]), 1)
            ),
        )
    outputs = (
        {"number": 1, "points": get_c(dls)}[says]
        if says in ("number", "points")
        else len(dls.vocab)
    )
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(128, outputs),
    )

    class Ranged(nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            low, high = y_range  # type: ignore[misc]
            return torch.sigmoid(x) * (high - low) + low

    return Learner(dls, nn.Sequential(body, Ranged()) if y_range else body)


@pytest.mark.parametrize("make", awkward.SETS, ids=lambda one: one.__name__)
def test_an_epoch_is_trained_and_what_the_model_says_is_written_down(
    make: Callable[[Path], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(tmp_path / "data")
    found, names, last = run(made, tmp_path, monkeypatch)
    learn = learner(found, names)
    before = [one.detach().clone() for one in learn.model.parameters()]
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, lr=1e-3)
        names["learn"] = learn
        exec(compile(last, "last cell", "exec"), names)
    assert any(
        (one != old).any() for one, old in zip(learn.model.parameters(), before, strict=True)
    )
    file = tmp_path / "nb.repeat" / f"mine-{found.split.folds[0]}.csv"
    mine = predictions.from_text(file.read_text(encoding="utf-8"), file)
    assert sorted(mine.ids) == sorted(found.split.of(found.split.folds[0]))
    naive_rows = found.best.predictions.taken(mine.ids)
    if naive.says(found.kind) != "mask":
        for name, said in zip(mine.ids, mine.truths, strict=True):
            wanted = truth(found, made.truths[name])
            if naive.says(found.kind) == "points":
                assert list(map(float, said.split())) == pytest.approx(
                    list(map(float, str(wanted).split())), abs=1e-2
                )
            else:
                assert same(truth(found, said), wanted)
    else:
        known = naive_rows.pixels("hit"), naive_rows.pixels("lost")
        for name, hit in mine.pixels("hit").items():
            area = [h + e for h, e in zip(hit, mine.pixels("lost")[name], strict=True)]
            assert area == [h + e for h, e in zip(known[0][name], known[1][name], strict=True)]
    judged = scores.score(found.metric.name, mine, ordered=found.ordered, scale=found.scale)
    assert judged.n == len(mine) > 0


def test_images_learn_what_is_plain_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a few numbers beats the majority when labels belong to their images."""
    found, names, last = run(awkward.class_folders(tmp_path / "data"), tmp_path, monkeypatch)
    from fastai.vision.all import Learner, set_seed
    from torch import nn

    set_seed(1)
    learn = Learner(
        names["dls"],
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(3), nn.Linear(3, 3)),
    )
    with learn.no_bar(), learn.no_logging():
        learn.fit(12, lr=0.1)
        names["learn"] = learn
        exec(compile(last, "last cell", "exec"), names)
    file = tmp_path / "nb.repeat" / "mine-valid.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    mine = predictions.from_text(file.read_text(encoding="utf-8"), file)
    compared = scores.compare("accuracy", found.firsts[-1].predictions.taken(mine.ids), mine)
    assert compared.verdict == "better"
    assert len(rows) == 18
