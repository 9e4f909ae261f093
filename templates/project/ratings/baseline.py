"""The naive baseline, the number that every model has to beat: the mean, what an item is above it, what a user is.

Some films are better than others, and some people give more stars than others; nothing here knows who likes
what. Both are pulled towards 0 where there are few ratings, as few ratings say little (Koren 2010, section 2.1).
Standard library only, so the first number takes no time.
"""

import math
from collections import defaultdict

WEIGHT = 10.0  # an item or user needs so many ratings to be believed by half


def fit(inputs, targets, seed):
    mean = math.fsum(targets) / len(targets)
    items = above([item for _, item in inputs], [target - mean for target in targets])
    left = [target - mean - items[item] for (_, item), target in zip(inputs, targets, strict=True)]
    users = above([user for user, _ in inputs], left)
    return {"mean": mean, "items": items, "users": users, "range": [min(targets), max(targets)]}


def predict(learned, inputs):
    items, users, (low, high) = learned["items"], learned["users"], learned["range"]
    sums = (learned["mean"] + items.get(item, 0.0) + users.get(user, 0.0) for user, item in inputs)
    return [min(max(number, low), high) for number in sums]


def above(names, numbers):
    """How far each name is above 0 on average, pulled towards 0 where it comes seldom."""
    found = defaultdict(list)
    for name, number in zip(names, numbers, strict=True):
        found[name].append(number)
    return {name: math.fsum(own) / (len(own) + WEIGHT) for name, own in found.items()}
