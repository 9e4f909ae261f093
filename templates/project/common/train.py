"""Fit a model on each fold, and write what it says of the rows that it has not seen.

    python train.py baseline             writes runs/baseline/valid.csv and meta.json
    python train.py model --seed 7       writes runs/model-seed7/: another seed is another run
    python train.py model --fast         tries the first fold, and writes nothing
"""

import argparse
import csv
import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

{% if one_thread %}os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tables are faster with one, and the same each time

{% endif %}{% if says == "mask" %}import numpy as np
{% endif %}import yaml

import data

HERE = Path(__file__).parent
PROJECT = yaml.safe_load((HERE / "project.yml").read_text(encoding="utf-8"))
FIRST = os.environ.get("RANK", "0") == "0"  # `accelerate launch` lets several processes learn together; one writes


def main():
    options = arguments()
    model, seed = find(options.model), PROJECT["seed"] if options.seed is None else options.seed
    text = (HERE / "splits.csv").read_text(encoding="utf-8")
    parts = {row["id"]: row["part"] for row in csv.DictReader(io.StringIO(text))}
    ids, inputs, targets = data.load()
    if set(ids) != set(parts):
        apart = len(set(ids) ^ set(parts))
        raise SystemExit(f"{apart} rows are not those of splits.csv: the data have changed since it was written")
    place = {one: number for number, one in enumerate(ids)}
    begun, said = time.perf_counter(), {}
    for learn, judge in folds(parts, options)[: 1 if options.fast else None]:
        learned = model.fit([inputs[place[one]] for one in learn], [targets[place[one]] for one in learn], seed)
        told = model.predict(learned, [inputs[place[one]] for one in judge])
{% if says == "mask" %}        # Masks are large: what a score needs of each is counted at once.
        said |= {one: pixels(targets[place[one]], mask) for one, mask in zip(judge, told, strict=True)}
{% else %}        said |= dict(zip(judge, told, strict=True))
{% endif %}    seconds = time.perf_counter() - begun
    if not FIRST:
        return
    rows = [(one, targets[place[one]], said[one]) for one in parts if one in said]
    if options.fast:
        print(f"{options.model} works: {len(rows)} rows of the first fold in {seconds:.1f} s; nothing was written")
        return
    write(folder(options, seed), table(rows), about(model, seed, seconds, text, len(rows)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="baseline for baseline.py, and so on")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--fast", action="store_true", help="the first fold only; writes nothing")
    parser.add_argument("--final", action="store_true", help="judge on the final rows: do it once, at the end")
    return parser.parse_args()


def find(name):
    """The model of a name: a file with fit() and predict()."""
    found = sorted(path.stem for path in HERE.glob("*.py") if "\ndef fit(" in path.read_text(encoding="utf-8"))
    if name not in found:
        raise SystemExit(f"there is no model {name!r}: there are {', '.join(found)}")
    return importlib.import_module(name)


def folds(parts, options):
    """For each {% if kind == "time-series" %}block of time the ids before it, to learn from, and its own, to judge; splits.csv has them in order of time{% else %}fold the ids to learn from and the ids to judge; the final rows are never learned from{% endif %}."""
    names = ["final"] if options.final else sorted(set(parts.values()) - {"final", "train"})
    if options.final and "final" not in parts.values():
        raise SystemExit("no rows were set aside as final")
{% if kind == "time-series" %}    order = list(parts)
    begin = {name: min(place for place, one in enumerate(order) if parts[one] == name) for name in names}
    return [(order[: begin[name]], [one for one in order if parts[one] == name]) for name in names]
{% else %}    return [
        ([one for one in parts if parts[one] not in (name, "final")], [one for one in parts if parts[one] == name])
        for name in names
    ]
{% endif %}

def folder(options, seed):
    name = options.model if seed == PROJECT["seed"] else f"{options.model}-seed{seed}"
    return HERE / "runs" / name / "final" if options.final else HERE / "runs" / name


{% if says == "mask" %}def pixels(path, said):
    """The pixels of each class that a mask hits, those it has too many and those it lost; unlabelled ones don't count."""
    truth, said = data.mask(path), np.asarray(said)
    if truth.shape != said.shape:
        raise SystemExit(f"{path} has {truth.shape} pixels, and the model said a mask of {said.shape}")
    known, every = truth < len(data.CLASSES), len(data.CLASSES)
    truth, said = truth[known], said[known]
    counts = (np.bincount(part, minlength=every).tolist() for part in (truth[truth == said], said, truth))
    return [(hit, told - hit, true - hit) for hit, told, true in zip(*counts, strict=True)]


{% endif %}def table(rows):
    """{{ {"class": "id, truth, prediction and the probability of each class", "labels": "id, truth, prediction and the probability of each label", "mask": "id, the class that most pixels have and that most were given, and the pixels of each class"}.get(says, "id, truth, prediction") }}, as text."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
{% if says == "class" %}    classes = sorted({name for _, truth, said in rows for name in (truth, *said)})
{% elif says == "labels" %}    labels = sorted({name for _, truth, said in rows for name in (*truth, *said)})
{% elif says == "mask" %}    counts = [f"{what}:{name}" for name in data.CLASSES for what in ("hit", "extra", "lost")]
{% endif %}{% if group_py != "None" %}    group = data.groups()
{% endif %}    writer.writerow(["id", "truth", "prediction"{% if group_py != "None" %}, "group"{% endif %}{% if says == "class" %}, *(f"share:{name}" for name in classes){% elif says == "labels" %}, *(f"share:{name}" for name in labels){% elif says == "mask" %}, *counts{% endif %}])
    for one, truth, said in rows:
{% if says == "class" %}        chosen = max(said, key=said.get)
        writer.writerow([one, truth, chosen{% if group_py != "None" %}, group[one]{% endif %}, *(repr(float(said.get(name, 0.0))) for name in classes)])
{% elif says == "labels" %}        chosen = [name for name in labels if said.get(name, 0.0) >= 0.5]
        writer.writerow([one, "|".join(sorted(truth)), "|".join(chosen){% if group_py != "None" %}, group[one]{% endif %}, *(repr(float(said.get(name, 0.0))) for name in labels)])
{% elif says == "points" %}        true, told = (" ".join(repr(float(number)) for number in point) for point in (truth, said))
        writer.writerow([one, true, told{% if group_py != "None" %}, group[one]{% endif %}])
{% elif says == "mask" %}        places = range(len(data.CLASSES))
        true, told = (max(places, key=lambda place: said[place][0] + said[place][side]) for side in (2, 1))
        writer.writerow([one, data.CLASSES[true], data.CLASSES[told]{% if group_py != "None" %}, group[one]{% endif %}, *(count for three in said for count in three)])
{% else %}        writer.writerow([one, repr(float(truth)), repr(float(said)){% if group_py != "None" %}, group[one]{% endif %}])
{% endif %}    return made.getvalue()


def about(model, seed, seconds, splits, count):
    told = {key: PROJECT[key] for key in ("kind", "target", "metric", "direction")}
    versions = {one: sys.modules[one].__version__ for one in ("numpy", "yaml", {% if media %}"PIL", {% endif %}"torch", {% if media %}"torchvision", {% endif %}"fastai") if one in sys.modules}
    return told | {
        "version": 1, "name": model.__name__, "seed": seed, "seconds": round(seconds, 3), "rows": count,
        "split": hashlib.sha256(splits.encode()).hexdigest(), "commit": commit(), "settings": getattr(model, "SETTINGS", {}){% if scale is not none %} | {"scale": PROJECT["scale"]}{% endif %},
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": versions | {"python": sys.version.split()[0]},
    }


def commit():
    """The commit that the code is of, with a + where files have changed since."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=HERE, capture_output=True, text=True)
    return done.stdout.strip()


def write(place, text, meta):
    place.mkdir(parents=True, exist_ok=True)
    meta["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    made = {"valid.csv": text, "meta.json": json.dumps(meta, indent=1, sort_keys=True) + "\n"}
    for name, content in made.items():
        (place / f"{name}.part").write_bytes(content.encode())
    for name in made:  # when both are whole: a run that is broken off leaves the old one
        (place / f"{name}.part").replace(place / name)
    print(f"{place.relative_to(HERE)}: {meta['rows']} rows in {meta['seconds']} s. Next: python score.py")


if __name__ == "__main__":
    main()
