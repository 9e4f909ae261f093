"""The only file that knows the raw data. What the models read of each row is made here, and what a word is.

An input is a text. What is between signs and blanks is a word; signs are words too, as ! or ? may tell much.
"""

import csv
import re
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}
ID = {{ id_py }}{% if id_py == "None" %}  # no column names the rows: they are numbered from 1 on{% endif %}
TEXTS = {{ texts_py }}
# Not looked at, and why:
{% for name, why in left_out %}#   {{ name }}: {{ why }}
{% else %}#   nothing
{% endfor %}MISSING = {{ missing_py }}
# "Didn't" is did and n't, as in most tokenizers; languages without blanks are read sign by sign.
SIGNS = "\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+?(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|[^\W{SIGNS}]+|[^\w\s]", re.IGNORECASE)


def words(text):
    """The words of a text in their order, in small letters; ’ and ' are the same."""
    return [word.lower().replace("’", "'") for word in WORD.findall(text)]


def text(row):
    """What a model reads of a row."""
    return "\n".join(row[name] for name in TEXTS if row[name])


def load():
    """The rows to learn from: ids, inputs, targets. A row without a target teaches nothing; an empty text may."""
    rows = [row for row in read("train.csv") if {{ "filled" if is_class else "number" }}(row[TARGET]) is not None]
    return [row["id"] for row in rows], [text(row) for row in rows], [{{ "filled" if is_class else "number" }}(row[TARGET]) for row in rows]


def test():
    """The rows to predict: ids and inputs; nothing where there is no test.csv."""
    rows = read("test.csv") if (FOLDER / "test.csv").exists() else []
    return [row["id"] for row in rows], [text(row) for row in rows]
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
    csv.field_size_limit(2**31 - 1)  # a text may be a book
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row | {"id": row[ID] if ID else str(place)} for place, row in enumerate(rows, start=1)]

{% if not is_class %}
def number(cell):
    try:
        return float(cell) if filled(cell) is not None else None
    except ValueError:
        return None

{% endif %}
def filled(cell):
    """What a cell holds, None where it is missing."""
    found = (cell or "").strip()
    return None if found.lower() in MISSING else found
