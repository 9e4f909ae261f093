"""A linear model: every column has a weight. {% if is_class %}Logistic regression{% else %}Ridge regression{% endif %} in numpy, the first model that looks at all columns.

Numbers are put on one scale, a gap gets the middle value and a column that says so; each word that is not
rare gets a column of 0 and 1. Weights are kept small (ridge), so that a few rows can't make them wild.
"""

from collections import Counter

import numpy as np

SHRINK = 1.0  # how much a weight costs: more is more careful
{% if is_class %}STEPS = 30
{% endif %}OFTEN = 5  # words that come less often share the column of what is unknown


def fit(inputs, targets, seed):
    learned = {"numbers": {}, "words": {}}
    for name in inputs[0]:
        values = [row.get(name) for row in inputs if row.get(name) is not None]
        numbers = [value for value in values if isinstance(value, float)]
        if numbers:
            learned["numbers"][name] = [float(np.median(numbers)), float(np.mean(numbers)), float(np.std(numbers)) or 1.0]
        else:
            learned["words"][name] = sorted(word for word, count in Counter(values).items() if count >= OFTEN)
    rows = encode(learned, inputs)
{% if is_class %}    learned["classes"] = sorted(set(targets))
    learned["weights"] = logistic(rows, np.array([[target == name for name in learned["classes"]] for target in targets], float)).tolist()
{% else %}    cost = SHRINK * np.eye(rows.shape[1])
    cost[-1, -1] = 0  # the level itself is free
    learned["weights"] = np.linalg.solve(rows.T @ rows + cost, rows.T @ np.array(targets)).tolist()
{% endif %}    return learned


def predict(learned, inputs):
    rows, weights = encode(learned, inputs), np.array(learned["weights"])
{% if is_class %}    return [dict(zip(learned["classes"], said, strict=True)) for said in softmax(rows @ weights).tolist()]
{% else %}    return (rows @ weights).tolist()
{% endif %}

def encode(learned, inputs):
    """A row of numbers for each row; the last one is always 1."""
    columns = []
    for name, (middle, mean, spread) in learned["numbers"].items():
        values = [row.get(name) for row in inputs]
        columns.append([((middle if value is None else value) - mean) / spread for value in values])
        columns.append([float(value is None) for value in values])
    for name, words in learned["words"].items():
        columns += [[float(row.get(name) == word) for row in inputs] for word in words]
    columns.append([1.0] * len(inputs))
    return np.clip(np.array(columns).T, -10, 10)  # a value far outside of all that was seen is held at 10 spreads

{% if is_class %}
def logistic(rows, truth):
    """Newton's steps to where the log loss and the cost of the weights together are least."""
    weights = np.zeros((rows.shape[1], truth.shape[1]))
    cost = SHRINK * np.eye(rows.shape[1])
    cost[-1, -1] = 1e-6  # the level itself is all but free
    for _ in range(STEPS):
        said = softmax(rows @ weights)
        slope = rows.T @ (said - truth) + cost @ weights
        for one in range(truth.shape[1]):
            curve = (rows.T * np.maximum(said[:, one] * (1 - said[:, one]), 1e-3)) @ rows + cost
            weights[:, one] -= 0.5 * np.linalg.solve(curve, slope[:, one])  # half, as the classes pull together
    return weights


def softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
{% endif %}
