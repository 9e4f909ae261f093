"""Where a run is wrong: python errors.py baseline

Look at the rows before you change the model: most of what helps is seen there, and goes into data.py.
"""

import csv
import sys
from collections import {% if is_class %}Counter, {% endif %}defaultdict

import data
import train

WORST, LEAST = 9, 10  # rows that are shown, and the rows that a group must have


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids, inputs, _ = data.load()
    seen = dict(zip(ids, inputs, strict=True))
{% if is_class %}    print("how often a class was taken for another:")
    for (truth, said), count in Counter((row["truth"], row["prediction"]) for row in rows).most_common():
        print(f"  {count:5} {truth} was called {said}{'' if truth != said else ', and is'}")
{% endif %}    groups = hardest(rows, seen)
    print("groups that are hardest:" if groups else f"no group of {LEAST} rows has a word or a gap in common")
    for wrong, count, words in groups:
        print(f"  {wrong:8.3g} {{ "are wrong" if is_class else "off" }} of {count:5} rows with {words}")
    print("the worst rows:")
    for row in worst(rows):
        print(f"  {row['id']}: {row['truth']}, and it said {% if is_class %}{row['prediction']}{% else %}{float(row['prediction']):.5g}{% endif %}; {shown(seen[row['id']])}")


def loss(row):
    """How wrong a row is: {% if is_class %}the share that the true class did not get{% else %}how far it is off{% endif %}."""
    return {% if is_class %}1 - float(row[f"share:{row['truth']}"]){% else %}abs(float(row["prediction"]) - float(row["truth"])){% endif %}


def worst(rows):
    return sorted(rows, key=loss, reverse=True)[:WORST]


def hardest(rows, seen):
    """Groups of rows by one column, those with the greatest mean loss first."""
    groups = defaultdict(list)
    for row in rows:
        for name, value in seen[row["id"]].items():
            if value is None or isinstance(value, str):
                groups[f"{name} {'missing' if value is None else value}"].append({% if is_class %}row["truth"] != row["prediction"]{% else %}loss(row){% endif %})
    means = [(sum(found) / len(found), len(found), words) for words, found in groups.items() if len(found) >= LEAST]
    return sorted(means, reverse=True)[:WORST]


def shown(row):
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in list(row.items())[:12] if value is not None)


if __name__ == "__main__":
    main(*sys.argv[1:])
