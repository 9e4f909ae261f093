"""Where a run is wrong: python errors.py baseline

Read the texts before you change the model: wrong labels, and what hard texts have in common, are seen there.
"""

import csv
import statistics
import sys
from collections import {% if is_class %}Counter, {% endif %}defaultdict

import data
import train

WORST, LEAST, SHOWN = 9, 10, 160  # texts that are shown, the texts that must have a word, the letters that are shown
SURE = 2.0  # a mean of many rows is off by chance by more than 2 of its spreads once in twenty


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
{% endif %}    words = hardest(rows, seen)
    print("words whose texts are hardest:" if words else f"no word in {LEAST} texts or more is harder than the others")
    for wrong, count, word in words:
        print(f"  {wrong:8.3g} {{ "are wrong" if is_class else "off" }} of {count:5} texts with {word}")
    print("the worst texts:")
    for row in worst(rows):
        print(f"  {row['id']}: {row['truth']}, and it said {% if is_class %}{row['prediction']}{% else %}{float(row['prediction']):.5g}{% endif %}; {shown(seen[row['id']])}")


def loss(row):
    """How wrong a row is: {% if is_class %}the share that the true class did not get{% else %}how far it is off{% endif %}."""
    return {% if is_class %}1 - float(row[f"share:{row['truth']}"]){% else %}abs(float(row["prediction"]) - float(row["truth"])){% endif %}


def worst(rows):
    return sorted(rows, key=loss, reverse=True)[:WORST]


def hardest(rows, seen):
    """Words whose texts are more wrong than others, by more than bad luck."""
    found = defaultdict(list)
    for row in rows:
        for word in set(data.words(seen[row["id"]])) or {"no word at all"}:
            found[word].append({% if is_class %}float(row["truth"] != row["prediction"]){% else %}loss(row){% endif %})
    every = [{% if is_class %}float(row["truth"] != row["prediction"]){% else %}loss(row){% endif %} for row in rows]
    usual, spread = statistics.fmean(every), statistics.pstdev(every)
    means = {word: statistics.fmean(losses) for word, losses in found.items() if len(losses) >= LEAST}
    chance = {word: SURE * spread / len(found[word]) ** 0.5 for word in means}  # how far luck alone may take a mean
    told = sorted((word for word in means if means[word] > usual + chance[word]), key=lambda word: (chance[word] - means[word], word))
    return [(means[word], len(found[word]), word) for word in told[:WORST]]


def shown(text):
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} ..."


if __name__ == "__main__":
    main(*sys.argv[1:])
