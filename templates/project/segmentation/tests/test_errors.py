"""The pictures that are most wrong come first, and can be looked at."""

import data
import errors
import numpy as np


def row(name, *three):
    """A row of a run: hit, extra and lost pixels of the first two classes."""
    counts = [*three, *[(0, 0, 0)] * (len(data.CLASSES) - len(three))]
    made = {f"{what}:{one}": str(float(count)) for one, told in zip(data.CLASSES, counts, strict=True) for what, count in zip(("hit", "extra", "lost"), told, strict=True)}
    return {"id": name, **made}


ROWS = [row("bad", (2, 6, 0), (2, 0, 6)), row("right", (8, 0, 0), (2, 0, 0)), row("fair", (6, 0, 2), (2, 2, 0))]


def test_the_worst_come_first():
    found = errors.worst(ROWS)
    assert [one["id"] for one in found] == ["bad", "fair", "right"]
    assert [errors.loss(one) for one in found] == [0.6, 0.2, 0]
    assert errors.told(found[0]) == f"60.0% of its pixels are wrong, most of them {data.CLASSES[1]}"
    assert "most" not in errors.told(found[2])


def test_each_class_has_its_share_that_is_right():
    found = {name: (share, lost, extra) for share, lost, extra, name in errors.classes(ROWS)}
    assert found == {data.CLASSES[0]: (16 / 24, 2 / 18, 6 / 22), data.CLASSES[1]: (6 / 14, 6 / 12, 2 / 8)}


def test_the_sheet_shows_a_picture_its_mask_and_what_was_said(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    said = np.zeros(data.shape(inputs[0]), np.uint8)
    told = errors.sheet("<b>", [(row("<b>", (2, 6, 0), (2, 0, 6)), inputs[0], targets[0], said)])
    assert told.count("<img ") == 3
    assert "<b>:" not in told
