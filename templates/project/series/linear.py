"""A linear model of the last {{ lags }} moves: ridge regression in numpy, forecast step by step (lags.py).

Weights are kept small, so that it stays near the baseline where the past says little.
"""

import numpy as np

import lags

SHRINK = 1.0  # how much a weight costs: more is more careful


def fit(inputs, targets, seed):
    seen, moved, start = lags.learn(inputs, targets)
    seen, moved = np.array(seen), np.array(moved)
    spread = seen.std(axis=0)
    spread[spread == 0] = 1.0
    rows = np.column_stack([seen / spread, np.ones(len(seen))])
    cost = SHRINK * np.eye(rows.shape[1])
    weights = np.linalg.solve(rows.T @ rows + cost, rows.T @ moved)
    weights[:-1] /= spread
    return start | {"weights": weights.tolist()}


def predict(learned, inputs):
    *weights, level = learned["weights"]
    return lags.forecast(learned, inputs, lambda seen: float(np.dot(weights, seen)) + level)
