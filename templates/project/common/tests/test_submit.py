"""The submission: what is wrong with it is said before it is written."""

import csv

import data
import pytest
import submit
import train


@pytest.fixture(autouse=True)
def sample(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(train, "HERE", tmp_path)
    monkeypatch.setattr(train, "find", lambda name: __import__(name))


def good():
    ids, inputs = data.test()
    _, learned_from, targets = data.load()
    model = __import__("majority")
{% if says == "labels" %}    known = {label for target in targets for label in target}
{% endif %}    said = model.predict(model.fit(learned_from, targets, 1), inputs)
    header, rows = submit.table(ids, said, sorted({{ "known" if says == "labels" else "set(targets), key=str" }}))
    return header, rows, {{ "known" if says == "labels" else "set(targets)" }}


def test_it_is_written_as_asked_for(tmp_path):
    submit.main("majority")
    with (tmp_path / "submission.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    asked = submit.sample()
    assert [row[0] for row in rows[1:]] == ([row[0] for row in asked[1:]] or data.test()[0])
    assert not asked or rows[0] == asked[0]
{% if says != "labels" %}    assert all(row[1] for row in rows[1:])
{% endif %}

def test_a_good_one_can_go():
    assert submit.wrong(*good()) == ""


@pytest.mark.parametrize("spoil", [
    lambda rows: rows[:-1],
    lambda rows: rows[::-1],
    lambda rows: [[row[0], "nan"] for row in rows],
{% if says != "labels" %}    lambda rows: [[row[0], ""] for row in rows],
{% endif %}    lambda rows: [[*row, "more"] for row in rows],
    lambda rows: [["no such id", *rows[0][1:]], *rows[1:]],
])
def test_a_bad_one_is_named(spoil):
    header, rows, known = good()
    assert submit.wrong(header, spoil(rows), known) != ""
