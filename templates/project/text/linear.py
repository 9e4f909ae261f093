"""A linear model: every word has a weight. TF-IDF and {% if is_class %}logistic{% else %}ridge{% endif %} regression in numpy, the first model that looks at all words.

A word counts for more where it comes often, and for less the more texts have it; all words of a text together
count as one. Nearly all cells of such a table are empty: only the others are held, so 20,000 texts take seconds.
"""

from collections import Counter

import numpy as np

from data import words

SHRINK = 1.0  # how much a weight costs: more is more careful
LEAST, MOST = 2, 50_000  # words in LEAST texts or more have a weight, the MOST frequent of them
STEPS = 15


def fit(inputs, targets, seed):
    texts = [Counter(words(text)) for text in inputs]
    often = Counter(word for text in texts for word in text)
    known = sorted((word for word in often if often[word] >= LEAST), key=lambda word: (-often[word], word))[:MOST]
    learned = {"words": known, "rare": [float(np.log((1 + len(texts)) / (1 + often[word]))) + 1 for word in known]}
    table = encode(learned, texts)
{% if is_class %}    learned["classes"] = sorted(set(targets))
    learned["weights"] = logistic(table, np.array([[target == name for name in learned["classes"]] for target in targets], float)).tolist()
{% else %}    learned["level"] = float(np.mean(targets))
    wanted = np.array(targets)[:, None] - learned["level"]
    learned["weights"] = solve(lambda weights: back(table, times(table, weights)) + SHRINK * weights, back(table, wanted))[:, 0].tolist()
{% endif %}    return learned


def predict(learned, inputs):
    table = encode(learned, [Counter(words(text)) for text in inputs])
{% if is_class %}    return [dict(zip(learned["classes"], said, strict=True)) for said in softmax(times(table, np.array(learned["weights"]))).tolist()]
{% else %}    return (times(table, np.array(learned["weights"])[:, None])[:, 0] + learned["level"]).tolist()
{% endif %}

def encode(learned, texts):
    """A table of texts and words by its cells that are not 0: row, column, value, and the table's size. The last column is always 1."""
    place = {word: number for number, word in enumerate(learned["words"])}
    cells = (cell for row, text in enumerate(texts) for word, count in text.items() if word in place for cell in (row, place[word], count))
    rows, columns, counts = np.fromiter(cells, int).reshape(-1, 3).T
    values = (1 + np.log(counts)) * np.array(learned["rare"])[columns]
    values /= np.sqrt(np.bincount(rows, values**2, len(texts)))[rows]
    every = np.arange(len(texts))
    rows, columns = np.append(rows, every), np.append(columns, np.full(len(texts), len(place)))
    return rows, columns, np.append(values, np.ones(len(texts))), (len(texts), len(place) + 1)


def times(table, weights):
    """The table times a matrix: for each text the sum of what its words weigh."""
    rows, columns, values, (height, _) = table
    return np.stack([np.bincount(rows, values * one[columns], height) for one in weights.T], axis=1)


def back(table, numbers):
    """The table turned on its side times a matrix: for each word the sum over its texts."""
    rows, columns, values, (_, width) = table
    return np.stack([np.bincount(columns, values * one[rows], width) for one in numbers.T], axis=1)


def solve(product, wanted{% if is_class %}, steps=STEPS{% else %}, steps=4 * STEPS{% endif %}):
    """The weights whose product is what is wanted, without ever writing the matrix down (conjugate gradients, Hestenes and Stiefel 1952)."""
    found, left = np.zeros_like(wanted), wanted
    ahead, size = left, np.sum(left * left)
    for _ in range(steps):
        if size < 1e-12:
            break
        there = product(ahead)
        pace = size / np.sum(ahead * there)
        found, left = found + pace * ahead, left - pace * there
        ahead, size = left + ahead * np.sum(left * left) / size, np.sum(left * left)
    return found

{% if is_class %}
def logistic(table, truth):
    """Steps to where the log loss and the cost of the weights together are least; each is a ridge regression.

    Its curve is nowhere less than the true one (Böhning 1992), so no step goes too far.
    """
    weights = np.zeros((table[-1][1], truth.shape[1]))
    for _ in range(STEPS):
        slope = back(table, truth - softmax(times(table, weights))) - SHRINK * weights
        weights += solve(lambda step: back(table, times(table, step)) / 2 + SHRINK * step, slope)
    return weights


def softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
{% endif %}
