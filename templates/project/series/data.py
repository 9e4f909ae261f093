"""The only file that knows the raw data: what was measured when. What else is known beforehand is named here.

An input is a dict: "step" is the place in time, a whole number, and beside it stand the numbers that are known
of a step before it has come. A step without a row is a gap.
"""

import csv
{% if unit in ("days", "months") %}import re
{% endif %}{% if unit == "days" %}from datetime import datetime, timedelta
{% endif %}from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}
ID = {{ id_py }}{% if id_py == "None" %}  # no column names the rows: they are numbered from 1 on{% endif %}
TIME = {{ time_py }}{% if time_py == "None" %}  # no column says when: rows follow each other{% endif %}
BESIDE = {{ numbers_py }}  # numbers that are known beforehand{{ ", as test.csv has them" if numbers else "" }}
SEASON = {{ season }}  # {{ "values come back best after so many steps, as the rows to learn from say" if season > 1 else "values do not come back after some steps, as far as the rows to learn from say" }}
LAGS = {{ lags }}  # how many steps a model looks back
# Not looked at, and why:
{% for name, why in left_out %}#   {{ name }}: {{ why }}
{% else %}#   nothing
{% endfor %}MISSING = {{ missing_py }}
{% if unit == "days" %}BEGIN, EVERY = datetime.fromisoformat("{{ begin }}"), timedelta({% if every % 86400 == 0 %}days={{ every // 86400 }}{% else %}seconds={{ every }}{% endif %})
{% elif unit == "numbers" %}BEGIN, EVERY = {{ begin }}, {{ every }}
{% endif %}{% if unit in ("days", "months") %}MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d+):(\d\d)(?::(\d\d))?)?")
{% endif %}

{% if unit == "months" %}def step(cell):
    """The place in time of a date, None for no date: a step is {{ "a month" if every == 1 else "a year" if every == 12 else every ~ " months" }}."""
    found = MOMENT.match(cell.strip())
    return found and (12 * int(found[1]) + int(found[2]) - 1){% if every != 1 %} // {{ every }}{% endif %}


def when(step):
    """The date of a step."""
    year, month = divmod(step{% if every != 1 %} * {{ every }}{% endif %}, 12)
    return f"{year:04}-{month + 1:02}"
{% elif unit == "days" %}def step(cell):
    """The place in time of a date, None for no date: so many steps after the first row."""
    found = MOMENT.match(cell.strip())
    return found and round((datetime(*(int(part or 0) for part in found.groups())) - BEGIN) / EVERY)


def when(step):
    """The date of a step."""
    return (BEGIN + step * EVERY).isoformat(" "){% if every % 86400 == 0 %}[:10]{% endif %}

{% elif unit == "numbers" %}def step(cell):
    """The place in time, None for no number: so many steps after the first row."""
    return None if number(cell) is None else round((number(cell) - BEGIN) / EVERY)


def when(step):
    """What stands there at a step."""
    return f"{BEGIN + step * EVERY:.12g}"
{% else %}def when(step):
    """How many rows lie before a step."""
    return f"row {step + 1}"
{% endif %}

def load():
    """The rows to learn from in order of time: ids, inputs, targets. A row without a {% if time_py != "None" %}time or a {% endif %}target teaches nothing."""
    rows = [row for row in read("train.csv") if number(row[TARGET]) is not None{% if unit != "rows" %} and step(row[TIME]) is not None{% elif time_py != "None" %} and {{ "filled" if dated else "number" }}(row[TIME]) is not None{% endif %}]
{% if unit == "rows" and time_py != "None" %}    rows = in_order(rows)
{% endif %}    inputs = features(rows)
    order = sorted(range(len(rows)), key=lambda place: inputs[place]["step"])
    return [rows[place]["id"] for place in order], [inputs[place] for place in order], [number(rows[place][TARGET]) for place in order]


def test():
    """The rows to predict, in the order in which they are asked for: ids and inputs; nothing where there is no test.csv."""
    rows = read("test.csv") if (FOLDER / "test.csv").exists() else []
{% if unit == "rows" %}    return [row["id"] for row in rows], features(rows, len(load()[0]) if rows else 0)
{% else %}    return [row["id"] for row in rows], features(rows)
{% endif %}

def features(rows{% if unit == "rows" %}, begin=0{% endif %}):
    """What a model sees of each row."""
{% if unit == "rows" %}    return [{"step": place} | {name: number(row[name]) for name in BESIDE} for place, row in enumerate(rows, start=begin)]
{% else %}    return [{"step": step(row[TIME])} | {name: number(row[name]) for name in BESIDE} for row in rows]
{% endif %}

def series(inputs, values):
    """A value for each step from the first to the last; gaps lie on the line between their neighbours."""
    known = {row["step"]: value for row, value in zip(inputs, values, strict=True) if value is not None}
    steps = sorted(known)
    made = [known[step] for step in steps[:1]]
    for before, after in pairwise(steps):
        slope = (known[after] - known[before]) / (after - before)
        made += [known[before] + slope * more for more in range(1, after - before + 1)]
    return made

{% if unit == "rows" and time_py != "None" %}
def in_order(rows):
    """Rows in order of time; they lie unlike far apart, so each is taken for one step."""
    return sorted(rows, key=lambda row: {% if dated %}row[TIME]{% else %}float(row[TIME]){% endif %})

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
        return float(cell) if filled(cell) is not None else None
    except ValueError:
        return None


def filled(cell):
    """What a cell holds, None where it is missing."""
    found = (cell or "").strip()
    return None if found.lower() in MISSING else found
