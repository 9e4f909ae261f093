"""The rows that are most wrong come first."""

import errors


def rows():
{% if is_class %}    made = [("sure and wrong", "a", "b", 0.1), ("right", "a", "a", 0.9), ("unsure", "a", "b", 0.4)]
    return [{"id": name, "truth": truth, "prediction": said, "share:a": str(share), "share:b": str(1 - share)} for name, truth, said, share in made]
{% else %}    made = [("sure and wrong", 1.0, 9.0), ("right", 1.0, 1.0), ("unsure", 1.0, 2.0)]
    return [{"id": name, "truth": str(truth), "prediction": str(said)} for name, truth, said in made]
{% endif %}

def test_the_worst_come_first():
    assert [row["id"] for row in errors.worst(rows())] == ["sure and wrong", "unsure", "right"]


def test_groups_need_some_rows(monkeypatch):
    seen = {"sure and wrong": {"town": "north"}, "right": {"town": "south"}, "unsure": {"town": "north"}}
    assert errors.hardest(rows(), seen) == []
    monkeypatch.setattr(errors, "LEAST", 1)
    assert [words for _, _, words in errors.hardest(rows(), seen)] == ["town north", "town south"]
