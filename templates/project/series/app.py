"""A page that is asked how many steps ahead, and answers with the forecast: python app.py baseline

It listens on this machine alone (127.0.0.1), uses nothing but the standard library, and asks for the model
that `python save.py NAME` has kept.
"""

import html
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import Template
from urllib.parse import parse_qs, urlsplit

import data
import save
import train

LARGEST, MOST, USUAL = 1000, 1000, {{ season if season > 1 else 10 }}  # bytes of an answer that are read; steps at most, and at first
WIDTH, HEIGHT = 640, 240
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em} input, button {font: inherit}
[role=status] {padding: 1em; background: #eef; color: #000} svg {width: 100%; background: #fff; border: 1px solid #bbc; font: 13px system-ui}
polyline {fill: none; stroke-width: 2} .known {stroke: #345} .told {stroke: #c40; stroke-dasharray: 5 3} td {text-align: right; padding: 0 1em}</style>
<h1>$title</h1>$said<form method="post"><p><label>Steps ahead: <input type="number" name="steps" min="1" max="$most" value="$steps" required></label>
<button>Forecast</button></form>$table</html>""")
LEARNED = {}


def learned(name):
    """What a model has learned, read once."""
    if name not in LEARNED:
        LEARNED[name] = save.load(train.HERE / "runs" / name)
    return LEARNED[name]


def predict(name, count):
    """The forecast: the time and the value of each of the next steps.{% if numbers %} What else is known beforehand is taken as it was last season.{% endif %}"""
    steps = [learned(name)["end"] + ahead for ahead in range(1, count + 1)]
    said = train.find(name).predict(learned(name), [{"step": step} for step in steps])
    return list(zip(map(data.when, steps), said, strict=True))


def asked(name, text):
    """What the page answers: words, a picture and a table."""
    try:
        count = int(text)
    except ValueError:
        return '<p role="status">It needs a whole number of steps.</p>', ""
    if not 1 <= count <= MOST:
        return f'<p role="status">It forecasts 1 to {MOST} steps.</p>', ""
    told = predict(name, count)
    (first, begin), (last, end) = told[0], told[-1]
    words = f"{data.TARGET}: {begin:.6g} ({first})" + (f" to {end:.6g} ({last})" if count > 1 else "")
    rows = "".join(f"<tr><th>{html.escape(at)}</th><td>{value:.6g}</td></tr>" for at, value in told)
    return f'<p role="status">{html.escape(words)}</p>{picture(name, told)}', f"<table>{rows}</table>"


def picture(name, told):
    """The last known values and the forecast as lines (SVG)."""
    known, forecast = learned(name)["values"], [value for _, value in told]
    low, high = min(known + forecast), max(known + forecast)
    wide, tall = (WIDTH - 20) / max(len(known) + len(forecast) - 1, 1), (HEIGHT - 50) / ((high - low) or 1)

    def line(kind, begin, values):
        points = " ".join(f"{10 + wide * (begin + place):.1f},{HEIGHT - 25 - tall * (value - low):.1f}" for place, value in enumerate(values))
        return f'<polyline class="{kind}" points="{points}"/>'

    lines = line("known", 0, known) + line("told", len(known) - 1, [known[-1], *forecast])
    places = ((10, 16, "start", f"{high:.4g}"), (10, HEIGHT - 8, "start", f"{low:.4g}"), (WIDTH - 10, HEIGHT - 8, "end", told[-1][0]))
    words = "".join(f'<text x="{x}" y="{y}" text-anchor="{side}">{html.escape(word)}</text>' for x, y, side, word in places)
    title = f"<title>The last {len(known)} known values, and {len(forecast)} forecast ones (dashed)</title>"
    return f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}">{title}{lines}{words}</svg>'


def page(name, steps=str(USUAL), said="", table=""):
    """The form, with what was asked and what was answered."""
    title = html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}")
    return PAGE.substitute(title=title, steps=html.escape(steps, quote=True), most=MOST, said=said, table=table)


class Handler(BaseHTTPRequestHandler):
    """Shows the form, and answers it."""

    model = "baseline"

    def do_GET(self):
        ours = urlsplit(self.path).path == "/"
        self.send(200 if ours else 404, page(self.model) if ours else "There is one page: /")

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > LARGEST:
            self.close_connection = True
            return self.send(413, "That is too much for a number.")
        told = parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace"))
        steps = told.get("steps", [""])[-1].strip()
        return self.send(200, page(self.model, steps, *asked(self.model, steps)))

{% with kept = 'learned(name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
