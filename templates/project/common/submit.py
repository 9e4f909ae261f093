"""Predict the rows of {{ test_table }} and write submission.csv: python submit.py baseline

`fastcompanion project submit baseline` does this, checks the file once more, sends it to the competition
that `competition:` in project.yml names, and keeps its score beside that of validation.

The model learns from all rows that have a target. The file is checked before it is written: the columns, ids
and order of {% if has_sample %}sample_submission.csv{% else %}{{ test_table }}{% endif %}, no gaps, and values that can be.
"""

import csv
import sys

import data
import train


def main(name, seed=train.PROJECT["seed"]):
    model = train.find(name)
    _, inputs, targets = data.load()
    ids, rows = data.test()
    said = model.predict(model.fit(inputs, targets, seed), rows)
{% if says == "labels" %}    labels = {label for target in targets for label in target}
    header, cells = table(ids, said, sorted(labels))
    if problem := wrong(header, cells, labels):{% else %}    header, cells = table(ids, said, sorted(set(targets), key=str))
    if problem := wrong(header, cells, set(targets)):{% endif %}
        raise SystemExit(f"nothing was written: {problem}")
    path = train.HERE / "submission.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *cells])
    print(f"{path.name}: {len(cells)} rows by {name}")


def table(ids, said, classes):
    """The header and the rows as they are asked for."""
    header = sample()[0] if sample() else [{{ 'data.ID or "id"' if not media else '"id"' }}, data.TARGET]
{% if says == "class" %}    if len(header) > 2 and set(header[1:]) == set(classes):  # a probability for each class
        return header, [[one, *(repr(shares[name]) for name in header[1:])] for one, shares in zip(ids, said, strict=True)]
    if train.PROJECT["metric"] in ("auc", "log loss") and len(classes) == 2:  # the probability of the second class
        return header, [[one, repr(shares[classes[1]])] for one, shares in zip(ids, said, strict=True)]
    return header, [[one, max(shares, key=shares.get)] for one, shares in zip(ids, said, strict=True)]
{% elif says == "labels" %}    if len(header) > 2 and set(header[1:]) == set(classes):  # a probability for each label
        return header, [[one, *(repr(shares[name]) for name in header[1:])] for one, shares in zip(ids, said, strict=True)]
    chosen = ([name for name in classes if shares.get(name, 0.0) >= 0.5] for shares in said)
    return header, [[one, apart(classes).join(names)] for one, names in zip(ids, chosen, strict=True)]
{% elif says == "points" %}    if len(header) > 2:  # a number in each cell
        return header, [[one, *(repr(float(number)) for number in point)] for one, point in zip(ids, said, strict=True)]
    return header, [[one, " ".join(repr(float(number)) for number in point)] for one, point in zip(ids, said, strict=True)]
{% else %}    return header, [[one, repr(float(number))] for one, number in zip(ids, said, strict=True)]
{% endif %}

{% if says == "labels" %}def apart(labels):
    """What stands between the labels of a cell."""
    return "|" if any(" " in label for label in labels) else " "


{% endif %}def sample():
    """The rows of sample_submission.csv, nothing where there is none."""
    path = data.FOLDER / "sample_submission.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file) if row]


def wrong(header, rows, known):
    """What is wrong with a submission, nothing if it can go."""
    wanted = [row[0] for row in sample()[1:]] or data.test()[0]
    if [row[0] for row in rows] != wanted:
        others = len(set(wanted) ^ {row[0] for row in rows})
        return f"{others} ids are others than those asked for" if others else "the ids stand in another order"
    if any(len(row) != len(header) for row in rows):
        return f"not every row has {len(header)} cells"
    cells = [cell for row in rows for cell in row[1:]]
    if any(cell.lower() in ({% if says != "labels" %}"", {% endif %}"nan", "inf", "-inf", "none") for cell in cells):
        return "some cells are empty or no number"
{% if says == "labels" %}    if all(name in known for cell in cells for name in cell.split(apart(known)) if name):
        return ""
    try:
        return "" if all(0 <= float(cell) <= 1 for cell in cells) else "some cells are no label and no probability"
    except ValueError:
        return "some cells are no labels that training has"
{% elif says == "class" %}    if cells and all(cell in known for cell in cells):
        return ""
    try:
        return "" if all(0 <= float(cell) <= 1 for cell in cells) else "some cells are no class and no probability"
    except ValueError:
        return "some cells are no class that training has"
{% else %}    return ""
{% endif %}

if __name__ == "__main__":
    main(*(sys.argv[1:] or ["baseline"]))
