"""The nearest picture: what is known of it is said."""

import json

import data
import nearest
from test_project import planted, right


def test_it_finds_what_was_planted(tmp_path):
    inputs, targets = planted(tmp_path)
    said = nearest.predict(nearest.fit(inputs[:20], targets[:20], seed=1), inputs[20:])
    assert right(said, targets[20:]) == 1


def test_a_picture_is_nearest_to_itself(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    pixels = data.pictures(inputs, nearest.SIZE, grey=True).reshape(len(inputs), -1)
    assert (pixels[nearest.nearest(pixels, pixels)] == pixels).all()
    learned = nearest.fit(inputs, targets, seed=1)
    said = nearest.predict(json.loads(json.dumps(learned)), inputs)
    assert said == nearest.predict(nearest.fit(inputs, targets, seed=1), inputs)
{% if says == "class" %}    assert all(abs(sum(one.values()) - 1) < 1e-9 for one in said)
    assert 0 < learned["trust"] < 1
{% endif %}