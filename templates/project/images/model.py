"""The first fastai model: a network that has seen a million photographs learns from your pictures (vision_learner).

`arch` and `pretrained` stand in project.yml. With `pretrained: false` it begins with noise: that needs many more
pictures, so it is never done unless you say so. What was learned is names, numbers and tensors: predict()
builds the network again from them, and nothing is pickled. devices.py says on what it runs.
"""

import sys

import numpy as np
import torch
import torchvision
import yaml
from fastai.callback import schedule  # noqa: F401  gives a Learner fine_tune() and fit_one_cycle()
from fastai.data.block import {% if says == "class" %}CategoryBlock, DataBlock, TransformBlock{% elif says == "labels" %}DataBlock, MultiCategoryBlock, TransformBlock{% elif says == "number" %}DataBlock, RegressionBlock, TransformBlock{% else %}DataBlock, TransformBlock{% endif %}
from fastai.data.transforms import IntToFloatTensor, ItemGetter, Normalize
from fastai.layers import ConvLayer
from fastai.torch_core import set_seed
{% if says != "number" %}from fastai.vision.augment import aug_transforms
{% endif %}from fastai.vision.core import PILImage
{% if says == "points" %}from fastai.vision.data import PointBlock
{% endif %}from fastai.vision.learner import create_body, create_vision_model, model_meta, vision_learner
from torch import nn

import data
import weights
from devices import batch, device, together

PROJECT = yaml.safe_load((data.HERE / "project.yml").read_text(encoding="utf-8"))
ARCH, PRETRAINED = PROJECT["arch"], PROJECT["pretrained"]
SETTINGS = {"arch": ARCH, "pretrained": PRETRAINED}  # noted with each run
EPOCHS, RATE, BATCH, SIDE = {{ "(4 if PRETRAINED else 20)" if says in ("class", "labels") else "(8 if PRETRAINED else 40)" }}, {{ "2e-3" if says in ("class", "labels") else "(3e-3 if PRETRAINED else 1e-2)" }}, 64, 128  # pictures at a time, and how wide they are at most
if "--fast" in sys.argv:  # to see whether it runs
    EPOCHS = 1
MEAN, SPREAD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of the colours of ImageNet, which networks were made with


def fit(inputs, targets, seed):
    start = weights.find(ARCH) if PRETRAINED else None  # says what is missing before anything is done
    set_seed(seed, reproducible=True)
{% if says == "class" %}    learned = {"arch": ARCH, "size": side(inputs), "classes": sorted(set(targets))}
{% elif says == "labels" %}    learned = {"arch": ARCH, "size": side(inputs), "labels": sorted({label for found in targets for label in found})}
{% elif says == "number" %}    learned = {"arch": ARCH, "size": side(inputs), "scale": [float(np.mean(targets)), float(np.std(targets)) or 1.0]}
{% else %}    learned = {"arch": ARCH, "size": side(inputs), "numbers": len(targets[0])}
{% endif %}    learner = vision_learner(loaders(learned, inputs, targets), network(ARCH), pretrained=False, normalize=False, n_out=outputs(learned){% if says == "points" %}, y_range=(-1, 1){% endif %})
    if start:
        learner.model[0].load_state_dict(body(start).state_dict())
    with learner.no_bar(), learner.no_logging(), together(learner):
        if start:
            learner.fine_tune(EPOCHS, RATE)  # first the new last layers, then all
        else:
            learner.fit_one_cycle(EPOCHS, RATE)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    model = create_vision_model(network(learned["arch"]), outputs(learned), pretrained=False{% if says == "points" %}, y_range=(-1, 1){% endif %})
    model.load_state_dict(learned["weights"])
    model.to(device()).eval()
    said = []
    with torch.no_grad():
        for start in range(0, len(inputs), BATCH):
            pixels = data.pictures(inputs[start : start + BATCH], learned["size"])
            colours = (torch.tensor(pixels / 255, dtype=torch.float32) - torch.tensor(MEAN)) / torch.tensor(SPREAD)
            said += model(colours.permute(0, 3, 1, 2).contiguous().to(device())).{% if says == "class" %}softmax(1).{% elif says == "labels" %}sigmoid().{% endif %}cpu().tolist()
{% if says in ("class", "labels") %}    return [dict(zip(learned["{{ "classes" if says == "class" else "labels" }}"], shares, strict=True)) for shares in said]
{% elif says == "number" %}    mean, spread = learned["scale"]
    return [number * spread + mean for (number,) in said]
{% else %}    return [(((np.array(one) + 1) / 2).reshape(-1, 2) * data.sides(path)).ravel().tolist() for one, path in zip(said, inputs, strict=True)]
{% endif %}

def loaders(learned, inputs, targets):
    """fastai's DataLoaders. It wants rows to validate on: train.py does that, so one row has to do."""
    size = learned["size"]
    block = DataBlock(
        blocks=(TransformBlock(lambda path: PILImage.create(data.pictures([path], size)[0]), batch_tfms=IntToFloatTensor), {% if says == "class" %}CategoryBlock(learned["classes"]){% elif says == "labels" %}MultiCategoryBlock(vocab=learned["labels"]){% elif says == "number" %}RegressionBlock(1){% else %}PointBlock{% endif %}),
        get_x=ItemGetter(0), get_y=ItemGetter(1), splitter=lambda rows: (range(len(rows)), [0]),
        batch_tfms=[*changes(), Normalize.from_stats(MEAN, SPREAD)],
    )  # fmt: skip
{% if says == "number" %}    mean, spread = learned["scale"]
    targets = [(target - mean) / spread for target in targets]
{% elif says == "labels" %}    targets = [list(labels) for labels in targets]  # of a tuple fastai would take each item for a target
{% elif says == "points" %}    targets = [(np.array(points).reshape(-1, 2) / data.sides(path) * size).tolist() for points, path in zip(targets, inputs, strict=True)]
{% endif %}    return block.dataloaders(list(zip(inputs, targets, strict=True)), bs=batch(len(inputs), BATCH), drop_last=False, num_workers=0, device=device())


def changes():
    """How pictures are changed a little each time they are seen{% if says == "number" %}: not at all, as size, place or light may be what the number comes from{% else %}. Not mirrored: letters, signs and hands would be others{% endif %}."""
{% if says == "number" %}    return []
{% else %}    return aug_transforms(do_flip=False)
{% endif %}

def side(inputs):
    """How wide and high the network sees pictures: about as they mostly are. Pretrained ones need 64 at least."""
    middle = np.median([max(data.opened(path).size) for path in inputs[:100]])
    return int(np.clip(np.ceil(middle / 32) * 32, 64 if PRETRAINED else 32, SIDE))


def outputs(learned):
    return {% if says == "class" %}len(learned["classes"]){% elif says == "labels" %}len(learned["labels"]){% elif says == "number" %}1{% else %}learned["numbers"]{% endif %}


def network(name):
    """The architecture of a name: `small`, or one of torchvision's, such as resnet34."""
    return small if name == "small" else torchvision.models.get_model_builder(name)


def small(**how):
    """A network for beginning with nothing: each layer sees half as far, twice as much."""
    layers = [ConvLayer(one, other, stride=2) for one, other in ((3, 16), (16, 32), (32, 64), (64, 128))]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def body(path):
    """All but the last layers of a network with the weights that lie in a file."""
    whole = network(ARCH)()
    whole.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return create_body(whole, pretrained=False, cut=model_meta.get(network(ARCH), {}).get("cut"))

