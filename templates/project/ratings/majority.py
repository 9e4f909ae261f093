"""Says the {{ middle }} rating of every pair: what a model that looks at nothing can do.

Every model is a file with two functions. fit() gives what was learned as plain data, predict() uses it.
A prediction is a number.
"""

import statistics


def fit(inputs, targets, seed):
    return {"always": statistics.{{ "median" if metric == "mae" else "fmean" }}(targets)}


def predict(learned, inputs):
    return [learned["always"] for _ in inputs]
