"""Where a run is wrong: python errors.py baseline

Look at the rows before you change the model: whether it is wrong of those that it hardly knows, or of a few
who rate unlike all others.
"""

import csv
import sys
from collections import Counter, defaultdict

import data
import train

WORST, LEAST = 9, 10  # rows that are shown, and the rows that a user or item must have
STEPS = (1, 3, 10, 30, 100)


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids, inputs, _ = data.load()
    seen = dict(zip(ids, inputs, strict=True))
    for side, word in enumerate((data.USER, data.ITEM)):
        print(f"by how many ratings a {word} has:")
        for error, count, words in by_ratings(rows, seen, side):
            print(f"  {error:8.3g} off in {count:5} rows with {words}")
        for error, count, one in hardest(rows, seen, side):
            print(f"  {error:8.3g} off in the {count} rows of {word} {one}")
    print("the worst rows:")
    for row in worst(rows):
        user, item = seen[row["id"]]
        print(f"  {data.USER} {user} gave {data.ITEM} {item} {float(row['truth']):.5g}, and it said {float(row['prediction']):.3g}")


def loss(row):
    """How far a rating is off."""
    return abs(float(row["prediction"]) - float(row["truth"]))


def worst(rows):
    return sorted(rows, key=loss, reverse=True)[:WORST]


def by_ratings(rows, seen, side):
    """The mean error by how much is known of the user (side 0) or of the item (side 1)."""
    counts, found = Counter(pair[side] for pair in seen.values()), defaultdict(list)
    for row in rows:
        found[max(step for step in STEPS if step <= counts[seen[row["id"]][side]])].append(loss(row))
    return [(sum(own) / len(own), len(own), f"{step} ratings or more") for step, own in sorted(found.items())]


def hardest(rows, seen, side):
    """Users (side 0) or items (side 1) with the greatest mean error."""
    found = defaultdict(list)
    for row in rows:
        found[seen[row["id"]][side]].append(loss(row))
    means = [(sum(own) / len(own), len(own), one) for one, own in found.items() if len(own) >= LEAST]
    return sorted(means, reverse=True)[:3]


if __name__ == "__main__":
    main(*sys.argv[1:])
