"""The first fastai model: the last {{ lags }} moves{% if season > 1 %}, an embedding of the place in the season{% endif %} and two layers (TabularModel), forecast step by step (lags.py).

What was learned is plain data and tensors: it can be saved without pickle. devices.py says on what it learns.
"""

import sys

import numpy as np
import torch
from fastai.callback.schedule import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.tabular.model import TabularModel
from fastai.torch_core import set_seed
from torch.nn import functional

import data
import lags
from devices import batch, device, together

EPOCHS, RATE, LAYERS, BATCH = 40, 5e-3, [50, 20], 32
if "--fast" in sys.argv:  # to see whether it runs
    EPOCHS = 1


def fit(inputs, targets, seed):
    set_seed(seed, reproducible=True)
    seen, moved, start = lags.learn(inputs, targets)
    spread = np.std(seen, axis=0)
    learned = start | {"middle": np.mean(seen, axis=0).tolist(), "spread": np.where(spread == 0, 1.0, spread).tolist()}
    mean, scale = learned["scale"] = [float(np.mean(moved)), float(np.std(moved)) or 1.0]
    steps = range(learned["end"] + 1 - len(seen), learned["end"] + 1)
    truth = torch.tensor([[(move - mean) / scale] for move in moved], dtype=torch.float32)
    rows, where = list(zip(*encode(learned, steps, seen), truth, strict=True)), device()
    batches = DataLoader(rows, bs=batch(len(rows), BATCH), shuffle=True, device=where)
    # fastai wants rows to validate on; train.py does that, with rows that are never seen here.
    loaders = DataLoaders(batches, DataLoader(rows[:1], bs=1, device=where), device=where)
    learner = Learner(loaders, build(learned), loss_func=functional.mse_loss)
    if len(rows) > 1:  # one row has no spread, which BatchNorm needs
        with learner.no_bar(), learner.no_logging(), together(learner):
            learner.fit_one_cycle(EPOCHS, RATE)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    model = build(learned)
    model.load_state_dict(learned["weights"])
    model.eval()
    step, (mean, scale) = learned["end"], learned["scale"]

    def move(seen):
        nonlocal step
        step += 1
        with torch.no_grad():
            return model(*encode(learned, [step], [seen])).item() * scale + mean

    return lags.forecast(learned, inputs, move)


def encode(learned, steps, seen):
    """The place in the season, and what is seen on one scale."""
    places = torch.tensor([[step % data.SEASON] for step in steps])
    return places, torch.tensor((np.array(seen) - learned["middle"]) / learned["spread"], dtype=torch.float32)


def build(learned):
    """The network; the size of the embedding follows fastai's rule."""
    size = min(600, round(1.6 * data.SEASON**0.56))
    return TabularModel([(data.SEASON, size)], len(learned["spread"]), 1, LAYERS)
