"""A page that takes a picture and answers with the prediction: python app.py baseline

It listens on this machine alone (127.0.0.1), uses the standard library and what data.py needs, and asks for the
model that `python save.py NAME` has kept.
"""

import base64
import html
import io
import sys
import tempfile
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import data
import save
import train

LARGEST = 20_000_000  # bytes of an upload
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em} button, input {font: inherit}
[role=status] {padding: 1em; background: #eef; color: #000} svg {max-width: 100%; max-height: 70vh} circle {fill: #f0f8; stroke: #fff}</style>
<h1>$title</h1>$said<form method="post" enctype="multipart/form-data"><p><label>A picture: <input type="file" name="file" accept="image/*" required></label>
<p><button>Predict</button></form></html>""")


{% include "project/common/app_upload.txt" %}

def predict(name, content):
    """The prediction for the bytes of a picture, and the page's picture of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uploaded"
        path.write_bytes(content)
        image = data.opened(path).convert("RGB")
        (said,) = train.find(name).predict(learned(name), [path])
    return said, shown(image{% if says == "points" %}, said{% endif %})


LEARNED = {}


def learned(name):
    """What a model has learned, read once."""
    if name not in LEARNED:
        LEARNED[name] = save.load(train.HERE / "runs" / name)
    return LEARNED[name]


def shown(image{% if says == "points" %}, points{% endif %}):
    """A picture as a part of the page{% if says == "points" %}, with the points drawn over it{% endif %}."""
    width, height = image.size
    kept = io.BytesIO()
    image.thumbnail((800, 800))
    image.save(kept, "PNG")
    link = f"data:image/png;base64,{base64.b64encode(kept.getvalue()).decode()}"
{% if says == "points" %}    circles = "".join(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{max(width, height) / 60:.2f}"/>' for x, y in zip(points[::2], points[1::2], strict=True))
{% else %}    circles = ""
{% endif %}    wide = min(640, max(width, 200))  # a tiny picture is shown larger
    return f'<svg width="{wide}" viewBox="0 0 {width} {height}" role="img" aria-label="the picture"><image href="{link}" width="{width}" height="{height}"/>{circles}</svg>'


def answer(said):
    """A prediction in words."""
{% if says == "class" %}    best = max(said, key=said.get)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(said.items(), key=lambda pair: -pair[1])[:5])
    return f"{data.TARGET}: {best} ({shares})"
{% elif says == "labels" %}    often = sorted(said.items(), key=lambda pair: -pair[1])
    best = ", ".join(name for name, share in often if share >= 0.5) or "none"
    return f"{data.TARGET}: {best} ({', '.join(f'{name} {share:.0%}' for name, share in often[:5])})"
{% elif says == "number" %}    return f"{data.TARGET}: {said:.6g}"
{% else %}    return f"{data.TARGET}: {', '.join(f'({x:.1f}, {y:.1f})' for x, y in zip(said[::2], said[1::2], strict=True))}"
{% endif %}

def page(name, said="", picture=""):
    """The form, with what was answered."""
    title = html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}")
    told = f'<p role="status">{html.escape(said)}</p>{picture}' if said else ""
    return PAGE.substitute(title=title, said=told)


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
            return self.send(413, f"A picture has {LARGEST // 1_000_000} MB at most.")
        content = uploaded(self.headers.get("Content-Type", ""), self.rfile.read(int(size)))
        try:
            said, picture = predict(self.model, content)
        except Exception as error:  # whatever was sent, the page goes on
            why = "that is no picture" if type(error).__name__ == "UnidentifiedImageError" else f"{error}"
            return self.send(200, page(self.model, f"It can't be predicted: {why if content else 'there was no file'}"))
        return self.send(200, page(self.model, answer(said), picture))

{% with kept = 'learned(name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
