"""The first fastai model: an embedding for each word, numbers on one scale, two layers (TabularModel).

What fastai's Categorify, FillMissing and Normalize do is written out in learn() and encode(), so that what was
learned is plain data and tensors: it can be saved without pickle. devices.py says on what it runs.
"""

import numpy as np
import torch
from fastai.callback.schedule import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.tabular.model import TabularModel
from fastai.torch_core import set_seed
from torch.nn import functional

from devices import batch, device, together

EPOCHS, RATE, LAYERS, BATCH = 20, 1e-2, [50, 20], 64


def fit(inputs, targets, seed):
    set_seed(seed, reproducible=True)
    learned = learn(inputs, targets)
    words, numbers = encode(learned, inputs)
{% if is_class %}    truth = torch.tensor([learned["classes"].index(target) for target in targets])
{% else %}    mean, spread = learned["scale"]
    truth = torch.tensor([[(target - mean) / spread] for target in targets])
{% endif %}    rows, where = list(zip(words, numbers, truth, strict=True)), device()
    batches = DataLoader(rows, bs=batch(len(rows), BATCH), shuffle=True, device=where)
    # fastai wants rows to validate on; train.py does that, with rows that are never seen here.
    loaders = DataLoaders(batches, DataLoader(rows[:1], bs=1, device=where), device=where)
    learner = Learner(loaders, build(learned), loss_func={{ "functional.cross_entropy" if is_class else "functional.mse_loss" }})
    with learner.no_bar(), learner.no_logging(), together(learner):
        learner.fit_one_cycle(EPOCHS, RATE)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    model = build(learned)
    model.load_state_dict(learned["weights"])
    model.eval()
    with torch.no_grad():
        said = model(*encode(learned, inputs))
{% if is_class %}    return [dict(zip(learned["classes"], shares, strict=True)) for shares in said.softmax(1).tolist()]
{% else %}    mean, spread = learned["scale"]
    return [number * spread + mean for (number,) in said.tolist()]
{% endif %}

def learn(inputs, targets):
    """What has to be known of the columns: words with their places, the middle and the scale of numbers."""
    learned = {"numbers": {}, "words": {}}
    for name in inputs[0]:
        values = [row.get(name) for row in inputs if row.get(name) is not None]
        numbers = [value for value in values if isinstance(value, float)]
        if len(set(numbers)) > 1:  # what never varies would be a giant as soon as it does: it counts as a word
            gaps = len(numbers) < len(inputs)
            learned["numbers"][name] = [float(np.median(numbers)), float(np.mean(numbers)), float(np.std(numbers)) or 1.0, gaps]
        else:
            learned["words"][name] = sorted(set(values))
{% if is_class %}    return learned | {"classes": sorted(set(targets))}
{% else %}    return learned | {"scale": [float(np.mean(targets)), float(np.std(targets)) or 1.0]}
{% endif %}

def encode(learned, inputs):
    """Places of words (0 for missing and unknown), and numbers, with a column for gaps where learning has seen some."""
    places = [{word: place for place, word in enumerate(words, start=1)} for words in learned["words"].values()]
    words = [[known.get(row.get(name), 0) for name, known in zip(learned["words"], places, strict=True)] for row in inputs]
    numbers = []
    for row in inputs:
        values = [(row.get(name), *scale) for name, scale in learned["numbers"].items()]
        numbers.append([((middle if value is None else value) - mean) / spread for value, middle, mean, spread, _ in values])
        numbers[-1] += [float(value is None) for value, *_, gaps in values if gaps]
    return torch.tensor(words, dtype=torch.long).reshape(len(inputs), -1), torch.tensor(numbers, dtype=torch.float32).reshape(len(inputs), -1)


def build(learned):
    """The network; the size of an embedding follows fastai's rule."""
    sizes = [(len(words) + 1, min(600, round(1.6 * (len(words) + 1) ** 0.56))) for words in learned["words"].values()]
    outputs = {{ 'len(learned["classes"])' if is_class else "1" }}
    columns = sum(1 + gaps for *_, gaps in learned["numbers"].values())
    return TabularModel(sizes, columns, outputs, LAYERS)
