"""The first fastai model: a network for pictures looks at the spectrum of each recording (vision_learner).

`arch` and `pretrained` stand in project.yml. What was learned on photographs helps with spectra too. With
`pretrained: false` it begins with noise: that needs many more recordings, so it is never done unless you say so.
What was learned is names, numbers and tensors: predict() builds the network again from them, and nothing is
pickled. devices.py says on what it runs.
"""

import sys

import torch
import torchvision
import yaml
from fastai.callback import schedule  # noqa: F401  gives a Learner fine_tune() and fit_one_cycle()
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.layers import ConvLayer
from fastai.torch_core import set_seed
from fastai.vision.learner import create_body, create_vision_model, model_meta, vision_learner
from torch import nn
from torch.nn import functional

import data
import weights
from devices import batch, device, together

PROJECT = yaml.safe_load((data.HERE / "project.yml").read_text(encoding="utf-8"))
ARCH, PRETRAINED = PROJECT["arch"], PROJECT["pretrained"]
SETTINGS = {"arch": ARCH, "pretrained": PRETRAINED}  # noted with each run
EPOCHS, RATE, BATCH = (6 if PRETRAINED else 20), 2e-3, 32
if "--fast" in sys.argv:  # to see whether it runs
    EPOCHS = 1


def fit(inputs, targets, seed):
    start = weights.find(ARCH) if PRETRAINED else None  # says what is missing before anything is done
    set_seed(seed, reproducible=True)
    learned = {"arch": ARCH, "classes": sorted(set(targets))}
    learner = vision_learner(loaders(learned, inputs, targets), network(ARCH), pretrained=False, normalize=False, n_out=len(learned["classes"]), loss_func=functional.cross_entropy)
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
    model = create_vision_model(network(learned["arch"]), len(learned["classes"]), pretrained=False)
    model.load_state_dict(learned["weights"])
    model.to(device()).eval()
    said = []
    with torch.no_grad():
        for start in range(0, len(inputs), BATCH):
            said += model(pictures(inputs[start : start + BATCH]).to(device())).softmax(1).cpu().tolist()
    return [dict(zip(learned["classes"], shares, strict=True)) for shares in said]


def pictures(inputs):
    """Spectra as pictures of three equal colours, about as bright as those that networks were made with."""
    levels = torch.tensor(data.spectra(inputs))[:, None]
    return ((levels - data.QUIET / 2) / (-data.QUIET / 4)).expand(-1, 3, -1, -1).contiguous()


def loaders(learned, inputs, targets):
    """fastai's DataLoaders. It wants rows to validate on: train.py does that, so one row has to do."""
    truth = torch.tensor([learned["classes"].index(target) for target in targets])
    rows, where = list(zip(pictures(inputs), truth, strict=True)), device()
    batches = DataLoader(rows, bs=batch(len(rows), BATCH), shuffle=True, after_item=changed, device=where)
    return DataLoaders(batches, DataLoader(rows[:1], bs=1, device=where), device=where)


def changed(row):
    """A recording that begins a little earlier or later each time it is heard: what is pushed out comes in again."""
    picture, truth = row
    most = data.FRAMES // 8
    return picture.roll(int(torch.randint(-most, most + 1, ())), dims=2), truth


def network(name):
    """The architecture of a name: `small`, or one of torchvision's, such as resnet34."""
    return small if name == "small" else torchvision.models.get_model_builder(name)


def small(**how):
    """A network for beginning with nothing: each layer hears half as fine, twice as much."""
    layers = [ConvLayer(one, other, stride=2) for one, other in ((3, 16), (16, 32), (32, 64), (64, 128))]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def body(path):
    """All but the last layers of a network with the weights that lie in a file."""
    whole = network(ARCH)()
    whole.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return create_body(whole, pretrained=False, cut=model_meta.get(network(ARCH), {}).get("cut"))
