"""From a folder of data to a finished step, with fastai in the kernel of the check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks.check import Asked as Checked
from fastcompanion.course.notebooks import notebook
from fastcompanion.data.task import Wanted
from fastcompanion.flows import checking, repeat
from fastcompanion.flows.repeated import RepeatReport
from tests.data import awkward
from tests.data.awkward import Made

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]

#: what a learner writes between the cells: the shares of a model that is right nine times of ten
MODEL = """
class learn:
    @staticmethod
    def get_preds(dl):
        targs = tensor([int(y) for *_, ys in dl for y in ys.flatten()])
        preds = torch.nn.functional.one_hot(targs, len(dls.vocab)).float()
        preds[::10] = preds[::10].roll(1, dims=1)
        return preds, targs
"""


@pytest.mark.parametrize(
    ("make", "better"),
    [(awkward.competition, True), (awkward.frames, False)],
    ids=["a table", "images that a naive rule tells apart"],
)
def test_a_step_is_finished_when_the_baseline_is_beaten(
    make: Callable[[Path], Made],
    better: bool,
    built_in_study: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("fastai")
    ws = Workspace(built_in_study)
    made = make(built_in_study / "my data")
    asked = repeat.Asked("1", None, Wanted(made.path, metric="balanced accuracy"))
    begun = repeat.make(ws, asked, ask=None, reporter=SILENT)
    path = ws.root / begun.notebook
    for fold in "01":
        names: dict[str, Any] = {}
        monkeypatch.chdir(path.parent)
        for cell in notebook.read(path)["cells"]:
            role = cell["metadata"]["fastcompanion"]["role"]
            if role == "loader":
                exec(cell["source"].replace("FOLD = '0'", f"FOLD = '{fold}'"), names)
                exec(MODEL, names)
            if role == "predictions":
                exec(cell["source"], names)
    monkeypatch.chdir(ws.root)
    report = checking.check(
        ws,
        Checked("1"),
        step="repeat",
        note="right nine times of ten",
        reporter=SILENT,
        record=True,
    )
    assert isinstance(report, RepeatReport)
    told = {item.name: (item.state, item.text) for item in report.items}
    assert told["loaders"][0] == "done", told["loaders"]
    assert "to learn from" in told["loaders"][1]
    assert report.compared is not None
    assert report.score is not None
    assert 0.8 < report.score.value < 0.95
    assert told["model"][0] == ("done" if better else "wrong"), told["model"]
    assert report.finished_step == better
