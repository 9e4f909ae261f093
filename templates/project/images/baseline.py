{% if says == "class" %}"""The naive baseline: the nearest mean picture, the number that every model has to beat.

All pictures of a class are laid over each other, small and grey; a new one belongs where it differs least,
pixel by pixel (fastbook, chapter 4). A class that comes often is more likely; how much nearness counts
against that is tried out.
"""
{% elif says == "labels" %}"""The naive baseline: nearest mean pictures, the number that every model has to beat.

For each label, all pictures that have it are laid over each other, small and grey, and all that lack it. A new
one gets the labels whose mean picture it differs less from, pixel by pixel. A label that comes often is more
likely; how much nearness counts against that, and how sure is sure enough, is tried out.
"""
{% elif says == "number" %}"""The naive baseline: the nearest mean picture, the number that every model has to beat.

Pictures of about the same number are laid over each other, small and grey. A new one gets the numbers of the
groups that it is near to, pixel by pixel. How much nearness counts is tried out: where pictures tell nothing,
the {{ middle }} is left.
"""
{% else %}"""The naive baseline: the nearest mean picture, the number that every model has to beat.

Pictures whose points lie in the same part (three across, three down) are laid over each other, small and grey.
A new one gets the mean points of the groups that it is near to, pixel by pixel. How much nearness counts is
tried out: where pictures tell nothing, the mean points are left.
"""
{% endif %}
import numpy as np

import data

SIZE = 16  # pixels on each side: what is alike stays, details go
SHARPNESS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)  # what it counts to differ by one step of 255 on each pixel
{% if says == "labels" %}SURE = (0.5, 0.4, 0.3, 0.2, 0.1)
{% elif says == "number" %}BINS = 10
{% endif %}

def fit(inputs, targets, seed):
{% if says == "class" %}    classes = sorted(set(targets))
    places = {name: place for place, name in enumerate(classes)}
    group, pixels = np.array([places[name] for name in targets]), small(inputs)
    means, counts = mean_pictures(pixels, group), np.bincount(group)
    away, right = distances_to_others(pixels, means, group), (np.arange(len(group)), group)
    loss = {sharp: -np.log(shares(away, counts, sharp)[right] + 1e-15).mean() for sharp in SHARPNESS}
    return {"classes": classes, "counts": counts.tolist(), "means": means.tolist(), "sharp": min(loss, key=loss.get)}


def predict(learned, inputs):
    away = distances(small(inputs), np.array(learned["means"]))
    said = shares(away, np.array(learned["counts"]), learned["sharp"])
    return [dict(zip(learned["classes"], one, strict=True)) for one in said.tolist()]
{% elif says == "labels" %}    labels = sorted({label for found in targets for label in found})
    truth = np.array([[label in found for label in labels] for found in targets], bool)
    pixels, means, nearer = small(inputs), [], np.zeros(truth.shape)
    for place, column in enumerate(truth.T.astype(int)):
        means.append(mean_pictures(pixels, column, 2))
        nearer[:, place] = distances_to_others(pixels, means[-1], column) @ (1, -1)
    often = (truth.sum(axis=0) + 1) / (len(targets) + 2)
    learned = {"labels": labels, "often": often.tolist(), "means": np.array(means).tolist()}
    tries = [{"sharp": sharp, "sure": sure} for sharp in SHARPNESS for sure in SURE]
    return learned | max(tries, key=lambda one: f1(truth, shares(nearer, learned | one) >= 0.5))


def predict(learned, inputs):
    pixels, nearer = small(inputs), np.zeros((len(inputs), len(learned["labels"])))
    for place, means in enumerate(learned["means"]):
        nearer[:, place] = distances(pixels, np.array(means)) @ (1, -1)
    return [dict(zip(learned["labels"], one, strict=True)) for one in shares(nearer, learned).tolist()]
{% elif says == "number" %}    numbers, pixels = np.array(targets), small(inputs)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
    _, group = np.unique(np.searchsorted(edges, numbers), return_inverse=True)
    means, counts = mean_pictures(pixels, group), np.bincount(group)
    values = np.array([{{ "np.median" if metric == "mae" else "np.mean" }}(numbers[group == one]) for one in range(len(counts))])
    away = distances_to_others(pixels, means, group)
    loss = {sharp: np.mean({% if metric == "mae" %}np.abs(shares(away, counts, sharp) @ values - numbers){% else %}(shares(away, counts, sharp) @ values - numbers) ** 2{% endif %}) for sharp in SHARPNESS}
    return {"values": values.tolist(), "counts": counts.tolist(), "means": means.tolist(), "sharp": min(loss, key=loss.get)}


def predict(learned, inputs):
    away = distances(small(inputs), np.array(learned["means"]))
    return (shares(away, np.array(learned["counts"]), learned["sharp"]) @ learned["values"]).tolist()
{% else %}    points, pixels = np.array(targets) / sides(inputs, len(targets[0])), small(inputs)
    middle = points.reshape(len(points), -1, 2).mean(axis=1)
    _, group = np.unique(np.clip(middle * 3, 0, 2).astype(int) @ (1, 3), return_inverse=True)
    means, counts = mean_pictures(pixels, group), np.bincount(group)
    values = np.array([points[group == one].mean(axis=0) for one in range(len(counts))])
    away = distances_to_others(pixels, means, group)
    loss = {sharp: np.abs(shares(away, counts, sharp) @ values - points).mean() for sharp in SHARPNESS}
    return {"values": values.tolist(), "counts": counts.tolist(), "means": means.tolist(), "sharp": min(loss, key=loss.get)}


def predict(learned, inputs):
    away = distances(small(inputs), np.array(learned["means"]))
    said = shares(away, np.array(learned["counts"]), learned["sharp"]) @ learned["values"]
    return (said * sides(inputs, said.shape[1])).tolist()


def sides(inputs, count):
    """Width and height of each picture, as often as there are points: with them, places are shares of a picture."""
    return np.array([data.sides(path) * (count // 2) for path in inputs])
{% endif %}

def small(inputs):
    """A row of pixels for each picture."""
    return data.pictures(inputs, SIZE, grey=True).reshape(len(inputs), -1).astype(np.float32)


def mean_pictures(pixels, group{% if says == "labels" %}, count{% endif %}):
    """The mean picture of each group{% if says == "labels" %}; of all pictures, where a group has none{% endif %}."""
    means = [pixels[group == one]{% if says == "labels" %} if one in group else pixels{% endif %} for one in range({{ "count" if says == "labels" else "group.max() + 1" }})]
    return np.round([one.mean(axis=0, dtype=float) for one in means], 2)


def distances(pixels, means):
    """How much each picture differs from each mean picture, on average over the pixels (L1)."""
    return np.stack([np.abs(pixels - mean.astype(np.float32)).mean(axis=1) for mean in means], axis=1)


def distances_to_others(pixels, means, group):
    """The same for pictures that the means were made of: the mean of its own group counts without the picture."""
    away, count = distances(pixels, means), np.bincount(group)[group]
    away[np.arange(len(group)), group] *= count / np.maximum(count - 1, 1)
    return away

{% if says == "labels" %}
def shares(nearer, learned):
    """How likely each label is: it comes often, and the picture is nearer to those that have it."""
    odds = np.log(learned["often"]) - np.log1p(-np.array(learned["often"])) + learned["sharp"] * nearer
    enough = np.log(learned["sure"] / (1 - learned["sure"]))  # what is sure enough becomes 0.5, from which on it is said
    return 1 / (1 + np.exp(np.clip(enough - odds, -50, 50)))


def f1(truth, said):
    """The mean over pictures of the F1 between the labels said and the true ones; none and none is 1."""
    both, whole = (truth & said).sum(axis=1), truth.sum(axis=1) + said.sum(axis=1)
    return np.where(whole, 2 * both / np.maximum(whole, 1), 1).mean()
{% else %}
def shares(away, counts, sharp):
    """How likely each group is: it comes often, and it is near."""
    told = np.log(counts + 1) - sharp * away
    told = np.exp(told - told.max(axis=1, keepdims=True))
    return told / told.sum(axis=1, keepdims=True)
{% endif %}
