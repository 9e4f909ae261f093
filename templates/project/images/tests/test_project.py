"""What has to stay true, tried on the pictures in sample/: no network, no torch, a second or two."""

import json

import numpy as np
import pytest
from PIL import Image

import baseline
import data
import majority

HERE = data.HERE


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")


def test_each_picture_has_an_id_of_its_own_a_file_and_a_target():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    assert all(path.is_file() for path in inputs)
{% if says == "class" %}    assert all(isinstance(target, str) and target for target in targets)
{% elif says == "labels" %}    assert all(target == tuple(sorted(set(target))) and "" not in target for target in targets)
{% elif says == "number" %}    assert all(isinstance(target, float) for target in targets)
{% else %}    assert len({len(target) for target in targets}) == 1, "each picture has as many points"
    assert len(targets[0]) % 2 == 0, "a point has an x and a y"
{% endif %}

@pytest.mark.parametrize("grey", [False, True])
def test_every_picture_becomes_a_square_of_the_same_size(grey):
    pixels = data.pictures(data.load()[1] + data.test()[1], 16, grey)
    assert pixels.shape[1:] == ((16, 16) if grey else (16, 16, 3))
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_form_are_read_alike(mode, tmp_path):
    shades = np.repeat(np.linspace(20, 235, 32), 32).reshape(32, 32)
    grey = Image.fromarray(shades.astype(np.uint8))
    image = Image.fromarray((shades * 257).astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path)
    read = data.picture(path, 8, grey=True).astype(float)
    assert np.abs(read - np.asarray(grey.resize((8, 8), Image.Resampling.BILINEAR))).max() < (64 if mode == "1" else 4)


def test_what_is_transparent_is_white{% if says != "points" %}_and_what_lies_on_its_side_is_turned{% endif %}(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert data.picture(tmp_path / "clear.png", 8).min() == 255
{% if says != "points" %}    image = Image.new("L", (40, 20))
    image.paste(255, (0, 0, 20, 20))
    turned = image.getexif()
    turned[0x0112] = 6  # the camera says: turn it to the right
    image.save(tmp_path / "turned.jpg", exif=turned, quality=95)
    assert data.opened(tmp_path / "turned.jpg").size == (20, 40)
    read = data.picture(tmp_path / "turned.jpg", 8, grey=True)
    assert read[0].min() > 200
    assert read[-1].max() < 50
{% else %}    image = Image.new("L", (40, 20))
    turned = image.getexif()
    turned[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=turned)
    assert data.opened(tmp_path / "turned.jpg").size == data.sides(tmp_path / "turned.jpg") == (40, 20), "points are where they were stored"
{% endif %}

def test_small_pictures_are_kept_and_made_anew_when_one_is_another(tmp_path, monkeypatch):
    """Planted: the folder holds three pictures, and then one of them is painted over."""
    (tmp_path / "files").mkdir()
    cell = "{{ {"class": "a", "labels": "a|b", "number": "1.5", "points": "1.5 2.5"}[says] }}"
    rows = ["id,file," + '"' + data.TARGET.replace('"', '""') + '"', *(f"{place},{place}.png,{cell}" for place in range(3))]
    (tmp_path / "files.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for place in range(3):
        Image.new("L", (20, 10), place * 50).save(tmp_path / "files" / f"{place}.png")
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    monkeypatch.setattr(data, "MANY", 1)
    inputs = data.load()[1]
    first = np.array(data.pictures(inputs, 4, grey=True))
    assert first[:, 0, 0].tolist() == [0, 50, 100]
    data.small.cache_clear()
    assert (data.pictures(inputs[::-1], 4, grey=True) == first[::-1]).all()
    assert len(list(tmp_path.glob("small-4-*"))) == 1
    Image.new("L", (21, 11), 200).save(inputs[0])
    data.small.cache_clear()
    assert data.pictures(inputs, 4, grey=True)[:, 0, 0].tolist() == [200, 50, 100]
    assert len(list(tmp_path.glob("small-4-*"))) == 1
    data.small.cache_clear()


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_can_be_and_are_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = model.predict(learned, inputs)
    assert len(said) == len(inputs)
{% if says == "class" %}    assert all(set(one) == set(targets) and abs(sum(one.values()) - 1) < 1e-6 for one in said)
{% elif says == "labels" %}    assert all(set(one) == {label for labels in targets for label in labels} for one in said)
    assert all(0 <= share <= 1 for one in said for share in one.values())
{% elif says == "number" %}    assert all(min(targets) - 1e-6 <= one <= max(targets) + 1e-6 for one in said)
{% else %}    assert all(len(one) == len(targets[0]) for one in said)
    assert np.isfinite(said).all()
{% endif %}    assert model.predict(model.fit(inputs, targets, seed=1), inputs) == said
    assert model.predict(json.loads(json.dumps(learned)), inputs) == said, "what was learned can be saved"


def planted(folder, count=30):
    """Pictures with a bright square, and what is said of each."""
    inputs, targets = [], []
    for place in range(count):
        left, top = 2 + 14 * (place % 2), 3 + place % 5
        image = Image.new("RGB", (32, 32), (10, place, 30))
        image.paste((250, 240, 230), (left, top, left + 12, top + 12))
        image.save(folder / f"{place}.png")
        inputs.append(folder / f"{place}.png")
{% if says == "class" %}        targets.append(["left", "right"][place % 2])
{% elif says == "labels" %}        targets.append(("right", "square") if place % 2 else ("square",))
{% elif says == "number" %}        targets.append(5.0 if place % 2 else 1.0)
{% else %}        targets.append((left + 6.0, top + 6.0))
{% endif %}    return inputs, targets


def right(said, targets):
    """The share of pictures whose prediction is{% if says in ("number", "points") %} about{% endif %} right."""
{% if says == "class" %}    return np.mean([max(one, key=one.get) == target for one, target in zip(said, targets, strict=True)])
{% elif says == "labels" %}    told = [tuple(label for label, share in sorted(one.items()) if share >= 0.5) for one in said]
    return np.mean([one == target for one, target in zip(told, targets, strict=True)])
{% elif says == "number" %}    return np.mean(np.abs(np.array(said) - targets) < 1)
{% else %}    return np.mean(np.abs(np.array(said) - targets).mean(axis=1) < 5)
{% endif %}

def test_the_baseline_finds_what_was_planted(tmp_path):
    inputs, targets = planted(tmp_path)
    said = baseline.predict(baseline.fit(inputs[:20], targets[:20], seed=1), inputs[20:])
    assert right(said, targets[20:]) == 1


def test_where_pictures_tell_nothing_the_baseline_says_what_is_usual(tmp_path):
    """Planted: what is said of the pictures has nothing to do with them."""
    inputs, targets = planted(tmp_path)
    blank = tmp_path / "blank.png"
    Image.new("RGB", (32, 32)).save(blank)
    usual = majority.predict(majority.fit(inputs, targets, 1), [blank])[0]
    said = baseline.predict(baseline.fit([blank] * len(targets), targets, 1), [blank])[0]
{% if says == "class" %}    assert said == pytest.approx(usual)
{% elif says == "labels" %}    assert "square" in [label for label, share in said.items() if share >= 0.5 and usual[label] >= 0.5]
{% else %}    assert said == pytest.approx(usual, rel=0.05)
{% endif %}
