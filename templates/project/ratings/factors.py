"""Factors: a few numbers for each user and each item, whose products say who likes what. Plain numpy.

What the baseline leaves over is split into taste and character by alternating least squares: with the items
held still, each user is a small linear regression, and the other way round. It has no learning rate to choose,
and is what a network has to beat here.
"""

from collections import defaultdict

import numpy as np

import baseline

FACTORS, ROUNDS, SHRINK = 8, 10, 0.1  # SHRINK: how much a factor costs for each rating (Zhou 2008), more is more careful


def fit(inputs, targets, seed):
    learned = baseline.fit(inputs, targets, seed)
    left = np.array(targets) - np.array(baseline.predict(learned, inputs))
    by_user, by_item = defaultdict(list), defaultdict(list)
    for (user, item), number in zip(inputs, left.tolist(), strict=True):
        by_user[user].append((item, number))
        by_item[item].append((user, number))
    chance = np.random.default_rng(seed)
    characters = {item: chance.normal(0, 0.1, FACTORS) for item in by_item}
    for _ in range(ROUNDS):
        tastes = {user: solved(characters, rated) for user, rated in by_user.items()}
        characters = {item: solved(tastes, rated) for item, rated in by_item.items()}
    plain = lambda found: {name: factors.tolist() for name, factors in found.items()}
    return learned | {"tastes": plain(tastes), "characters": plain(characters)}


def predict(learned, inputs):
    nothing, (low, high) = [0.0] * FACTORS, learned["range"]
    said = []
    for (user, item), level in zip(inputs, baseline.predict(learned, inputs), strict=True):
        taste, character = learned["tastes"].get(user, nothing), learned["characters"].get(item, nothing)
        said.append(min(max(level + float(np.dot(taste, character)), low), high))
    return said


def solved(others, rated):
    """The factors of one user (or item) that fit its ratings best, given those of the others (ridge regression)."""
    rows, numbers = np.array([others[name] for name, _ in rated]), np.array([number for _, number in rated])
    return np.linalg.solve(rows.T @ rows + SHRINK * len(rated) * np.eye(FACTORS), rows.T @ numbers)
