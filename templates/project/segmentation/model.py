"""The first fastai model: a U-Net whose way down has seen a million photographs (unet_learner).

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
from fastai.data.block import DataBlock, TransformBlock
from fastai.data.transforms import IntToFloatTensor, ItemGetter, Normalize
from fastai.layers import ConvLayer
from fastai.torch_core import set_seed
from fastai.vision.augment import aug_transforms
from fastai.vision.core import PILImage, PILMask
from fastai.vision.learner import create_body, create_unet_model, model_meta, unet_learner
from torch import nn
from torch.nn import functional

import data
import weights
from devices import batch, device, together

PROJECT = yaml.safe_load((data.HERE / "project.yml").read_text(encoding="utf-8"))
ARCH, PRETRAINED = PROJECT["arch"], PROJECT["pretrained"]
SETTINGS = {"arch": ARCH, "pretrained": PRETRAINED}  # noted with each run
EPOCHS, RATE, BATCH, SIDE = (8 if PRETRAINED else 30), 1e-3, 8, 128  # pictures at a time, and how wide they are at most
if "--fast" in sys.argv:  # to see whether it runs
    EPOCHS = 1
MEAN, SPREAD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of the colours of ImageNet, which networks were made with
FINE = 512  # pixels of the longer side that classes are told apart on; larger pictures get what is next to them


def fit(inputs, targets, seed):
    start = weights.find(ARCH) if PRETRAINED else None  # says what is missing before anything is done
    set_seed(seed, reproducible=True)
    learned = {"arch": ARCH, "size": side(inputs), "classes": list(data.CLASSES)}
    learner = unet_learner(loaders(learned, inputs, targets), network(ARCH), pretrained=False, normalize=False, n_out=len(data.CLASSES), loss_func=loss)
    if start:
        learner.model[0].load_state_dict(body(start).state_dict())
    with learner.no_bar(), learner.no_logging(), together(learner):
        if start:
            learner.fine_tune(EPOCHS, RATE)  # first the way up, then all
        else:
            learner.fit_one_cycle(EPOCHS, RATE)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    where, size = device(), learned["size"]
    model = create_unet_model(network(learned["arch"]), len(learned["classes"]), (size, size), pretrained=False)
    model.load_state_dict(learned["weights"])
    model.eval().to(where)
    for path in inputs:
        shape = data.shape(path)
        with torch.no_grad():
            said = functional.interpolate(model(seen(path, size)[None].to(where)), data.fitted(shape, FINE), mode="bilinear")
        yield data.resized(said[0].argmax(0).cpu().numpy(), shape)


def seen(path, size):
    """A picture as the network sees it when nothing is changed."""
    pixels = torch.tensor(data.picture(path, (size, size))).permute(2, 0, 1) / 255
    return (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]


def loss(said, truth):
    """The log loss of all pixels that have a class."""
    said, truth = said.as_subclass(torch.Tensor), truth.as_subclass(torch.Tensor).long()
    known = (truth != data.NOTHING).sum().clamp(min=1)
    return functional.cross_entropy(said, truth, ignore_index=data.NOTHING, reduction="sum") / known


def loaders(learned, inputs, targets):
    """fastai's batches, changed a little each time. It wants rows to validate on; train.py does that, so one has to do."""
    shape = (learned["size"], learned["size"])
    block = DataBlock(
        blocks=(
            TransformBlock(lambda path: PILImage.create(data.picture(path, shape)), batch_tfms=IntToFloatTensor),
            TransformBlock(lambda path: PILMask.create(data.resized(data.mask(path), shape)), batch_tfms=IntToFloatTensor),
        ),
        get_x=ItemGetter(0), get_y=ItemGetter(1), splitter=lambda rows: (range(len(rows)), [0]),
        batch_tfms=[*aug_transforms(), Normalize.from_stats(MEAN, SPREAD)],  # mirrored too: aug_transforms(do_flip=False) where sides matter
    )  # fmt: skip
    return block.dataloaders(list(zip(inputs, targets, strict=True)), bs=batch(len(inputs), BATCH), drop_last=False, num_workers=0, device=device())


def side(inputs):
    """How wide and high the network sees pictures: about as they mostly are. More than SIDE is finer, and slower."""
    middle = np.median([max(data.shape(path)) for path in inputs[:100]])
    return int(np.clip(np.ceil(middle / 32) * 32, 64, SIDE))


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
