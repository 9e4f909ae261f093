"""A page that takes a picture and answers with its mask: python app.py baseline

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
import paint
import save
import train

LARGEST, SHOWN = 20_000_000, 800  # bytes of an upload, and pixels of the longer side on the page
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 50em; margin: 2em auto; padding: 0 1em} button, input {font: inherit}
[role=status] {padding: 1em; background: #eef; color: #000} img {width: 100%; max-height: 70vh; object-fit: contain; object-position: left; image-rendering: pixelated}
ul {padding: 0} li {list-style: none; margin: .3em 0} i {display: inline-block; width: 1em; height: 1em; margin-right: .5em; vertical-align: -.1em}</style>
<h1>$title</h1>$said<form method="post" enctype="multipart/form-data"><p><label>A picture: <input type="file" name="file" accept="image/*" required></label>
<p><button>Predict</button></form></html>""")


{% include "project/common/app_upload.txt" %}

def predict(name, content):
    """The class of each pixel of a picture that came as bytes, and the picture painted with it, as an address."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uploaded"
        path.write_bytes(content)
        (said,) = train.find(name).predict(learned(name), [path])
        shape = data.fitted(said.shape, SHOWN)
        painted = paint.painted(data.picture(path, shape), data.resized(said, shape))
    return said, paint.link(painted)


LEARNED = {}


def learned(name):
    """What a model has learned, read once."""
    if name not in LEARNED:
        LEARNED[name] = save.load(train.HERE / "runs" / name)
    return LEARNED[name]


def answer(said, link):
    """The painted picture, and the share of each class with its colour."""
    colours, parts = paint.hexes(), paint.shares(said)
    lines = "".join(f'<li><i style="background: {colours[name]}"></i>{html.escape(name)} {share:.1%}</li>' for name, share in parts)
    words = ", ".join(f"{html.escape(name)} {share:.0%}" for name, share in parts[:5])
    return f'<p role="status">{html.escape(data.TARGET)}: {words}</p><img alt="the picture with its mask" src="{link}"><ul>{lines}</ul>'


def page(name, said=""):
    """The form, with what was answered."""
    return PAGE.substitute(title=html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}"), said=said)


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
            said = answer(*predict(self.model, content))
        except Exception as error:  # whatever was sent, the page goes on
            why = "that is no picture" if type(error).__name__ == "UnidentifiedImageError" else f"{error}"
            told = html.escape(f"It can't be predicted: {why if content else 'there was no file'}")
            said = f'<p role="status">{told}</p>'
        return self.send(200, page(self.model, said))

{% with kept = 'learned(name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
