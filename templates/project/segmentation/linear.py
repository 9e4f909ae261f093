"""A linear model: logistic regression in numpy on what each pixel is and where it lies.

A pixel is its colour, the colour around it (near and far), and its place; some of each are squared, so that the
middle can differ from both ends. It learns from some pixels of each picture, as neighbours tell the same.
"""

import numpy as np

import data

LONGEST = 160  # pictures are seen so small: neighbours are averaged, and it is fast
PIXELS = 6_000  # to learn from
SHRINK, STEPS = 1.0, 60  # how much a weight costs: more is more careful


def fit(inputs, targets, seed):
    chance, share = np.random.default_rng(seed), max(1, PIXELS // len(inputs))
    rows, truth = [], []
    for path, mask in zip(inputs, targets, strict=True):
        seen = features(path)
        classes = data.resized(data.mask(mask), seen.shape[:2])
        known = np.flatnonzero(classes < len(data.CLASSES))
        chosen = chance.choice(known, min(share, len(known)), replace=False)
        rows.append(seen.reshape(-1, seen.shape[2])[chosen])
        truth.append(classes.ravel()[chosen])
    rows, truth = np.concatenate(rows), np.concatenate(truth)
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    weights = logistic(scaled(rows, mean, spread), np.eye(len(data.CLASSES))[truth])
    return {"mean": mean.tolist(), "spread": spread.tolist(), "weights": weights.tolist()}


def predict(learned, inputs):
    mean, spread, weights = (np.array(learned[name]) for name in ("mean", "spread", "weights"))
    for path in inputs:
        said = (scaled(features(path), mean, spread) @ weights).argmax(axis=2)
        yield data.resized(said, data.shape(path))


def features(path):
    """What is seen of each pixel: height x width x numbers."""
    shape = data.fitted(data.shape(path), LONGEST)
    pixels = data.picture(path, shape)
    own, near, far = (np.asarray(one) / 255 for one in (pixels, around(pixels, 24), around(pixels, 6)))
    down, across = (np.linspace(-1, 1, side) for side in shape)
    place = np.stack(np.meshgrid(down, across, indexing="ij"), axis=2)
    products = own * own[:, :, [1, 2, 0]], place[:, :, :1] * place[:, :, 1:]
    return np.concatenate([own, near, far, place, own**2, place**2, *products], axis=2)


def around(pixels, cells):
    """The mean colour around each pixel, where a picture is `cells` wide."""
    image = data.Image.fromarray(pixels)
    coarse = image.resize(data.fitted(pixels.shape[:2], cells)[::-1], data.Image.Resampling.BOX)
    return coarse.resize(image.size, data.Image.Resampling.BILINEAR)


def scaled(rows, mean, spread):
    """Numbers on one scale, held at 10 spreads; the last one is always 1."""
    rows = np.clip((rows - mean) / spread, -10, 10)
    return np.concatenate([rows, np.ones((*rows.shape[:-1], 1))], axis=-1)


def logistic(rows, truth):
    """Steps to where the log loss and the cost of the weights together are least (Böhning 1992: each one is sure to help)."""
    weights = np.zeros((rows.shape[1], truth.shape[1]))
    cost = SHRINK * np.eye(rows.shape[1])
    cost[-1, -1] = 1e-6  # the level itself is all but free
    step = np.linalg.inv(rows.T @ rows / 2 + cost)
    for _ in range(STEPS):
        weights -= step @ (rows.T @ (softmax(rows @ weights) - truth) + cost @ weights)
    return weights


def softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
