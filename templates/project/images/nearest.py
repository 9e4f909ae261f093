"""The nearest picture: says of a new one what is known of the training picture that it differs from least.

It knows nothing of what is shown, and is still hard to beat where pictures are taken in one way. Like the
baseline it looks at small grey pictures, here at each one and not at means.
"""

import base64
{% if says == "class" %}from collections import Counter
{% endif %}
import numpy as np

import data

SIZE, STEP{% if says == "class" %}, TRIED{% endif %} = 16, 500{% if says == "class" %}, 1000{% endif %}  # pixels on each side; pictures at a time{% if says == "class" %}; pictures that say how far to trust it{% endif %}


def fit(inputs, targets, seed):
    pixels = data.pictures(inputs, SIZE, grey=True).reshape(len(inputs), -1)
    # Bytes as text: a list of so many numbers would take four times the room.
    learned = {"pixels": base64.b64encode(pixels.tobytes()).decode(), "targets": [{% if says == "labels" %}list(one){% elif says == "points" %}shares(one, path){% else %}one{% endif %} for {% if says == "points" %}one, path in zip(targets, inputs, strict=True){% else %}one in targets{% endif %}]}
{% if says == "class" %}    tried = np.random.default_rng(seed).permutation(len(targets))[:TRIED]
    found = nearest(pixels[tried], pixels, own=tried)
    right = sum(targets[one] == targets[other] for one, other in zip(tried, found, strict=True))
    counts = Counter(targets)
    often = {name: (counts[name] + 1) / (len(targets) + len(counts)) for name in sorted(counts)}
    return learned | {"often": often, "trust": (right + 1) / (len(tried) + 2)}
{% elif says == "labels" %}    return learned | {"labels": sorted({label for found in targets for label in found})}
{% else %}    return learned
{% endif %}

def predict(learned, inputs):
    known = np.frombuffer(base64.b64decode(learned["pixels"]), np.uint8).reshape(len(learned["targets"]), -1)
    asked = data.pictures(inputs, SIZE, grey=True).reshape(len(inputs), -1)
{% if says == "class" %}    trust, often, said = learned["trust"], learned["often"], []
    for place in nearest(asked, known):
        shares = {name: (1 - trust) * share for name, share in often.items()}
        shares[learned["targets"][place]] += trust
        said.append(shares)
    return said
{% elif says == "labels" %}    found = [learned["targets"][place] for place in nearest(asked, known)]
    return [{label: float(label in labels) for label in learned["labels"]} for labels in found]
{% elif says == "number" %}    return [learned["targets"][place] for place in nearest(asked, known)]
{% else %}    found = [learned["targets"][place] for place in nearest(asked, known)]
    return [[share * side for share, side in zip(one, sides(path, one), strict=True)] for one, path in zip(found, inputs, strict=True)]


def shares(points, path):
    """Points as shares of width and height, as pictures differ in size."""
    return [number / side for number, side in zip(points, sides(path, points), strict=True)]


def sides(path, points):
    """Width and height of a picture, as often as there are points."""
    return data.sides(path) * (len(points) // 2)
{% endif %}

def nearest(asked, known{% if says == "class" %}, own=None{% endif %}):
    """The place of the known picture that each one differs from least (squared, which is one product of matrices)."""
    known, found = known.astype(np.float32), []
    size = np.square(known).sum(axis=1)
    for start in range(0, len(asked), STEP):
        away = size - 2 * asked[start : start + STEP].astype(np.float32) @ known.T
{% if says == "class" %}        if own is not None:  # a picture is not compared with itself
            away[np.arange(len(away)), own[start : start + STEP]] = np.inf
{% endif %}        found += away.argmin(axis=1).tolist()
    return found
