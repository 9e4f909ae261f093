"""The naive baseline: the nearest mean spectrum, the number that every model has to beat.

How loud each band of frequencies is on average says a lot: a bird is high, a motor is low. All recordings of a
class are laid over each other; a new one belongs where it differs least, band by band. A class that comes often
is more likely; how much nearness counts against that is tried out.
"""

import numpy as np

import data

SHARPNESS = (0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)  # what it counts to differ by one decibel in each band


def fit(inputs, targets, seed):
    classes = sorted(set(targets))
    places = {name: place for place, name in enumerate(classes)}
    group, levels = np.array([places[name] for name in targets]), loudness(inputs)
    means = np.round([levels[group == one].mean(axis=0) for one in range(len(classes))], 3)
    counts, right = np.bincount(group), (np.arange(len(group)), group)
    away = distances(levels, means)
    away[right] *= (counts / np.maximum(counts - 1, 1))[group]  # the mean of its own class counts without the recording
    loss = {sharp: -np.log(shares(away, counts, sharp)[right] + 1e-15).mean() for sharp in SHARPNESS}
    return {"classes": classes, "counts": counts.tolist(), "means": means.tolist(), "sharp": min(loss, key=loss.get)}


def predict(learned, inputs):
    said = shares(distances(loudness(inputs), np.array(learned["means"])), np.array(learned["counts"]), learned["sharp"])
    return [dict(zip(learned["classes"], one, strict=True)) for one in said.tolist()]


def loudness(inputs):
    """The mean of each band in decibels, over the moments that are not silent: a row for each recording."""
    spectra = data.spectra(inputs).astype(float)
    sound = (spectra > data.QUIET).any(axis=1, keepdims=True)
    sound |= ~sound.any(axis=2, keepdims=True)  # of a silent one all moments
    return (spectra * sound).sum(axis=2) / sound.sum(axis=2)


def distances(levels, means):
    """How much each recording differs from each mean spectrum, on average over the bands (L1)."""
    return np.stack([np.abs(levels - mean).mean(axis=1) for mean in means], axis=1)


def shares(away, counts, sharp):
    """How likely each class is: it comes often, and it is near."""
    told = np.log(counts + 1) - sharp * away
    told = np.exp(told - told.max(axis=1, keepdims=True))
    return told / told.sum(axis=1, keepdims=True)
