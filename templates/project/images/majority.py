{% if says == "class" %}"""Says of every picture how often each class comes: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
A prediction is the probability of each class, as a dict.
"""

from collections import Counter


def fit(inputs, targets, seed):
    counts, classes = Counter(targets), sorted(set(targets))
    # One is added to each count (Laplace), so that no class is held for impossible.
    return {"always": {name: (counts[name] + 1) / (len(targets) + len(classes)) for name in classes}}
{% elif says == "labels" %}"""Says the usual labels of every picture: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
A prediction is the probability of each label, as a dict; those from 0.5 on are said.
"""

from collections import Counter


def fit(inputs, targets, seed):
    counts = Counter(label for labels in targets for label in labels)
    often = {name: counts[name] / len(targets) for name in sorted(counts)}
    if often and max(often.values()) < 0.5:  # where no label is usual, the most frequent one is said
        often[max(often, key=often.get)] = 0.5
    return {"always": often}
{% elif says == "number" %}"""Says the {{ middle }} of every picture: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
A prediction is a number.
"""

import numpy as np


def fit(inputs, targets, seed):
{% if metric == "mae" %}    return {"always": float(np.median(targets))}
{% elif metric == "rmsle" %}    return {"always": float(np.expm1(np.log1p(np.maximum(targets, 0)).mean()))}
{% else %}    return {"always": float(np.mean(targets))}
{% endif %}{% else %}"""Says the mean of each point for every picture: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
A prediction is x and y of each point, one after the other.
"""

import numpy as np


def fit(inputs, targets, seed):
    return {"always": np.mean(targets, axis=0).tolist()}
{% endif %}

def predict(learned, inputs):
    return [learned["always"] for _ in inputs]
