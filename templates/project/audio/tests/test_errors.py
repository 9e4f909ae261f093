"""The recordings that are most wrong come first, and can be heard."""

import data
import draw
import errors
import numpy as np


def rows():
    made = [("sure and wrong", "a", "b", 0.1), ("right", "a", "a", 0.9), ("unsure", "a", "b", 0.4)]
    return [{"id": name, "truth": truth, "prediction": said, "share:a": str(share), "share:b": str(1 - share)} for name, truth, said, share in made]


def test_the_worst_come_first():
    assert [row["id"] for row in errors.worst(rows())] == ["sure and wrong", "unsure", "right"]


def test_the_page_has_each_of_them_once(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    found = errors.worst(rows())
    files = dict.fromkeys([row["id"] for row in found], data.load()[1][0])
    told = errors.sheet("<b>", found, files)
    assert told.count("<img ") == len(found)
    assert told.count("<audio ") <= len(found)
    assert "<b>" not in told
    monkeypatch.setattr(errors, "LARGEST", 1)
    assert "<audio " not in errors.sheet("", found, files), "a large file would make a page that nothing opens"


def test_a_picture_holds_each_shade():
    shades = np.arange(12, dtype=np.uint8).reshape(3, 4)
    content = draw.png(shades)
    start = content.index(b"IDAT") + 4
    lines = draw.zlib.decompress(content[start : content.index(b"IEND") - 8])
    assert [list(lines[place + 1 : place + 5]) for place in (0, 5, 10)] == shades.tolist()
    assert content[16:24] == b"\0\0\0\4\0\0\0\3", "width and height"
