"""Where a run is wrong: python errors.py baseline

It writes errors.html, where the worst recordings can be heard, each with its spectrum. Listen to them before you
change the model: wrong labels, recordings that hold nothing, and what they have in common are heard there.
"""

import csv
import html
import sys
from collections import Counter

import data
import draw
import train

WORST, BEST, LARGEST = 16, 4, 2_000_000  # recordings on the page, and bytes of one that can be heard there


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = worst(list(csv.DictReader(file)))
    ids, inputs, _ = data.load()
    files = dict(zip(ids, inputs, strict=True))
    print("how often a class was taken for another:")
    for (truth, said), count in Counter((row["truth"], row["prediction"]) for row in rows).most_common():
        print(f"  {count:5} {truth} was called {said}{'' if truth != said else ', and is'}")
    print("the worst recordings:")
    for row in rows[:WORST]:
        print(f"  {row['id']}: {told(row)}")
    place = train.HERE / "errors.html"
    place.write_text(sheet(f"{train.PROJECT['name']}: {name}", rows, files), encoding="utf-8")
    print(f"listen to them: {place.name}")


def loss(row):
    """How wrong a recording is: the share that the true class did not get."""
    return 1 - float(row[f"share:{row['truth']}"])


def worst(rows):
    return sorted(rows, key=loss, reverse=True)


def told(row):
    """What a recording is and what was said of it, in words."""
    return f"{row['truth']}, and it said {row['prediction']} (the true class got {1 - loss(row):.0%})"


def sheet(title, rows, files):
    """A page with the recordings in it, so that it is one file."""
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>", html.escape(title), "</title><style>body {font: 14px system-ui; margin: 2em}"]
    parts.append(" figure {display: inline-block; vertical-align: top; margin: 8px; width: 320px; overflow-wrap: anywhere} img, audio {width: 100%}</style>")
    count = min(WORST, len(rows))
    for words, some in (("the worst", rows[:count]), ("the best", rows[max(count, len(rows) - BEST) :][::-1])):
        parts.append(f"<h1>{html.escape(title)}: {words}</h1>")
        parts += [figure(row, files[row["id"]]) for row in some]
    return "".join([*parts, "</html>\n"])


def figure(row, path):
    """The spectrum of a recording, low below and later to the right, with what was said of it."""
    heard = f'<audio controls preload="none" src="{draw.address(path.read_bytes(), "audio/wav")}"></audio>' if path.stat().st_size <= LARGEST else ""
    words = html.escape(f"{row['id']}: {told(row)}")
    return f'<figure><img alt="" src="{draw.link(data.spectrum(path))}">{heard}<figcaption>{words}</figcaption></figure>\n'


if __name__ == "__main__":
    main(*sys.argv[1:])
