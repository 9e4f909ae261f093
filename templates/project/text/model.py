"""The first fastai model: a network that has read WikiText-103 learns from your texts (AWD_LSTM, as text_classifier_learner makes it).

With `pretrained: false` in project.yml a small one begins with noise: that needs many more texts, so it is never
done unless you say so. What was learned is words, numbers and tensors: predict() builds the network again from
them, and nothing is pickled. devices.py says on what it runs.
"""

import io
import pickle
import sys
import tarfile
from collections import Counter
from pathlib import Path

{% if not is_class %}import numpy as np
{% endif %}import torch
import yaml
from fastai.callback import schedule  # noqa: F401  gives a Learner fine_tune() and fit_one_cycle()
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.text.learner import TextLearner, clean_raw_keys, load_ignore_keys, match_embeds
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_clas_split
from fastai.text.models.core import get_text_classifier
from fastai.torch_core import set_seed
from torch.nn import functional

import data
import weights
from devices import batch, device, together

PROJECT = yaml.safe_load((data.HERE / "project.yml").read_text(encoding="utf-8"))
PRETRAINED = PROJECT["pretrained"]
SETTINGS = {"pretrained": PRETRAINED}  # noted with each run
LARGE, SMALL = {"emb_sz": 400, "n_hid": 1152, "n_layers": 3}, {"emb_sz": 64, "n_hid": 128, "n_layers": 1}
EPOCHS, RATE, BATCH = (4 if PRETRAINED else 10), (1e-2 if PRETRAINED else 5e-3), 64
if "--fast" in sys.argv:  # to see whether it runs
    EPOCHS = 1
LEAST, MOST, LONGEST, CHUNK = 2, 60_000, 400, 72  # words in LEAST texts or more; a text is read up to its LONGEST-th word
UNKNOWN, PADDING, BEGIN, CAPITAL, LOUD = "xxunk", "xxpad", "xxbos", "xxmaj", "xxup"  # as fastai has them


def fit(inputs, targets, seed):
    start = weights.find("awd_lstm") if PRETRAINED else None  # says what is missing before anything is done
    set_seed(seed, reproducible=True)
    texts = [tokens(text) for text in inputs]
    often = Counter(word for text in texts for word in text)
    known = sorted((word for word in often if often[word] >= LEAST), key=lambda word: (-often[word], word))[:MOST]
    learned = {"size": LARGE if PRETRAINED else SMALL, "words": [UNKNOWN, PADDING, *known]}
{% if is_class %}    learned["classes"] = sorted(set(targets))
    truth = [learned["classes"].index(target) for target in targets]
{% else %}    mean, spread = learned["scale"] = [float(np.mean(targets)), float(np.std(targets)) or 1.0]
    truth = [[(target - mean) / spread] for target in targets]
{% endif %}    rows, where = list(zip(encode(learned, inputs), truth, strict=True)), device()
    batches = DataLoader(rows, bs=batch(len(rows), BATCH), shuffle=True, create_batch=joined, device=where)
    # fastai wants rows to validate on; train.py does that, with rows that are never seen here.
    loaders = DataLoaders(batches, DataLoader(rows[:1], bs=1, create_batch=joined, device=where), device=where)
    loss = functional.{{ "cross_entropy" if is_class else "mse_loss" }}
    learner = TextLearner(loaders, build(learned), loss_func=loss, splitter=awd_lstm_clas_split)
    if start:
        read(learner.model[0], start, learned["words"])
        learner.freeze()
    with learner.no_bar(), learner.no_logging(), together(learner):
        if start:
            learner.fine_tune(EPOCHS, RATE)  # first the new last layers, then all
        else:
            learner.fit_one_cycle(EPOCHS, RATE)
    learned["weights"] = {name: tensor.cpu() for name, tensor in learner.model.state_dict().items()}
    return learned


def predict(learned, inputs):
    model = build(learned)
    model.load_state_dict(learned["weights"])
    model.to(device()).eval()
    rows, said = encode(learned, inputs), {}
    order = sorted(range(len(rows)), key=lambda place: -len(rows[place]))  # texts of one length together: little is padded
    with torch.no_grad():
        for begin in range(0, len(order), BATCH):
            places = order[begin : begin + BATCH]
            told, *_ = model(padded([rows[place] for place in places]).to(device()))
            said |= dict(zip(places, told{{ ".softmax(1)" if is_class else "" }}.cpu().tolist(), strict=True))
{% if is_class %}    return [dict(zip(learned["classes"], said[place], strict=True)) for place in range(len(rows))]
{% else %}    mean, spread = learned["scale"]
    return [said[place][0] * spread + mean for place in range(len(rows))]
{% endif %}

def tokens(text):
    """The words with fastai's signs: where a text begins, and what stood in capitals."""
    found = [BEGIN]
    for word in data.WORD.findall(text):
        if word != word.lower():
            found.append(LOUD if word.isupper() and len(word) > 1 else CAPITAL)
        found += data.words(word)
    return found


def encode(learned, inputs):
    """The place of each word among those that are known, 0 for all others."""
    place = {word: number for number, word in enumerate(learned["words"])}
    return [[place.get(word, 0) for word in tokens(text)[:LONGEST]] for text in inputs]


def joined(rows):
    """Texts and targets of one batch, the longest text first."""
    rows = sorted(rows, key=lambda row: -len(row[0]))
    return padded([text for text, _ in rows]), torch.tensor([truth for _, truth in rows])


def padded(texts):
    """One table of texts, the longest first. It is read in chunks: a short text begins later, so that all end in the last one."""
    chunks = [-(-len(text) // CHUNK) for text in texts]
    width = chunks[0] * CHUNK if chunks[0] > 1 else len(texts[0])
    early = [(chunks[0] - own) * CHUNK for own in chunks]
    return torch.tensor([[1] * before + text + [1] * (width - before - len(text)) for before, text in zip(early, texts, strict=True)])


def build(learned):
    """The network; what it says is {% if is_class %}a number for each class{% else %}one number{% endif %}."""
    outputs = {{ 'len(learned["classes"])' if is_class else "1" }}
    return get_text_classifier(AWD_LSTM, len(learned["words"]), outputs, seq_len=CHUNK, config=learned["size"], drop_mult=0.5)


class Words(pickle.Unpickler):
    """The list of words beside the weights is a pickle: a list of texts needs no class, so none is let in."""

    def find_class(self, *name):
        raise pickle.UnpicklingError("nothing but words is expected")


def read(encoder, path, words):
    """Put pretrained weights into the encoder; a word that WikiText-103 doesn't have begins as the mean of all."""
    with tarfile.open(path) as archive:
        files = {Path(one.name).suffix: archive.extractfile(one).read() for one in archive if one.isfile()}
    tensors = torch.load(io.BytesIO(files[".pth"]), map_location="cpu", weights_only=True)
    tensors = match_embeds(tensors.get("model", tensors), Words(io.BytesIO(files[".pkl"])).load(), words)
    load_ignore_keys(encoder, clean_raw_keys(tensors))
