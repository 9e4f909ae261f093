"""Several seeds of one model{% if says != "mask" %}, and the mean of what they say{% endif %}: python seeds.py model {{ "3" if says == "mask" else "5" }}

{% if says == "mask" %}One seed is one draw: the spread says how far luck goes. `python score.py` shows them side by side, on the same
rows; a difference between two models that is smaller than this spread is no news.
{% else %}One seed is one draw: the spread says how far luck goes. The mean of several is often a little better, and
it is a run of its own (runs/NAME-mean), which `python score.py` compares with the others on the same rows.
{% endif %}"""

{% if says != "mask" %}import csv
import json
import statistics
{% endif %}import subprocess
import sys

import train


def main(name="baseline", count="{{ "3" if says == "mask" else "5" }}"):
    seeds = [train.PROJECT["seed"] + step for step in range(int(count))]
    for seed in seeds:
        subprocess.run([sys.executable, "train.py", name, "--seed", str(seed)], cwd=train.HERE, check=True)
{% if says == "mask" %}    print("Next: python score.py")
{% else %}    runs = [train.HERE / "runs" / (name if seed == train.PROJECT["seed"] else f"{name}-seed{seed}") for seed in seeds]
    text = mean([read(place) for place in runs])
    metas = [json.loads((place / "meta.json").read_text(encoding="utf-8")) for place in runs]
    seconds = sum(meta["seconds"] for meta in metas)
    settings = {"mean_of": name, "seeds": seeds}
    train.write(train.HERE / "runs" / f"{name}-mean", text, metas[0] | {"name": f"{name}-mean", "seconds": round(seconds, 3), "settings": settings})


def read(place):
    with (place / "valid.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mean(runs):
    """One table from several of the same rows: {{ {"class": "the mean of the probabilities, and the class that has the most", "labels": "the mean of the probabilities, and the labels that have half or more", "points": "the mean of each coordinate"}.get(says, "the mean of the numbers") }}."""
    rows = []
    for same in zip(*runs, strict=True):
        first = same[0]
{% if says in ("class", "labels") %}        names = [name.removeprefix("share:") for name in first if name.startswith("share:")]
{% if says == "labels" %}        truth = first["truth"].split("|") if first["truth"] else ()
{% endif %}        rows.append((first["id"], {{ 'first["truth"]' if says == "class" else "truth" }}, {name: statistics.fmean(float(row[f"share:{name}"]) for row in same) for name in names}))
{% elif says == "points" %}        points = [[float(number) for number in row["prediction"].split()] for row in same]
        truth = [float(number) for number in first["truth"].split()]
        rows.append((first["id"], truth, [statistics.fmean(numbers) for numbers in zip(*points, strict=True)]))
{% else %}        rows.append((first["id"], float(first["truth"]), statistics.fmean(float(row["prediction"]) for row in same)))
{% endif %}    return train.table(rows)
{% endif %}

if __name__ == "__main__":
    main(*sys.argv[1:])
