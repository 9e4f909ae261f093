"""Several seeds of one model, and the mean of what they say: python seeds.py model 5

One seed is one draw: the spread says how far luck goes. The mean of several is often a little better, and
it is a run of its own (runs/NAME-mean), which `python score.py` compares with the others on the same rows.
"""

import csv
import json
import statistics
import subprocess
import sys

import train


def main(name="baseline", count="5"):
    seeds = [train.PROJECT["seed"] + step for step in range(int(count))]
    for seed in seeds:
        subprocess.run([sys.executable, "train.py", name, "--seed", str(seed)], cwd=train.HERE, check=True)
    runs = [train.HERE / "runs" / (name if seed == train.PROJECT["seed"] else f"{name}-seed{seed}") for seed in seeds]
    text = mean([read(place) for place in runs])
    metas = [json.loads((place / "meta.json").read_text(encoding="utf-8")) for place in runs]
    seconds = sum(meta["seconds"] for meta in metas)
    settings = {"mean_of": name, "seeds": seeds}
    train.write(train.HERE / "runs" / f"{name}-mean", text, metas[0] | {"name": f"{name}-mean", "seconds": round(seconds, 3), "settings": settings})


def read(place):
    with (place / "valid.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mean(runs):
    """One table from several of the same rows: {% if is_class %}the mean of the probabilities, and the class that has the most{% else %}the mean of the numbers{% endif %}."""
    rows = []
    for same in zip(*runs, strict=True):
        first = same[0]
{% if is_class %}        names = [name.removeprefix("share:") for name in first if name.startswith("share:")]
        rows.append((first["id"], first["truth"], {name: statistics.fmean(float(row[f"share:{name}"]) for row in same) for name in names}))
{% else %}        rows.append((first["id"], float(first["truth"]), statistics.fmean(float(row["prediction"]) for row in same)))
{% endif %}    return train.table(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
