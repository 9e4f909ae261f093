"""The first fastai model: an embedding and a bias for each user and item, their product (EmbeddingDotBias).

It is what collab_learner makes. A sigmoid keeps what it says inside the range of ratings, a little wider so that
the ends can be reached. Users and items that were never seen share place 0, whose numbers are all 0: for them the
others' mean is said. devices.py says on what it runs.
"""

import torch
from fastai.callback.schedule import Learner
from fastai.collab import EmbeddingDotBias
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.torch_core import set_seed
from torch.nn import functional

from devices import batch, device, together

EPOCHS, RATE, FACTORS, DECAY, BATCH = 5, 5e-3, 50, 0.1, 64


def fit(inputs, targets, seed):
    set_seed(seed, reproducible=True)
    learned = learn(inputs, targets)
    rows, where = list(zip(encode(learned, inputs), torch.tensor(targets), strict=True)), device()
    batches = DataLoader(rows, bs=batch(len(rows), BATCH), shuffle=True, device=where)
    # fastai wants rows to validate on; train.py does that, with rows that are never seen here.
    loaders = DataLoaders(batches, DataLoader(rows[:1], bs=1, device=where), device=where)
    learner = Learner(loaders, build(learned), loss_func=functional.mse_loss)
    with learner.no_bar(), learner.no_logging(), together(learner):
        learner.fit_one_cycle(EPOCHS, RATE, wd=DECAY)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    model = build(learned)
    model.load_state_dict(learned["weights"])
    model.eval()
    with torch.no_grad():
        return model(encode(learned, inputs)).tolist()


def learn(inputs, targets):
    """The places of users and items, and the range of ratings."""
    users, items = (sorted(set(names)) for names in zip(*inputs, strict=True))
    margin = (max(targets) - min(targets)) * 0.1 or 1.0
    return {"users": users, "items": items, "range": [min(targets) - margin, max(targets) + margin]}


def encode(learned, inputs):
    users, items = ({name: place for place, name in enumerate(learned[key], start=1)} for key in ("users", "items"))
    return torch.tensor([[users.get(user, 0), items.get(item, 0)] for user, item in inputs])


def build(learned):
    """The network; nothing is known of place 0."""
    network = EmbeddingDotBias(FACTORS, len(learned["users"]) + 1, len(learned["items"]) + 1, y_range=tuple(learned["range"]))
    with torch.no_grad():
        for table in (network.u_weight, network.i_weight, network.u_bias, network.i_bias):
            table.weight[0] = 0
    return network
