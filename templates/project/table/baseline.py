"""The naive baseline: one rule on one column (Holte 1993), the number that every model has to beat.

Each column is tried alone: its values are put into groups, and a row gets what is usual in its group. The
column that does best on rows the rule has not seen wins; on its own rows, a column of different values
would always be perfect. Standard library only, so the first number takes no time.
"""

{% if not is_class %}import math
{% endif %}import random
{% if metric == "mae" %}import statistics
{% endif %}from bisect import bisect
from collections import {% if is_class %}Counter, {% endif %}defaultdict

FOLDS, BINS, FEW = 5, 12, 20


def fit(inputs, targets, seed):
    fold = [place % FOLDS for place in range(len(targets))]
    random.Random(seed).shuffle(fold)
    best = min(inputs[0], key=lambda name: wrong(groups_of(name, inputs)[0], targets, fold), default=None)
    groups, edges = groups_of(best, inputs)
    members = defaultdict(list)
    for name, target in zip(groups, targets, strict=True):
        members[name].append(target)
{% if is_class %}    classes = sorted(set(targets))
    said = {name: shares(found, classes) for name, found in members.items()}
    return {"column": best, "cuts": edges, "groups": said, "usual": shares(targets, classes)}
{% else %}    said = {name: middle(found) for name, found in members.items()}
    return {"column": best, "cuts": edges, "groups": said, "usual": middle(targets)}
{% endif %}

def predict(learned, inputs):
    groups, usual = learned["groups"], learned["usual"]
    return [groups.get(group(row.get(learned["column"]), learned["cuts"]), usual) for row in inputs]


def groups_of(column, inputs):
    """The group of each row by its value in a column, and where that column is cut."""
    values = [row.get(column) for row in inputs]
    edges = cuts([value for value in values if isinstance(value, float)])
    return [group(value, edges) for value in values], edges


def wrong(groups, targets, fold):
    """How wrong a rule is on rows that it has not seen: each fold is told by the rows of the others."""
{% if is_class %}    whole, inside = defaultdict(Counter), defaultdict(Counter)
    for name, target, part in zip(groups, targets, fold, strict=True):
        whole[name][target] += 1
        inside[name, part][target] += 1
    usual, missed = Counter(targets).most_common(1)[0][0], 0
    for (name, _), own in inside.items():
        others = whole[name] - own
        missed += own.total() - own[max(others, key=others.get) if others else usual]
    return missed
{% else %}    whole, inside = defaultdict(list), defaultdict(list)
    for name, target, part in zip(groups, targets, fold, strict=True):
        whole[name].append(target)
        inside[name, part].append(target)
    sums, usual, error = {name: math.fsum(found) for name, found in whole.items()}, math.fsum(targets) / len(targets), 0.0
    for (name, _), own in inside.items():
        others = len(whole[name]) - len(own)
        told = (sums[name] - math.fsum(own)) / others if others else usual
        error += sum((target - told) ** 2 for target in own)
    return error
{% endif %}

def cuts(numbers):
    """Where a column of many different numbers is cut, so that each group has about as many rows."""
    if len(set(numbers)) <= FEW:
        return []
    ordered = sorted(numbers)
    return sorted({ordered[len(ordered) * place // BINS] for place in range(1, BINS)})


def group(value, edges):
    """The name of a value's group, a text, so that what was learned can be written as JSON."""
    if value is None:
        return "missing"
    return f"bin {bisect(edges, value)}" if edges and isinstance(value, float) else str(value)

{% if is_class %}
def shares(targets, classes):
    """How often each class comes; one is added to each count (Laplace), so that none is held for impossible."""
    counts = Counter(targets)
    return {name: (counts[name] + 1) / (len(targets) + len(classes)) for name in classes}
{% else %}
def middle(targets):
    """The one number that is the least wrong, measured with {{ metric }}."""
{% if metric == "mae" %}    return float(statistics.median(targets))
{% elif metric == "rmsle" %}    return math.expm1(math.fsum(math.log1p(max(target, 0.0)) for target in targets) / len(targets))
{% else %}    return math.fsum(targets) / len(targets)
{% endif %}{% endif %}
