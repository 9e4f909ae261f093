"""The naive baseline: the most frequent class at each place, the number that every model has to beat.

Roads lie below and skies above, whatever the picture: a grid is laid over all masks, and each of its places gets
the class that most pixels had there. No picture is looked at.
"""

from functools import lru_cache

import numpy as np

import data

GRID = 16  # places on each side


def fit(inputs, targets, seed):
    counts = np.zeros((GRID, GRID, len(data.CLASSES)), int)
    for path in targets:
        counts += counted(path)
    anywhere = np.broadcast_to(counts.sum(axis=(0, 1)), counts.shape)
    nowhere = counts.sum(axis=2, keepdims=True) == 0  # a place without any class gets the most frequent one
    return {"grid": np.where(nowhere, anywhere, counts).argmax(axis=2).tolist()}


def predict(learned, inputs):
    grid = np.array(learned["grid"], np.uint8)
    for path in inputs:
        rows, columns = places(data.shape(path))
        yield grid[rows][:, columns]


@lru_cache(maxsize=1000)  # each fold asks again
def counted(path):
    """How many pixels of each class lie at each place of the grid."""
    mask = data.mask(path)
    rows, columns = places(mask.shape)
    known, every = mask < len(data.CLASSES), len(data.CLASSES)
    cells = (rows[:, None] * GRID + columns)[known] * every + mask[known]
    return np.bincount(cells, minlength=GRID * GRID * every).reshape(GRID, GRID, every).astype(np.int32)


def places(shape):
    """The place on the grid of each row and of each column of pixels."""
    return [np.arange(side) * GRID // side for side in shape]
