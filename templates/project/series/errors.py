"""Where in time a run is wrong: python errors.py baseline

Look there before you change the model: a holiday, a break in how it was measured, or a change that stays.
"""

import csv
import sys
from collections import defaultdict

import data
import train

WORST, STRETCHES = 9, 10  # steps that are shown, and the parts that the time is cut into


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids, inputs, _ = data.load()
    step = {one: row["step"] for one, row in zip(ids, inputs, strict=True)}
    print("how far off, from the first step to the last:")
    for first, last, off, above in stretches(rows):
        print(f"  {off:8.3g} off ({above:+.3g} on the whole) from {data.when(step[first])} to {data.when(step[last])}")
    if data.SEASON > 1:
        print("places in the season, the hardest first:")
        for off, count, place in seasons(rows, step):
            print(f"  {off:8.3g} off in {count:4} steps such as {data.when(place)}")
    print("the worst steps:")
    for row in worst(rows):
        print(f"  {data.when(step[row['id']])}: {float(row['truth']):.5g}, and it said {float(row['prediction']):.5g}")


def above(row):
    """How far a forecast is too high."""
    return float(row["prediction"]) - float(row["truth"])


def mean(numbers):
    return sum(numbers) / len(numbers)


def worst(rows):
    return sorted(rows, key=lambda row: -abs(above(row)))[:WORST]


def stretches(rows):
    """Parts of the time: the ids of the first and the last row, how far off it is, and how far too high."""
    size = -(-len(rows) // STRETCHES)
    parts = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
    return [(part[0]["id"], part[-1]["id"], mean([abs(above(row)) for row in part]), mean(list(map(above, part)))) for part in parts]


def seasons(rows, step):
    """How far off it is at each place in the season: the mean, the steps, and the last of them."""
    places = defaultdict(list)
    for row in rows:
        places[step[row["id"]] % data.SEASON].append((abs(above(row)), step[row["id"]]))
    found = [(mean([off for off, _ in some]), len(some), max(at for _, at in some)) for some in places.values()]
    return sorted(found, reverse=True)[:WORST]


if __name__ == "__main__":
    main(*sys.argv[1:])
