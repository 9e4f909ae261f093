"""All runs with intervals, and each against the baseline on the same rows: python score.py

A score is made again from stored predictions each time, so it costs no training. An interval holds the true
score 95 times of 100. Two runs are compared row by row, which sees differences that two intervals hide;
"cannot tell" means that the difference may be chance.
"""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import yaml

HERE = Path(__file__).parent
PROJECT = yaml.safe_load((HERE / "project.yml").read_text(encoding="utf-8"))
TIMES = 2000  # how often rows are drawn again (bootstrap)

{% if says == "class" %}
def accuracy(truth, said, shares):
    return np.mean(truth == said)


def balanced_accuracy(truth, said, shares):
    return np.mean([np.mean(said[truth == one] == one) for one in np.unique(truth)])


def macro_f1(truth, said, shares):
    names = np.union1d(truth, said)
    return np.mean([2 * np.sum((truth == one) & (said == one)) / (np.sum(truth == one) + np.sum(said == one)) for one in names])


def log_loss(truth, said, shares):
    return -np.mean(np.log(np.clip(shares[np.arange(len(truth)), truth], 1e-15, 1)))


def auc(truth, said, shares):
    """How often a row of the second class has a higher probability of it than one of the first; ties count half."""
    last = shares[:, -1]
    yes, no = last[truth == 1], np.sort(last[truth == 0])
    below = np.searchsorted(no, yes) + np.searchsorted(no, yes, side="right")
    return np.mean(below) / 2 / len(no) if len(yes) and len(no) else np.nan


METRICS = {"accuracy": accuracy, "balanced accuracy": balanced_accuracy, "macro f1": macro_f1, "log loss": log_loss, "auc": auc}
{% elif says == "labels" %}
def f1(truth, said, shares):
    """The mean over rows of the F1 between the labels said and the true ones; none and none is 1."""
    both, whole = np.sum(truth & said, axis=1), np.sum(truth, axis=1) + np.sum(said, axis=1)
    return np.mean(np.where(whole > 0, 2 * both / np.maximum(whole, 1), 1.0))


METRICS = {"f1": f1}
{% elif says == "points" %}
def mae(truth, said, shares):
    """How many pixels a coordinate is off."""
    return np.mean(np.abs(said - truth))


METRICS = {"mae": mae}
{% elif says == "mask" %}
def mean_iou(hit, extra, lost):
    """For each class the pixels that truth and mask share, of all that either has; then the mean over classes."""
    shared, every = np.sum(hit, axis=0), np.sum(hit + extra + lost, axis=0)
    return np.mean(shared[every > 0] / every[every > 0])


def pixel_accuracy(hit, extra, lost):
    return np.sum(hit) / np.sum(hit + lost)


METRICS = {"mean iou": mean_iou, "pixel accuracy": pixel_accuracy}
{% else %}
def rmse(truth, said, shares):
    return np.sqrt(np.mean((said - truth) ** 2))


def rmsle(truth, said, shares):
    return np.sqrt(np.mean((np.log1p(np.maximum(said, 0)) - np.log1p(truth)) ** 2))


def mae(truth, said, shares):
    return np.mean(np.abs(said - truth))


{% if kind == "text-number" %}def pearson(truth, said, shares):
    """The correlation: whether more is said where there is more; 0 for a model that always says the same."""
    return np.corrcoef(truth, said)[0, 1] if np.std(truth) and np.std(said) else 0.0


METRICS = {"rmse": rmse, "rmsle": rmsle, "mae": mae, "pearson": pearson}
{% elif kind == "time-series" %}def mase(truth, said, shares):
    """The error as a multiple of the one of the naive forecast, which project.yml has as `scale` (Hyndman 2006)."""
    return mae(truth, said, shares) / PROJECT["scale"]


METRICS = {"rmse": rmse, "rmsle": rmsle, "mae": mae, "mase": mase}
{% else %}METRICS = {"rmse": rmse, "rmsle": rmsle, "mae": mae}
{% endif %}{% endif %}

def read(place):
    """A run's rows by id: {% if says == "mask" %}pixels that are hit, extra and lost, each by class,{% else %}truth, prediction, probabilities,{% endif %} group."""
    with (place / "valid.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
{% if says == "mask" %}    counts = [[name for name in rows[0] if name.startswith(what)] for what in ("hit:", "extra:", "lost:")]
    return {row["id"]: (*([float(row[name]) for name in names] for names in counts), row.get("group", row["id"])) for row in rows}
{% else %}    shares = [name for name in rows[0] if name.startswith("share:")]
{% if says == "class" %}    code = {name.removeprefix("share:"): number for number, name in enumerate(shares)}
    value = lambda cell: code[cell]
{% elif says == "labels" %}    labels = [name.removeprefix("share:") for name in shares]
    value = lambda cell: [label in cell.split("|") for label in labels]
{% elif says == "points" %}    value = lambda cell: [float(number) for number in cell.split()]
{% else %}    value = float
{% endif %}    return {
        row["id"]: (value(row["truth"]), value(row["prediction"]), [float(row[name]) for name in shares], row.get("group", row["id"]))
        for row in rows
    }
{% endif %}

def arrays(run, ids):
{% if says == "mask" %}    hit, extra, lost, groups = zip(*(run[one] for one in ids), strict=True)
    return (np.array(hit), np.array(extra), np.array(lost)), np.unique{% else %}    truth, said, shares, groups = zip(*(run[one] for one in ids), strict=True)
    return (np.array(truth), np.array(said), np.array(shares)), np.unique{% endif %}(groups, return_inverse=True)[1]


{% if kind == "time-series" %}def drawn(groups, chance):
    """Stretches of rows drawn again with replacement, as neighbours in time err alike (moving blocks, Künsch 1989)."""
    count, length = len(groups), max(1, round(len(groups) ** (1 / 3)))
    begins = chance.integers(count - length + 1, size=-(-count // length))
    return (begins[:, None] + np.arange(length)).ravel()[:count]


{% else %}def drawn(groups, chance):
    """Rows drawn again with replacement, all rows of a group together."""
    if len(np.unique(groups)) == len(groups):
        return chance.integers(len(groups), size=len(groups))
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    return np.concatenate([members[one] for one in chance.integers(len(members), size=len(members))])


{% endif %}def scores(run, other):
    """A run's score with its interval, and what it is above the other run, on the same rows."""
    ids = list(other)
    mine, groups = arrays(run, ids)
    theirs, _ = arrays(other, ids)
    metric, chance = METRICS[PROJECT["metric"]], np.random.default_rng(0)
    draws = []
    for _ in range(TIMES):
        rows = drawn(groups, chance)
        one, two = metric(*(column[rows] for column in mine)), metric(*(column[rows] for column in theirs))
        draws.append((one, one - two))
    (low, less), (high, more) = np.nanquantile(draws, [0.025, 0.975], axis=0)
    value = metric(*mine)
{% if says == "class" %}    if PROJECT["metric"] == "accuracy" and value in (0, 1):  # no row is wrong: that does not mean none ever will be
        low, high = wilson(value, len(ids))
{% endif %}    return value, low, high, value - metric(*theirs), less, more

{% if says == "class" %}
def wilson(share, count, z=1.96):
    """The interval of a share (Wilson 1927), which knows that 36 of 36 is not always."""
    middle, half = share + z * z / 2 / count, z * np.sqrt(share * (1 - share) / count + (z / 2 / count) ** 2)
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)

{% endif %}
def verdict(less, more):
    if less <= 0 <= more:
        return "cannot tell"
    return "better" if (less > 0) == (PROJECT["direction"] == "higher") else "worse"


def runs():
    """The runs on the split of today, the best first."""
    split = hashlib.sha256((HERE / "splits.csv").read_text(encoding="utf-8").encode()).hexdigest()  # git may change line ends
    found = {}
    for path in sorted((HERE / "runs").glob("*/meta.json")):
        if json.loads(path.read_text(encoding="utf-8"))["split"] == split:
            found[path.parent.name] = read(path.parent)
        else:
            print(f"{path.parent.name} was judged on another split: train it again")
    return found


def main():
    found = runs()
    naive = "baseline" if "baseline" in found else next(iter(found), None)
    if naive is None:
        raise SystemExit("there are no runs yet: python train.py baseline")
    told = {name: scores(run, found[naive]) for name, run in found.items()}
    up = PROJECT["direction"] == "higher"
    print(f"{PROJECT['metric']}, {PROJECT['direction']} is better, {len(found[naive])} rows; differences are to {naive}")
    for name, (value, low, high, moved, less, more) in sorted(told.items(), key=lambda pair: pair[1][0], reverse=up):
        beside = "" if name == naive else f"   {short(moved, '+')} [{short(less, '+')}, {short(more, '+')}] {verdict(less, more)}"
        print(f"{name:16} {short(value)} [{short(low)}, {short(high)}]{beside}")
{% if says == "mask" %}    (other,) = METRICS.keys() - {PROJECT["metric"]}
    print(f"{other}: " + ", ".join(f"{name} {short(METRICS[other](*arrays(run, list(run))[0]))}" for name, run in found.items()))
{% endif %}

def short(value, sign=""):
    return f"{value:{sign}.0f}" if abs(value) >= 1000 else f"{value:{sign}.4g}"


if __name__ == "__main__":
    main()
