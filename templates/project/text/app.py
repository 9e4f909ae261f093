"""A page that takes a text, answers with the prediction and shows which words spoke: python app.py baseline

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

LARGEST, ASKED, SHOWN = 200_000, 100, 8  # bytes of a text that are read; different words that are tried, and that are listed
PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>$title</title><style>body {font: 1.1em system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em}
textarea {font: inherit; width: 100%; box-sizing: border-box} button {font: inherit} [role=status], .read {padding: 1em; color: #000}
[role=status] {background: #eef} .read {background: #fff; border: 1px solid #bbc; white-space: pre-wrap; overflow-wrap: anywhere}
mark {color: #000; border-radius: .2em; padding: 0 .1em} .for {border-bottom: 2px solid #175} .against {border-bottom: 2px dashed #b30}</style>
<h1>$title</h1>$said<form method="post"><p><label>A text:<textarea name="text" rows="8">$text</textarea></label><p><button>Predict</button></form></html>""")
LEARNED = {}


def learned(name):
    """What a model has learned, read once."""
    if name not in LEARNED:
        LEARNED[name] = save.load(train.HERE / "runs" / name)
    return LEARNED[name]


def predict(name, text):
    """The prediction for a text, and how far each word moves it: what is said of the text without the word is compared."""
    words = list(dict.fromkeys(data.words(text)))[:ASKED]
    others = [data.WORD.sub(lambda found: " " if data.words(found[0]) == [word] else found[0], text) for word in words]
    said, *told = train.find(name).predict(learned(name), [text, *others])
{% if is_class %}    best = max(said, key=said.get)
    return said, {word: said[best] - one[best] for word, one in zip(words, told, strict=True)}
{% else %}    return said, {word: said - one for word, one in zip(words, told, strict=True)}
{% endif %}

def answer(said):
    """A prediction in words."""
{% if is_class %}    best = max(said, key=said.get)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(said.items(), key=lambda pair: -pair[1])[:5])
    return f"{data.TARGET}: {best} ({shares})"
{% else %}    return f"{data.TARGET}: {said:.6g}"
{% endif %}

def spoken(moves):
    """The words that moved it most, and how far."""
    most = [word for word in sorted(moves, key=lambda word: -abs(moves[word]))[:SHOWN] if abs(moves[word]) > {{ "0.005" if is_class else "1e-9" }}]
    told = ", ".join(f"{word} {moves[word]:+{{ ".0%" if is_class else ".3g" }}}" for word in most)
    told += f" (of the first {ASKED} different words)" if len(moves) == ASKED else ""
    return f"Words that spoke{{ " for it (+) and against it (-)" if is_class else " for more (+) and for less (-)" }}: {told}" if most else "No single word made a difference."


def marked(text, moves):
    """The text as HTML; a word that spoke is coloured, the stronger the further it moved the prediction."""
    most, parts, end = max(map(abs, moves.values()), default=0.0), [], 0
    for found in data.WORD.finditer(text):
        move = moves.get("".join(data.words(found[0])), 0.0)
        if most and abs(move) >= 0.05 * most:
            side, colour = ("for", "60, 190, 120") if move > 0 else ("against", "250, 130, 90")
            style = f"background: rgba({colour}, {abs(move) / most:.2f})"
            parts += [html.escape(text[end : found.start()]), f'<mark class="{side}" style="{style}" title="{move:+.2g}">{html.escape(found[0])}</mark>']
            end = found.end()
    return "".join([*parts, html.escape(text[end:])])


def page(name, text="", said=""):
    """The form, with what was typed and what was answered."""
    title = html.escape(f"{train.PROJECT['name']}: {data.TARGET} by {name}")
    return PAGE.substitute(title=title, text=f"\n{html.escape(text)}", said=said)


def asked(name, text):
    """What the page answers to a text."""
    said, moves = predict(name, text)
    told = f'<p role="status">{html.escape(answer(said))}<br>{html.escape(spoken(moves))}</p>'
    return told + (f'<p class="read">{marked(text, moves)}</p>' if text.strip() else "")


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
            return self.send(413, "That is too long a text.")
        told = parse_qs(self.rfile.read(int(size)).decode("utf-8", "replace"), keep_blank_values=True)
        text = told.get("text", [""])[-1].replace("\r\n", "\n")
        try:
            return self.send(200, page(self.model, text, asked(self.model, text)))
        except (ValueError, KeyError) as error:
            told = html.escape(f"It can't be predicted: {error}")
            return self.send(200, page(self.model, text, f'<p role="status">{told}</p>'))

{% with kept = 'learned(name)' %}{% include "project/common/app_serve.txt" %}{% endwith %}
