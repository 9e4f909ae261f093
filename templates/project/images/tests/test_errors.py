"""The pictures that are most wrong come first, and can be looked at."""

import data
import errors


def rows():
{% if says == "class" %}    made = [("sure and wrong", "a", "b", 0.1), ("right", "a", "a", 0.9), ("unsure", "a", "b", 0.4)]
    return [{"id": name, "truth": truth, "prediction": said, "share:a": str(share), "share:b": str(1 - share)} for name, truth, said, share in made]
{% elif says == "labels" %}    made = [("sure and wrong", "a|b", "c"), ("right", "a|b", "a|b"), ("unsure", "a|b", "a"), ("none", "", "")]
    return [{"id": name, "truth": truth, "prediction": said} for name, truth, said in made]
{% elif says == "number" %}    made = [("sure and wrong", 1.0, 9.0), ("right", 1.0, 1.0), ("unsure", 1.0, 2.0)]
    return [{"id": name, "truth": str(truth), "prediction": str(said)} for name, truth, said in made]
{% else %}    made = [("sure and wrong", "1.0 2.0", "9.0 2.0"), ("right", "1.0 2.0", "1.0 2.0"), ("unsure", "1.0 2.0", "4.0 6.0")]
    return [{"id": name, "truth": truth, "prediction": said} for name, truth, said in made]
{% endif %}

def test_the_worst_come_first():
    assert [row["id"] for row in errors.worst(rows())][:3] == ["sure and wrong", "unsure", "right"]
{% if says == "points" %}    assert [errors.loss(row) for row in rows()] == [8, 0, 5]
{% elif says == "labels" %}    assert dict(errors.confused(rows())) == {"a": [1, 0, 3], "b": [2, 0, 3], "c": [0, 1, 0]}
{% endif %}

def test_the_sheet_shows_each_of_them_once(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    found = errors.worst(rows())
    told = errors.sheet("<b>", found, dict.fromkeys([row["id"] for row in found], data.load()[1][0]))
    assert told.count("<img ") == len(found)
    assert "<b>" not in told
