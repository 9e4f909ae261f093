"""A page that takes a user and an item and answers with the prediction: python app.py baseline

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
COLUMNS = [data.USER, data.ITEM]
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em}
label {display: block; margin: .6em 0} input {font: inherit; width: 100%; box-sizing: border-box}
[role=status] {padding: 1em; background: #eef; color: #000}</style><h1>$title</h1>$said<form method="post">$fields
<p><button>Predict</button></form></html>""")


def examples():
    """Some users and items, those of the rows in sample/."""
    with (data.HERE / "sample" / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: sorted({row[name].strip() for row in rows}) for name in COLUMNS}


def predict(name, cells):
    """The rating for one pair, given as texts by column, and which of the two nobody knows."""
    learned = save.load(train.HERE / "runs" / name)
    pair = (cells.get(data.USER, ""), cells.get(data.ITEM, ""))
    (said,) = train.find(name).predict(learned, [pair])
    known = zip(COLUMNS, pair, (learned.get("users"), learned.get("items")), strict=True)
    return said, [column for column, one, names in known if names is not None and one not in names]


def answer(said, new):
    """A prediction in words."""
    note = f"; it knows no such {' and no such '.join(new)}, so this is what is usual" if new else ""
    return f"{data.TARGET}: {said:.3g}{note}"


def page(name, cells, said=""):
    """The form, with what was typed and what was answered."""
    fields = ""
    for column, words in examples().items():
        shown, typed = html.escape(column, quote=True), html.escape(cells.get(column, ""), quote=True)
        choices = "".join(f"<option>{html.escape(word)}</option>" for word in words)
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
            return self.send(413, "That is too much for one pair.")
        told = parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace"), keep_blank_values=True)
        cells = {name: values[-1].strip() for name, values in told.items() if name in COLUMNS}
        try:
            said = answer(*predict(self.model, cells))
        except (ValueError, KeyError) as error:
            said = f"It can't be predicted: {error}"
        return self.send(200, page(self.model, cells, said))

{% with kept = 'save.load(train.HERE / "runs" / name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
