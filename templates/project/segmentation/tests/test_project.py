"""What has to stay true, tried on the pictures in sample/: no network, no torch, a second or two."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import baseline
import data
import majority

HERE = Path(data.__file__).parent


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")


def test_each_picture_has_an_id_of_its_own_and_a_mask_of_its_size():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    for path, mask in zip(inputs, targets, strict=True):
        classes = data.mask(mask)
        assert classes.shape == data.shape(path) == data.picture(path).shape[:2]
        assert set(np.unique(classes)) <= {*range(len(data.CLASSES)), data.NOTHING}
    assert all(path.is_file() for path in data.test()[1])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_pictures_of_any_form_are_read_alike(mode, tmp_path):
    shades = np.repeat(np.linspace(20, 235, 32), 32).reshape(32, 32)
    grey = Image.fromarray(shades.astype(np.uint8))
    image = Image.fromarray((shades * 257).astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    image.save(path)
    read = data.picture(path, (8, 8)).astype(float)
    assert read.shape == (8, 8, 3)
    assert np.abs(read - np.asarray(grey.resize((8, 8), Image.Resampling.BILINEAR))[:, :, None]).max() < (64 if mode == "1" else 4)


{% if form == "threshold" %}def test_dark_is_the_first_class_and_light_the_second(tmp_path):
    Image.fromarray(np.array([[0, 100], [140, 255]], np.uint8)).save(tmp_path / "a.png")
    assert data.mask(tmp_path / "a.png").tolist() == [[0, 0], [1, 1]]
{% else %}def painted(codes, path):
    """A mask of one row with these values."""
{% if form == "colour" %}    row = np.array([[[code >> 16, code >> 8 & 255, code & 255] for code in codes]], np.uint8)
    Image.fromarray(row).save(path)
{% elif form == "index" %}    image = Image.fromarray(np.array([codes], np.uint8)).convert("P")
    image.putdata(codes)
    image.save(path)
{% else %}    Image.fromarray(np.array([codes], np.uint8 if max(codes) < 256 else np.uint16)).save(path)
{% endif %}    return path


def test_each_value_of_a_mask_is_a_class_or_nothing(tmp_path):
    classes = data.mask(painted([*data.CODES, *data.UNLABELLED], tmp_path / "a.png"))
    assert classes.tolist() == [[*range(len(data.CLASSES)), *[data.NOTHING] * len(data.UNLABELLED)]]
    assert len(data.CODES) == len(data.CLASSES) == len(set(data.CLASSES))


def test_a_value_that_nobody_knows_is_refused(tmp_path):
    unknown = next(code for code in range(256) if code not in [*data.CODES, *data.UNLABELLED])
    with pytest.raises(SystemExit, match="is no class"):
        data.mask(painted([data.CODES[0], unknown], tmp_path / "a.png"))
{% endif %}

def test_classes_in_another_shape_stay_classes():
    classes = np.array([[0, 1], [data.NOTHING, 0]], np.uint8)
    assert (data.resized(classes, (4, 6)) == classes.repeat(2, axis=0).repeat(3, axis=1)).all()
    assert data.fitted((480, 640), 160) == (120, 160)
    assert data.fitted((1, 9000), 90) == (1, 90)


@pytest.mark.parametrize("model", [majority, baseline])
def test_masks_have_the_size_of_their_pictures_and_are_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = list(model.predict(learned, inputs))
    assert [mask.shape for mask in said] == [data.shape(path) for path in inputs]
    assert all(mask.max() < len(data.CLASSES) for mask in said)
    kept = json.loads(json.dumps(learned))
    assert all((one == other).all() for one, other in zip(said, model.predict(kept, inputs), strict=True)), "what was learned can be saved"


def planted(folder, monkeypatch):
    """Pictures and masks: below is the first class, above the second; one is higher than the others."""
    inputs, masks = [], {}
    for place, height in enumerate((40, 40, 40, 80)):
        path = folder / f"{place}.png"
        Image.new("RGB", (30, height)).save(path)
        masks[path] = np.repeat([[1], [0]], height // 2, axis=0).repeat(30, axis=1).astype(np.uint8)
        inputs.append(path)
    monkeypatch.setattr(data, "mask", masks.get)
    return inputs, masks


def test_the_baseline_knows_what_lies_where(tmp_path, monkeypatch):
    inputs, masks = planted(tmp_path, monkeypatch)
    said = baseline.predict(baseline.fit(inputs, inputs, seed=1), inputs)
    assert all((mask == masks[path]).all() for path, mask in zip(inputs, said, strict=True))


def test_what_has_no_class_is_not_learned_from(tmp_path, monkeypatch):
    inputs, masks = planted(tmp_path, monkeypatch)
    for mask in masks.values():
        mask[: len(mask) // 2] = data.NOTHING
        mask[-1] = 1
    assert majority.fit(inputs, inputs, seed=1) == {"always": 0}
    grid = np.array(baseline.fit(inputs, inputs, seed=1)["grid"])
    assert (grid[: baseline.GRID // 2] == 0).all(), "where nothing was known, the most frequent class is said"
