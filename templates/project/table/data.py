"""The only file that knows the raw data. Make features() better, and every model sees it.

A row of inputs is a dict: numbers are floats, words are texts, what is missing is None.
"""

import csv
{% if dates_py != "[]" %}from datetime import date
{% endif %}from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}
ID = {{ id_py }}{% if id_py == "None" %}  # no column names the rows: they are numbered from 1 on{% endif %}
NUMBERS = {{ numbers_py }}
WORDS = {{ words_py }}
{% if dates_py != "[]" %}DATES = {{ dates_py }}
{% endif %}# Not looked at, and why:
{% for name, why in left_out %}#   {{ name }}: {{ why }}
{% else %}#   nothing
{% endfor %}MISSING = {{ missing_py }}


def features(rows):
    """What a model sees of each row. What is counted over rows must be counted over train and test together."""
    made = []
    for row in rows:
        one = {name: number(row[name]) for name in NUMBERS}
        one |= {name: word(row[name]) for name in WORDS}
{% if dates_py != "[]" %}        one |= {name: day(row[name]) for name in DATES}
{% endif %}        made.append(one)
    return made


def load():
    """The rows to learn from: ids, inputs, targets. A row without a target teaches nothing."""
    rows = [row for row in read("train.csv") if {{ target_of }}(row[TARGET]) is not None]
    return [row["id"] for row in rows], features(rows), [{{ target_of }}(row[TARGET]) for row in rows]


def test():
    """The rows to predict: ids and inputs; nothing where there is no test.csv."""
    rows = read("test.csv") if (FOLDER / "test.csv").exists() else []
    return [row["id"] for row in rows], features(rows)
{% if group_py != "None" %}

def groups():
    """Rows of one {{ group_name }} belong together: they are never on both sides of a split."""
    return {row["id"]: row[{{ group_py }}] for row in read("train.csv")}
{% endif %}

def read(name):
    """The rows of a table, each with an "id" of its own."""
    path = FOLDER / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: data/README.md says where to get it")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row | {"id": row[ID] if ID else str(place)} for place, row in enumerate(rows, start=1)]


def number(cell):
    try:
        return float(cell) if word(cell) is not None else None
    except ValueError:
        return None


def word(cell):
    text = (cell or "").strip()
    return None if text.lower() in MISSING else text
{% if dates_py != "[]" %}

def day(cell):
    """A date as a number of days, so that later is more."""
    return float(date.fromisoformat(cell[:10]).toordinal()) if word(cell) is not None else None
{% endif %}
