"""The only file that knows the raw data.

An input is a pair of texts: who rated, and what. Whoever is not known yet is known by nothing else, so a
model has to say something of new users and new items too.
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}
ID = {{ id_py }}{% if id_py == "None" %}  # no column names the rows: they are numbered from 1 on{% endif %}
USER, ITEM = {{ user_py }}, {{ item_py }}
# Not looked at, and why:
{% for name, why in left_out %}#   {{ name }}: {{ why }}
{% else %}#   nothing
{% endfor %}MISSING = {{ missing_py }}


def pairs(rows):
    """Who and what, for each row."""
    return [(row[USER].strip(), row[ITEM].strip()) for row in rows]


def load():
    """The rows to learn from: ids, inputs, targets. A pair without a rating teaches nothing."""
    rows = [row for row in read("train.csv") if number(row[TARGET]) is not None]
    return [row["id"] for row in rows], pairs(rows), [number(row[TARGET]) for row in rows]


def test():
    """The rows to predict: ids and inputs; nothing where there is no test.csv."""
    rows = read("test.csv") if (FOLDER / "test.csv").exists() else []
    return [row["id"] for row in rows], pairs(rows)


def read(name):
    """The rows of a table, each with an "id" of its own."""
    path = FOLDER / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: data/README.md says where to get it")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row | {"id": row[ID] if ID else str(place)} for place, row in enumerate(rows, start=1)]


def number(cell):
    text = (cell or "").strip()
    try:
        return None if text.lower() in MISSING else float(text)
    except ValueError:
        return None
