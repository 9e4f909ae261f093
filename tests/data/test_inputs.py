"""What a model takes of a table: one rule for loader cells and for projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import files, inputs, look, measures, splits, tabular

HEAD = "id,day,size,room,note,always,sold\n"


def test_each_column_gets_a_use_or_a_reason(tmp_path: Path) -> None:
    rows = [
        f"{n},2026-01-{n % 28 + 1:02},{n * 1.5},{n % 3},{'word' + str(n)},x,{n % 2}"
        for n in range(60)
    ]
    (tmp_path / "train.csv").write_text(HEAD + "\n".join(rows) + "\n")
    view = look.view_at(tmp_path, whole=True)
    known = tabular.recognise(view, "sold", "table-class")
    rule = splits.propose(view, known)
    assert rule is not None
    assert inputs.use(view.values["day"]) == "date"
    assert inputs.use(view.values["size"]) == "number"
    assert inputs.use(view.values["room"]) == "word"  # three whole numbers name groups
    told = {
        name: inputs.why_left_out(view, name, role, rule)
        for name, role in known.roles.items()
        if role != "target"
    }
    assert told["size"] == told["room"] == ""
    assert told["day"] == "the split is made by it"
    assert "names rows" in told["id"]
    assert told["always"] == "it is always the same"
    assert told["note"]


def test_a_metric_that_does_not_fit_is_refused_with_the_ones_that_do() -> None:
    for wanted, classes, lowest in (("acuracy", 2, None), ("auc", 3, None), ("rmsle", 0, -1.0)):
        with pytest.raises(CompanionError) as refused:
            measures.chosen(wanted, ("accuracy", "auc", "rmsle"), classes, lowest)
        assert refused.value.code == Exit.USAGE
        assert "--metric" in refused.value.hint


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    folder = files.walk(tmp_path)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(CompanionError) as gone:
        files.whole(folder, "a.csv")
    assert str(gone.value.file).endswith("a.csv")
