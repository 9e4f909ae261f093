"""Where a run is wrong: python errors.py baseline

It says which classes are missed and which pictures are worst, and writes errors.html: each of the worst with its
mask and with the one that was said. Masks are too large to be kept with a run, so the model is fitted once more,
without the fold that the worst picture lies in.
"""

import csv
import html
import sys
from itertools import islice

import data
import paint
import train

WORST, SIDE = 12, 360  # pictures on the sheet, and pixels of their longer side there


def main(name="baseline"):
    path = train.HERE / "runs" / name / "valid.csv"
    if not path.exists():
        raise SystemExit(f"there is no run {name}: python train.py {name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = worst(list(csv.DictReader(file)))
    print("how much of what is painted or should be is right (IoU), by class:")
    for share, lost, extra, one in classes(rows):
        print(f"  {share:6.3f} {one}: {lost:.0%} of its pixels lost, {extra:.0%} of those called so are others")
    print("the worst pictures:")
    for row in rows[:WORST]:
        print(f"  {row['id']}: {told(row)}")
    place = train.HERE / "errors.html"
    place.write_text(sheet(f"{train.PROJECT['name']}: {name}", again(name, rows)), encoding="utf-8")
    print(f"look at them: {place.name}")


def counts(row):
    """Pixels of each class that were hit, too many and lost."""
    return {name: [float(row[f"{what}:{name}"]) for what in ("hit", "extra", "lost")] for name in data.CLASSES}


def loss(row):
    """How wrong a picture is: the share of its pixels that have another class."""
    hit, _, lost = map(sum, zip(*counts(row).values(), strict=True))
    return lost / max(1, hit + lost)


def worst(rows):
    return sorted(rows, key=loss, reverse=True)


def classes(rows):
    """Each class with its IoU and the shares that are lost and too many, the worst first."""
    made = []
    for name in data.CLASSES:
        hit, extra, lost = (sum(three) for three in zip(*(counts(row)[name] for row in rows), strict=True))
        if hit + extra + lost:
            made.append((hit / (hit + extra + lost), lost / max(1, hit + lost), extra / max(1, hit + extra), name))
    return sorted(made)


def told(row):
    """What is wrong with a picture, in words."""
    lost, name = max((three[2], name) for name, three in counts(row).items())
    return f"{loss(row):.1%} of its pixels are wrong" + (f", most of them {name}" if lost else "")


def again(name, rows):
    """The worst pictures of the worst one's fold: id, picture, mask, and what the model says that has not seen them."""
    with (train.HERE / "splits.csv").open(encoding="utf-8", newline="") as file:
        parts = {row["id"]: row["part"] for row in csv.DictReader(file)}
    ids, inputs, targets = data.load()
    place, model = {one: number for number, one in enumerate(ids)}, train.find(name.partition("-seed")[0])
    seed = int(name.partition("-seed")[2] or train.PROJECT["seed"])
    folds = train.folds(parts, type("options", (), {"final": False}))
    learn, judged = next(fold for fold in folds if rows[0]["id"] in fold[1])
    learned = model.fit([inputs[place[one]] for one in learn], [targets[place[one]] for one in learn], seed)
    chosen = list(islice((row for row in rows if row["id"] in set(judged)), WORST))
    said = model.predict(learned, [inputs[place[row["id"]]] for row in chosen])
    for row, mask in zip(chosen, said, strict=True):
        yield row, inputs[place[row["id"]]], targets[place[row["id"]]], mask


def sheet(title, shown):
    """A page with the pictures in it, so that it is one file."""
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>", html.escape(title), "</title><style>body {font: 14px system-ui; margin: 2em}"]
    parts.append(" figure {margin: 1em 0} img {margin-right: 8px; max-width: 32%; vertical-align: top} b {padding: 0 .7em; margin-right: .4em}</style>")
    parts.append(f"<h1>{html.escape(title)}</h1><p>The picture, its mask, and what was said.<p>")
    parts += [f'<b style="background: {colour}"></b>{html.escape(name)} &nbsp; ' for name, colour in paint.hexes().items()]
    return "".join([*parts, *(figure(*one) for one in shown), "</html>\n"])


def figure(row, path, mask, said):
    """A picture, with its mask painted over it, and with the one that was said."""
    shape = data.fitted(data.shape(path), SIDE)
    pixels = data.picture(path, shape)
    three = [data.Image.fromarray(pixels), *(paint.painted(pixels, data.resized(one, shape)) for one in (data.mask(mask), said))]
    images = "".join(f'<img alt="" src="{paint.link(image)}">' for image in three)
    return f"<figure>{images}<figcaption>{html.escape(row['id'])}: {html.escape(told(row))}</figcaption></figure>\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
