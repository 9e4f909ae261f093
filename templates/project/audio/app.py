"""A page that takes a recording and answers with the prediction: python app.py baseline

It listens on this machine alone (127.0.0.1), uses the standard library and what data.py needs, and asks for the
model that `python save.py NAME` has kept.
"""

import html
import sys
import tempfile
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import data
import draw
import save
import train

LARGEST = 50_000_000  # bytes of an upload
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em} button, input {font: inherit}
[role=status] {padding: 1em; background: #eef; color: #000} img {width: 100%; image-rendering: pixelated}</style>
<h1>$title</h1>$said<form method="post" enctype="multipart/form-data"><p><label>A recording (WAV): <input type="file" name="file" accept=".wav,audio/wav,audio/x-wav" required></label>
<p><button>Predict</button></form></html>""")


{% include "project/common/app_upload.txt" %}

def predict(name, content):
    """The prediction for the bytes of a WAV file, and its spectrum as a picture's address."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "the file"
        path.write_bytes(content)
        spectrum = data.spectrum(path)
        (said,) = train.find(name).predict(learned(name), [path])
    return said, draw.link(spectrum)


LEARNED = {}


def learned(name):
    """What a model has learned, read once."""
    if name not in LEARNED:
        LEARNED[name] = save.load(train.HERE / "runs" / name)
    return LEARNED[name]


def answer(said):
    """A prediction in words."""
    best = max(said, key=said.get)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(said.items(), key=lambda pair: -pair[1])[:5])
    return f"{data.TARGET}: {best} ({shares})"


def page(name, said="", link=""):
    """The form, with what was answered."""
    shown = f'<img alt="its spectrum: low below, later to the right" src="{link}">' if link else ""
    told = f'<p role="status">{html.escape(said)}</p>{shown}' if said else ""
    return PAGE.substitute(title=html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}"), said=told)


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
            return self.send(413, f"A recording has {LARGEST // 1_000_000} MB at most.")
        content = uploaded(self.headers.get("Content-Type", ""), self.rfile.read(int(size)))
        try:
            said, link = predict(self.model, content)
        except Exception as error:  # whatever was sent, the page goes on
            return self.send(200, page(self.model, f"It can't be predicted: {error if content else 'there was no file'}"))
        return self.send(200, page(self.model, answer(said), link))

{% with kept = 'learned(name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
