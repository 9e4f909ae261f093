"""A page that takes the inputs of one row and answers with the prediction: python app.py baseline

It listens on this machine alone (127.0.0.1), uses nothing but the standard library, and asks for the model
that `python save.py NAME` has kept.
"""

import csv
import html
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import Template
from urllib.parse import parse_qs, urlsplit

import data
import save
import train

LARGEST = 100_000  # bytes of an answer that are read
COLUMNS = [*data.NUMBERS, *data.WORDS{% if dates_py != "[]" %}, *data.DATES{% endif %}]
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em}
label {display: block; margin: .6em 0} input {font: inherit; width: 100%; box-sizing: border-box}
[role=status] {padding: 1em; background: #eef; color: #000}</style><h1>$title</h1>$said<form method="post">$fields
<p><button>Predict</button></form></html>""")


def examples():
    """What each column held in the rows of sample/: words to choose from, numbers to go by."""
    with (data.HERE / "sample" / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: sorted({row[name] for row in rows if data.word(row[name])}) for name in COLUMNS}


def predict(name, cells):
    """The prediction for one row, given as texts by column; what is left out is missing."""
    row = dict.fromkeys(examples(), "") | {"id": "asked"} | cells
    (said,) = train.find(name).predict(save.load(train.HERE / "runs" / name), data.features([row]))
    return said


def answer(said):
    """A prediction in words."""
{% if is_class %}    best = max(said, key=said.get)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(said.items(), key=lambda pair: -pair[1])[:5])
    return f"{data.TARGET}: {best} ({shares})"
{% else %}    return f"{data.TARGET}: {said:.6g}"
{% endif %}

def unread(cells):
    """What was typed for a number and is none: it counts as missing, and the page says so."""
    odd = [name for name in data.NUMBERS if data.word(cells.get(name)) is not None and data.number(cells[name]) is None]
    return f"; taken as missing, as it is no number: {', '.join(odd)}" if odd else ""


def page(name, cells, said=""):
    """The form, with what was typed and what was answered."""
    fields = ""
    for column, words in examples().items():
        shown, typed = html.escape(column, quote=True), html.escape(cells.get(column, ""), quote=True)
        choices = "".join(f"<option>{html.escape(word)}</option>" for word in words) if column in data.WORDS else ""
        hint = html.escape(f"such as {words[len(words) // 2]}" if words else "", quote=True)
        fields += f'<label>{shown}<input name="{shown}" value="{typed}" placeholder="{hint}" list="of {shown}"></label>'
        fields += f'<datalist id="of {shown}">{choices}</datalist>'
    title = html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}")
    return PAGE.substitute(title=title, fields=fields, said=f'<p role="status">{html.escape(said)}</p>' if said else "")


class Handler(BaseHTTPRequestHandler):
    """Shows the form, and answers it."""

    model = "baseline"

    def do_GET(self):
        ours = urlsplit(self.path).path == "/"
        self.send(200 if ours else 404, page(self.model, {}) if ours else "There is one page: /")

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > LARGEST:
            self.close_connection = True
            return self.send(413, "That is too much for one row.")
        told = parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace"), keep_blank_values=True)
        cells = {name: values[-1].strip() for name, values in told.items() if name in COLUMNS}
        try:
            said = answer(predict(self.model, cells)) + unread(cells)
        except (ValueError, KeyError) as error:
            said = f"It can't be predicted: {error}"
        return self.send(200, page(self.model, cells, said))

{% with kept = 'save.load(train.HERE / "runs" / name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
