"""Where a run is wrong: python errors.py baseline

It writes errors.html, a sheet with the worst pictures and a few of the best. Look at them before you change the
model: wrong labels, pictures that show nothing, and what they have in common are seen there and nowhere else.
"""

import base64
import csv
import html
import io
{% if says == "points" %}import math
{% endif %}import sys
{% if says == "class" %}from collections import Counter
{% elif says == "labels" %}from collections import defaultdict
{% endif %}
from PIL import Image{% if says == "points" %}, ImageDraw{% endif %}

import data
import train

WORST, BEST, SIDE = 24, 8, 200  # pictures on the sheet, and how wide they are there


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = worst(list(csv.DictReader(file)))
    ids, inputs, _ = data.load()
    files = dict(zip(ids, inputs, strict=True))
{% if says == "class" %}    print("how often a class was taken for another:")
    for (truth, said), count in Counter((row["truth"], row["prediction"]) for row in rows).most_common():
        print(f"  {count:5} {truth} was called {said}{'' if truth != said else ', and is'}")
{% elif says == "labels" %}    print("labels that were missed, or said of pictures that lack them:")
    for label, (lost, extra, count) in confused(rows):
        print(f"  {label}: missed on {lost} of {count}, said of {extra} that lack it")
{% endif %}    print("the worst pictures:")
    for row in rows[:WORST]:
        print(f"  {row['id']}: {told(row)}")
    place = train.HERE / "errors.html"
    place.write_text(sheet(f"{train.PROJECT['name']}: {name}", rows, files), encoding="utf-8")
    print(f"look at them: {place.name}")


def loss(row):
{% if says == "class" %}    """How wrong a picture is: the share that the true class did not get."""
    return 1 - float(row[f"share:{row['truth']}"])
{% elif says == "labels" %}    """How wrong a picture is: labels missed and labels too many, by all that are true or said."""
    truth, said = set(row["truth"].split("|")) - {""}, set(row["prediction"].split("|")) - {""}
    return len(truth ^ said) / max(len(truth) + len(said), 1)


def confused(rows):
    """For each label how often it was missed, said in vain, and true; the worst first."""
    counts = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        truth, said = set(row["truth"].split("|")) - {""}, set(row["prediction"].split("|")) - {""}
        for label in truth | said:
            counts[label][0] += label not in said
            counts[label][1] += label not in truth
            counts[label][2] += label in truth
    return sorted(counts.items(), key=lambda pair: (-pair[1][0] - pair[1][1], pair[0]))
{% elif says == "number" %}    """How wrong a picture is: how far it is off."""
    return abs(float(row["prediction"]) - float(row["truth"]))
{% else %}    """How wrong a picture is: the mean distance of its points, in pixels."""
    truth, said = numbers(row["truth"]), numbers(row["prediction"])
    away = [math.dist(truth[place : place + 2], said[place : place + 2]) for place in range(0, len(truth), 2)]
    return sum(away) / len(away)


def numbers(cell):
    return [float(number) for number in cell.split()]
{% endif %}

def worst(rows):
    return sorted(rows, key=loss, reverse=True)


def told(row):
    """What a picture is and what was said of it, in words."""
{% if says == "class" %}    return f"{row['truth']}, and it said {row['prediction']} (the true class got {1 - loss(row):.0%})"
{% elif says == "labels" %}    return f"{row['truth'].replace('|', ', ') or 'none'}, and it said {row['prediction'].replace('|', ', ') or 'none'}"
{% elif says == "number" %}    return f"{float(row['truth']):.5g}, and it said {float(row['prediction']):.5g}"
{% else %}    return f"{loss(row):.3g} pixels off"
{% endif %}

def sheet(title, rows, files):
    """A page with the pictures in it, so that it is one file."""
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>", html.escape(title), "</title><style>body {font: 14px system-ui; margin: 2em}"]
    parts.append(" figure {display: inline-block; vertical-align: top; margin: 8px; width: %dpx; overflow-wrap: anywhere} img {max-width: 100%%}</style>" % SIDE)
    count = min(WORST, len(rows))
    for words, some in (("the worst", rows[:count]), ("the best", rows[max(count, len(rows) - BEST) :][::-1])):
        parts.append(f"<h1>{html.escape(title)}: {words}</h1>{% if says == "points" %}<p>Green is where points are, magenta where they were said to be.</p>{% endif %}")
        parts += [figure(row, files[row["id"]]) for row in some]
    return "".join([*parts, "</html>\n"])


def figure(row, path):
    """One picture with what was said of it{% if says == "points" %}: true points green, predicted ones magenta{% endif %}."""
    image, kept = data.opened(path).convert("RGB"), io.BytesIO()
    scale = SIDE / max(image.size)
    image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BILINEAR if scale < 4 else Image.Resampling.NEAREST)
{% if says == "points" %}    pen = ImageDraw.Draw(image)
    for colour, points in (("lime", numbers(row["truth"])), ("magenta", numbers(row["prediction"]))):
        for x, y in zip(points[::2], points[1::2], strict=True):
            pen.ellipse([x * scale - 3, y * scale - 3, x * scale + 3, y * scale + 3], outline=colour, width=2)
{% endif %}    image.save(kept, "PNG")
    link = base64.b64encode(kept.getvalue()).decode()
    return f'<figure><img alt="" src="data:image/png;base64,{link}"><figcaption>{html.escape(row["id"])}: {html.escape(told(row))}</figcaption></figure>\n'


if __name__ == "__main__":
    main(*sys.argv[1:])
