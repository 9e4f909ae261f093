"""A linear model: logistic regression in numpy on how loud each band is, and how much that changes.

The mean of a band says what is heard, its spread whether it goes on or comes in beats.
"""

import numpy as np

import data

SHRINK, STEPS = 1.0, 300  # how much a weight costs: more is more careful


def fit(inputs, targets, seed):
    rows, classes = features(inputs), sorted(set(targets))
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 0.1  # decibels: what never changes says nothing
    truth = np.array([[target == name for name in classes] for target in targets], float)
    weights = logistic(scaled(rows, mean, spread), truth)
    return {"classes": classes, "mean": mean.tolist(), "spread": spread.tolist(), "weights": weights.tolist()}


def predict(learned, inputs):
    rows = scaled(features(inputs), np.array(learned["mean"]), np.array(learned["spread"]))
    said = softmax(rows @ np.array(learned["weights"]))
    return [dict(zip(learned["classes"], shares, strict=True)) for shares in said.tolist()]


def features(inputs):
    """Mean and spread of each band: a row for each recording."""
    spectra = data.spectra(inputs).astype(float)
    return np.concatenate([spectra.mean(axis=2), spectra.std(axis=2)], axis=1)


def scaled(rows, mean, spread):
    """Numbers on one scale, held at 10 spreads; the last one is always 1."""
    rows = np.clip((rows - mean) / spread, -10, 10)
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


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
