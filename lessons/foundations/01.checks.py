"""Checks of lesson 01. They run inside the learner's kernel: numpy and the standard library only.

The engine hands in `checkpoint` and `Wrong`. Every function is tried on fresh inputs and compared
with a small reference here; values are recomputed from the data, never compared with a number
written down. Nothing here tells the answer: messages say what was expected and what was found.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

RTOL = 1e-4


# What learners may hand in: arrays, lists, rows or columns, any number type.


def found(value: Any) -> str:
    """Describe a value in a few words: kind, shape, range."""
    if value is None:
        return "None (does the function end with `return`?)"
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"
    if array.ndim == 0:
        return f"the number {float(array):.4g}"
    if array.size == 0:
        return f"an empty array of shape {array.shape}"
    return f"shape {array.shape} with values from {array.min():.4g} to {array.max():.4g}"


def numbers(value: Any, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value as an array of this shape; rows and columns count as flat where one is asked."""
    try:
        array = np.asarray(() if value is None else value, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{what}: expected numbers of shape {shape}, found {found(value)}") from None
    pictures = array.ndim == 3 and (array.shape[0], 64) == shape
    if array.size == int(np.prod(shape)) and (len(shape) <= 1 or pictures):
        array = array.reshape(shape)
    if array.shape != shape:
        raise Wrong(f"{what}: expected shape {shape}, found {found(value)}")
    if not np.isfinite(array).all():
        raise Wrong(f"{what}: expected finite numbers, found nan or inf among them")
    return array


def number(value: Any, what: str) -> float:
    """The value as one finite number."""
    return float(numbers(value, what, ()))


def part_of_one(value: Any, what: str) -> float:
    """The value as a share; percent are told apart."""
    share = number(value, what)
    if not 0 <= share <= 1:
        raise Wrong(f"{what}: expected a share from 0 to 1, found {share:.4g}")
    return share


def pair(value: Any, what: str, parts: int = 2) -> tuple[Any, ...]:
    """The value as a tuple of this many parts."""
    if not isinstance(value, (tuple, list)) or len(value) != parts:
        raise Wrong(f"{what}: expected {parts} results (a tuple), found {found(value)}")
    return tuple(value)


def near(left: Any, right: Any) -> bool:
    """Equal up to rounding (also that of 32-bit numbers)."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=RTOL, atol=1e-6))


def compare(value: Any, right: Any, what: str, *slips: tuple[str, Any]) -> None:
    """Compare with the reference; name the slip (id, its value) when the value equals it."""
    array = numbers(value, what, np.shape(right))
    if near(array, right):
        return
    if array.ndim:
        gap = float(np.abs(array - right).max())
        message = f"the shape is right, the values are off by up to {gap:.3g}; found {found(array)}"
    else:
        message = f"found {found(array)}, which is too {'large' if array > right else 'small'}"
    slip = next((mistake for mistake, wrong in slips if near(array, wrong)), "")
    raise Wrong(f"{what}: {message}", mistake=slip)


# The reference.


def table(known: dict[str, Any]) -> np.ndarray:
    """The raw data: as the notebook loaded it, else from the file."""
    rows = known.get("table")
    if rows is None or np.shape(rows) != (1797, 65):
        rows = np.loadtxt("data/digits.csv", delimiter=",", skiprows=1, dtype=int)
    return np.asarray(rows)


def split(known: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training pictures and labels, validation pictures and labels."""
    rows, back = table(known), int(known.get("N_VALID", 400))
    x, y = rows[:, :64] / 16, rows[:, 64].astype(int)
    return x[:-back], y[:-back], x[-back:], y[-back:]


def averages(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack([x[y == digit].mean(axis=0) for digit in range(10)])


def similar(known: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Distances of pictures from the average training pictures, (n, 10)."""
    train_x, train_y, _, _ = split(known)
    means = averages(train_x, train_y)
    return np.stack([np.abs(x - mean).mean(axis=1) for mean in means], axis=1)


def right_softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def right_loss(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
    return float(-np.log(right_softmax(x @ w + b)[np.arange(len(y)), y]).mean())


def right_gradient(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    slopes = (right_softmax(x @ w + b) - np.eye(w.shape[1])[y]) / len(x)
    return x.T @ slopes, slopes.sum(axis=0)


def right_step(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    slope_w, slope_b = right_gradient(x, y, w, b)
    return w - rate * slope_w, b - rate * slope_b


def share_right(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
    return float(((x @ w + b).argmax(axis=1) == y).mean())


def problem(seed: int, count: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A fresh little problem of the lesson's shape: pictures, labels, weights, bias."""
    rng = np.random.default_rng(seed)
    x, y = rng.random((count, 64)), rng.integers(0, 10, count)
    return x, y, rng.normal(size=(64, 10)) * 0.3, rng.normal(size=10) * 0.3


@checkpoint("look-at-the-data", "pixels")
def check_pixels(value: Any, known: dict[str, Any]) -> None:
    array = numbers(value, "pixels", (1797, 64))
    raw = table(known)
    if near(array, raw[:, :64]):
        raise Wrong("pixels: expected values from 0 to 1, found 0 to 16", mistake="not-divided")
    compare(array, raw[:, :64] / 16, "pixels", ("label-among-pixels", raw[:, 1:] / 16))


@checkpoint("look-at-the-data", "labels")
def check_labels(value: Any, known: dict[str, Any]) -> None:
    compare(value, table(known)[:, 64], "labels (digits, in the order of the file)")


def lines_of(text: Any) -> list[str]:
    """The drawing as 8 lines of 8 characters (two characters a pixel are fine as well)."""
    if text is None:
        raise Wrong("draw: expected the drawing to be returned as text, found None (print later)")
    lines = text.split("\n") if isinstance(text, str) else [str(line) for line in text]
    while len(lines) > 8 and not lines[-1].strip():
        lines.pop()
    wide = max((len(line) for line in lines), default=0)
    wide = 16 if wide > 8 else 8
    lines = [line.ljust(wide) for line in lines]
    if len(lines) != 8 or any(len(line) != wide for line in lines):
        sizes = sorted({len(line) for line in lines})
        raise Wrong(f"draw: expected 8 lines of 8 characters, found {len(lines)} of {sizes}")
    return [line[:: wide // 8] for line in lines]


@checkpoint("look-at-the-data", "draw")
def check_draw(value: Any, known: dict[str, Any]) -> None:
    def drawn(image: np.ndarray) -> list[str]:
        return lines_of(value(image))

    blank = drawn(np.zeros(64))
    full = drawn(np.ones(64))
    if len(set("".join(blank))) != 1 or len(set("".join(full))) != 1:
        raise Wrong("draw: expected one and the same character for 64 equal pixels, found several")
    if blank == full:
        raise Wrong("draw: expected different characters for empty (0) and full (1) pixels")
    for row, column in ((2, 5), (0, 7), (6, 1)):
        image = np.zeros(64)
        image[8 * row + column] = 1
        lines = drawn(image)
        places = [(r, c) for r in range(8) for c in range(8) if lines[r][c] != blank[0][0]]
        if places == [(column, row)]:
            raise Wrong("draw: rows and columns have changed places", mistake="drawn-sideways")
        if places != [(row, column)]:
            raise Wrong(f"draw: expected ink only in row {row}, column {column}; found {places}")
    grey = [drawn(np.full(64, step / 16))[0][0] for step in range(17)]
    kinds = [c for n, c in enumerate(grey) if n == 0 or c != grey[n - 1]]
    if len(kinds) < 5 or len(set(kinds)) != len(kinds):
        raise Wrong(
            f"draw: expected at least 5 shades that follow each other from light to dark, "
            f"found {len(set(kinds))} in the order {''.join(grey)!r}"
        )
    shades = known.get("SHADES")
    if isinstance(shades, str) and set(kinds) <= set(shades):
        order = [shades.index(c) for c in kinds]
        if order != sorted(order) or (order[0], order[-1]) != (0, len(shades) - 1):
            raise Wrong(
                "draw: expected light shades for small values and dark ones for large",
                mistake="drawn-as-negative",
            )


def check_part(value: Any, known: dict[str, Any], name: str, part: int) -> None:
    right = split(known)[part]
    if np.ndim(value) and abs(len(value) - len(right)) == 1:
        raise Wrong(
            f"{name}: expected {len(right)} rows, found {len(value)}", mistake="cut-off-by-one"
        )
    array = numbers(value, name, right.shape)
    if near(array, right):
        return
    rows = table(known)
    whole = rows[:, :64] / 16 if part in (0, 2) else rows[:, 64]
    other_end = whole[: len(right)] if part >= 2 else whole[-len(right) :]
    if near(array, other_end):
        raise Wrong(
            f"{name}: right shape, but these rows are from the wrong end of the file",
            mistake="wrong-end",
        )
    raise Wrong(f"{name}: right shape, but these are not the rows asked for, in the file's order")


for part, name in enumerate(("train_x", "train_y", "valid_x", "valid_y")):
    checkpoint("hold-some-back", name)(partial(check_part, name=name, part=part))


@checkpoint("the-naive-baseline", "accuracy")
def check_accuracy(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(11)
    cases = [(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])), (np.array([7]), np.array([7]))]
    cases += [(np.array([0, 9]), np.array([9, 0]))]
    cases += [(rng.integers(0, 3, n), rng.integers(0, 3, n)) for n in (5, 40, 333)]
    for left, right in cases:
        hits = int((left == right).sum())
        share = number(value(left, right), "accuracy")
        slips = ("counted-not-shared", hits), ("counted-the-wrong", 1 - hits / len(left))
        compare(share, hits / len(left), f"accuracy of {len(left)} predictions", *slips)


@checkpoint("the-naive-baseline", "commonest")
def check_commonest(value: Any, known: dict[str, Any]) -> None:
    digit, (_, train_y, _, valid_y) = number(value, "commonest"), split(known)
    if digit not in range(10) or np.bincount(train_y)[int(digit)] != np.bincount(train_y).max():
        slip = "commonest-of-validation" if digit == np.bincount(valid_y).argmax() else ""
        raise Wrong(f"commonest: expected another digit, found {digit:g}", mistake=slip)


@checkpoint("the-naive-baseline", "baseline_accuracy")
def check_baseline(value: Any, known: dict[str, Any]) -> None:
    _, train_y, _, valid_y = split(known)
    share = part_of_one(value, "baseline_accuracy")
    counts = np.bincount(train_y)
    slip = ("baseline-on-training", counts.max() / len(train_y))
    compare(share, (valid_y == counts.argmax()).mean(), "baseline_accuracy", slip)


@checkpoint("pixel-similarity", "mean_images")
def check_mean_images(value: Any, known: dict[str, Any]) -> None:
    train_x, train_y, valid_x, valid_y = split(known)
    rows = table(known)
    slips = (
        ("means-of-validation", averages(valid_x, valid_y)),
        ("means-of-everything", averages(rows[:, :64] / 16, rows[:, 64])),
    )
    compare(value, averages(train_x, train_y), "mean_images", *slips)


@checkpoint("pixel-similarity", "distances")
def check_distances(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(12)
    for count, patterns in ((6, 10), (1, 10), (10, 3)):
        images, fixed = rng.random((count, 64)), rng.random((patterns, 64))
        gaps = images[:, None, :] - fixed
        result = value(images, fixed)
        slips = (
            ("signs-cancel", gaps.mean(axis=2)),
            ("sum-of-gaps", np.abs(gaps).sum(axis=2)),
            ("squared-gaps", (gaps**2).mean(axis=2)),
        )
        what = f"distances of {count} pictures from {patterns} patterns"
        compare(result, np.abs(gaps).mean(axis=2), what, *slips)


@checkpoint("pixel-similarity", "similarity_accuracy")
def check_similarity(value: Any, known: dict[str, Any]) -> None:
    train_x, train_y, valid_x, valid_y = split(known)
    share = part_of_one(value, "similarity_accuracy")
    slips = (
        ("farthest", (similar(known, valid_x).argmax(axis=1) == valid_y).mean()),
        ("similarity-on-training", (similar(known, train_x).argmin(axis=1) == train_y).mean()),
    )
    right = (similar(known, valid_x).argmin(axis=1) == valid_y).mean()
    compare(share, right, "similarity_accuracy", *slips)


@checkpoint("a-machine-with-weights", "weights")
def check_weights(value: Any, known: dict[str, Any]) -> None:
    array = numbers(value, "weights", (64, 10))
    if np.abs(array).max() > 0.5:
        raise Wrong(
            f"weights: expected small numbers around 0, found {found(value)}", mistake="large-start"
        )
    if abs(array.mean()) >= array.std() / 2:
        raise Wrong(f"weights: expected random numbers around 0, found {found(value)}")


@checkpoint("a-machine-with-weights", "bias")
def check_bias(value: Any, known: dict[str, Any]) -> None:
    array = numbers(value, "bias", (10,))
    if np.abs(array).max() > 0.5:
        raise Wrong(f"bias: expected numbers at or very near 0, found {found(value)}")


@checkpoint("a-machine-with-weights", "linear")
def check_linear(value: Any, known: dict[str, Any]) -> None:
    for seed, count in ((1, 12), (2, 1), (3, 64)):
        x, _, w, b = problem(seed, count)
        result = value(x.copy(), w.copy(), b)
        compare(result, x @ w + b, f"scores of {count} fresh pictures", ("no-bias", x @ w))


@checkpoint("a-measure-of-performance", "softmax")
def check_softmax(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(13)
    for shape in ((4, 3), (10, 10), (1, 10), (7, 2)):
        scores = rng.normal(size=shape) * 3
        slips = [("no-exponential", scores / scores.sum(axis=1, keepdims=True))]
        for powers in (np.exp(scores), np.exp(scores - scores.max(axis=1, keepdims=True))):
            slips.append(("sum-over-everything", powers / powers.sum()))
            slips.append(("sum-over-columns", powers / powers.sum(axis=0)))
        result = value(scores.copy())
        what = f"softmax of {shape} scores"
        compare(result, right_softmax(scores), what, *(slips if shape[0] > 1 else ()))
    with np.errstate(all="ignore"):
        extreme = np.array([[1000.0, 0.0, -1000.0], [0.0, -2000.0, 0.0]])
        result = np.asarray(value(extreme), dtype=float)
    if not np.isfinite(result).all():
        raise Wrong(
            "softmax: expected finite shares for scores like 1000, found nan or inf",
            mistake="overflow",
        )
    compare(result, right_softmax(extreme), "softmax of very large scores")


@checkpoint("a-measure-of-performance", "loss")
def check_loss(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(14)
    for count in (5, 1, 40):
        scores, answers = rng.normal(size=(count, 10)) * 2, rng.integers(0, 10, count)
        shares = right_softmax(scores)
        surprise = -np.log(shares[np.arange(count), answers])
        slips = (
            ("loss-without-mean", surprise.sum()),
            ("loss-without-minus", -surprise.mean()),
            ("surest-digit", -np.log(shares.max(axis=1)).mean()),
            ("all-digits", -np.log(shares).mean()),
        )
        result = number(value(scores.copy(), answers), "loss")
        compare(result, surprise.mean(), f"loss of {count} fresh pictures", *slips)
    sure = np.zeros((2, 10))
    sure[[0, 1], [4, 7]] = 800.0
    with np.errstate(all="ignore"):
        result = number(value(sure, np.array([4, 7])), "loss for very sure scores")
    if abs(result) > 1e-3:
        raise Wrong(
            f"loss: expected about 0 where all answers are right and sure, found {result:.4g}"
        )


@checkpoint("which-way-is-down", "numeric_gradient")
def check_numeric_gradient(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(15)
    for shape in ((3,), (2, 3), (4, 2)):
        factors, point = rng.normal(size=shape), rng.normal(size=shape)
        moves = []

        def curve(p: Any, factors: Any = factors, point: Any = point, moves: Any = moves) -> float:
            p = np.asarray(p, dtype=float).reshape(factors.shape)
            moves.append(int((np.abs(p - point) > 1e-9).sum()))
            return float((factors * p**2).sum() + np.prod(p))

        others = [np.prod(np.delete(point.ravel(), n)) for n in range(point.size)]
        right = 2 * factors * point + np.array(others).reshape(shape)
        result = value(curve, point.copy())
        result = numbers(result, f"numeric_gradient at a {shape} point", shape)
        if max(moves, default=0) > 1:
            raise Wrong(
                f"numeric_gradient: expected one number at a time to be moved, "
                f"found {max(moves)} away from their places at once",
                mistake="not-put-back",
            )
        gap = float(np.abs(result - right).max())
        if gap > 2e-3:
            slip = "half-the-distance" if np.allclose(result, 2 * right, atol=4e-3) else ""
            slip = "slopes-upside-down" if np.allclose(result, -right, atol=2e-3) else slip
            raise Wrong(
                f"numeric_gradient at a {shape} point: the slopes are off by up to {gap:.3g}",
                mistake=slip,
            )


@checkpoint("which-way-is-down", "gradient")
def check_gradient(value: Any, known: dict[str, Any]) -> None:
    for seed, count in ((21, 12), (22, 1), (23, 50)):
        x, y, w, b = problem(seed, count)
        result = pair(value(x, y, w, b), "gradient")
        right_w, right_b = right_gradient(x, y, w, b)
        many = f"({count} fresh pictures)"
        slips = [("gradient-without-mean", right_w * count), ("gradient-uphill", -right_w)]
        compare(result[0], right_w, f"the slopes for the weights {many}", *slips)
        slips = [("gradient-without-mean", right_b * count), ("gradient-uphill", -right_b)]
        slips += [("bias-averaged-twice", right_b / n) for n in (count, 10)]
        compare(result[1], right_b, f"the slopes for the bias {many}", *slips)


def unspoilt(value: Any, what: str, slip: str, *arguments: Any) -> Any:
    """Call the function; refuse one that changes the arrays that it is given."""
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    before = [array.copy() for array in arrays]
    result = value(*arguments)
    if not all(map(near, before, arrays)):
        message = "expected new numbers and the given ones left alone, found those changed in place"
        raise Wrong(f"{what}: {message}", mistake=slip)
    return result


@checkpoint("a-mechanism-to-alter-the-weights", "step")
def check_step(value: Any, known: dict[str, Any]) -> None:
    for seed, rate in ((31, 0.5), (32, 0.01), (33, 2.0)):
        x, y, w, b = problem(seed)
        slope_w, slope_b = right_gradient(x, y, w, b)
        result = unspoilt(value, "step", "step-overwrites", x, y, w, b, rate)
        new_w, new_b = pair(result, "step")
        slips = [("uphill-step", w + rate * slope_w), ("no-rate", w - slope_w)]
        compare(new_w, w - rate * slope_w, "the weights after one step", *slips)
        slips = [("uphill-step", b + rate * slope_b), ("bias-stays", b)]
        compare(new_b, b - rate * slope_b, "the bias after one step", *slips)


@checkpoint("a-mechanism-to-alter-the-weights", "train")
def check_train(value: Any, known: dict[str, Any]) -> None:
    for seed, epochs in ((41, 5), (42, 1), (43, 12)):
        x, y, w, b = problem(seed)
        right_w, right_b = w.copy(), b.copy()
        steps = [right_loss(x, y, right_w, right_b)]
        for _ in range(epochs):
            right_w, right_b = right_step(x, y, right_w, right_b, 0.3)
            steps.append(right_loss(x, y, right_w, right_b))
        result = unspoilt(value, "train", "train-overwrites", x, y, w, b, 0.3, epochs)
        result = pair(result, "train", 3)
        once = right_step(x, y, w, b, 0.3)[0]
        slips = ("steps-thrown-away", w), ("only-one-step", once)
        compare(result[0], right_w, f"the weights after {epochs} epochs", *slips)
        compare(result[1], right_b, f"the bias after {epochs} epochs")
        losses = np.asarray(result[2], dtype=float).ravel()
        if not near(losses, steps[:-1]) and not near(losses, steps):
            raise Wrong(
                f"train: expected one loss for each of {epochs} epochs, taken before its step, so "
                f"that the first is that of the start weights; found {found(losses)}",
                mistake="losses-after-step" if near(losses, steps[1:]) else "",
            )


@checkpoint("a-mechanism-to-alter-the-weights", "losses")
def check_losses(value: Any, known: dict[str, Any]) -> None:
    epochs = int(known.get("EPOCHS", 40))
    losses = np.asarray(value, dtype=float).ravel()
    if len(losses) not in (epochs, epochs + 1):
        raise Wrong(f"losses: expected {epochs} numbers, found {len(losses)}")
    if not np.isfinite(losses).all():
        raise Wrong("losses: expected finite numbers, found nan or inf (is the rate too large?)")
    images, answers, _, _ = split(known)
    w, b = numbers(known["weights"], "weights", (64, 10)), numbers(known["bias"], "bias", (10,))
    compare(losses[0], right_loss(images, answers, w, b), "the first of the losses (start weights)")
    if (np.diff(losses) >= 0).any():
        raise Wrong("losses: expected numbers that fall all the way, found a rise")
    if losses[-1] > 0.5 * losses[0]:
        raise Wrong(f"losses: expected a clear fall, found {losses[0]:.3g} to {losses[-1]:.3g}")


@checkpoint("small-batches", "batches")
def check_batches(value: Any, known: dict[str, Any]) -> None:
    def made(count: int, size: int, rng: np.random.Generator) -> list[list[int]]:
        groups = value(count, size, rng)
        try:
            return [[int(i) for i in np.asarray(group).ravel()] for group in groups]
        except (TypeError, ValueError):
            raise Wrong(
                f"batches: expected a list of arrays of row numbers, found {found(groups)}"
            ) from None

    for count, size in ((10, 4), (12, 4), (3, 8), (101, 10)):
        groups = [group for group in made(count, size, np.random.default_rng(5)) if group]
        flat = [index for group in groups for index in group]
        want = -(-count // size)
        if max(map(len, groups), default=0) > size:
            raise Wrong(f"batches({count}, {size}): expected {size} rows at most, found more")
        if sorted(flat) != list(range(count)):
            slip = "last-batch-lost" if len(flat) == count - count % size else ""
            raise Wrong(
                f"batches({count}, {size}): expected every row number from 0 to {count - 1} exactly "
                f"once, found {len(flat)} row numbers, {len(set(flat))} of them different",
                mistake=slip,
            )
        if len(groups) != want:
            raise Wrong(f"batches({count}, {size}): expected {want} batches, found {len(groups)}")
    rng = np.random.default_rng(6)
    first, second = made(101, 10, rng), made(101, 10, rng)
    again = made(101, 10, np.random.default_rng(6))
    if sum(first, []) == list(range(101)):
        raise Wrong("batches: expected a random order, found 0, 1, 2, ...", mistake="not-shuffled")
    if all(group == list(range(group[0], group[0] + len(group))) for group in first):
        raise Wrong("batches: expected shuffled rows, found blocks of neighbouring rows")
    if first == second:
        raise Wrong(
            "batches: expected a new order for each call with the same generator",
            mistake="always-the-same-order",
        )
    if first != again:
        raise Wrong("batches: expected the same order from the same seed; is `rng` used for it?")


@checkpoint("small-batches", "one_epoch")
def check_one_epoch(value: Any, known: dict[str, Any]) -> None:
    for seed, size in ((51, 4), (52, 5), (53, 12)):
        x, y, w, b = problem(seed)
        order = np.random.default_rng(seed).permutation(len(x))
        groups = [order[n : n + size] for n in range(0, len(x), size)]
        right_w, right_b = w.copy(), b.copy()
        for group in groups:
            right_w, right_b = right_step(x[group], y[group], right_w, right_b, 0.4)
        slips = [("one-big-step", right_step(x, y, w, b, 0.4)[0])]
        for slip, group in (("only-first-batch", groups[0]), ("only-last-batch", groups[-1])):
            slips.append((slip, right_step(x[group], y[group], w, b, 0.4)[0]))
        result = unspoilt(value, "one_epoch", "epoch-overwrites", x, y, w, b, 0.4, groups)
        new_w, new_b = pair(result, "one_epoch")
        what = f"after {len(groups)} fresh batches"
        compare(new_w, right_w, f"the weights {what}", *slips)
        compare(new_b, right_b, f"the bias {what}")


@checkpoint("the-proof", "trained_weights")
def check_trained_weights(value: Any, known: dict[str, Any]) -> None:
    array = numbers(value, "trained_weights", (64, 10))
    if "weights" in known and near(array, known["weights"]):
        raise Wrong(
            "trained_weights: expected other numbers than the start weights",
            mistake="start-returned",
        )


@checkpoint("the-proof", "trained_bias")
def check_trained_bias(value: Any, known: dict[str, Any]) -> None:
    bias = numbers(value, "trained_bias", (10,))
    weights = numbers(known["trained_weights"], "trained_weights", (64, 10))
    train_x, train_y, valid_x, valid_y = split(known)
    seen, unseen = (
        share_right(*part, weights, bias) for part in ((train_x, train_y), (valid_x, valid_y))
    )
    if unseen >= seen:
        raise Wrong(
            f"the trained machine: expected better results on the training set than on digits it "
            f"has never seen, found {seen:.3f} and {unseen:.3f}",
            mistake="trained-on-validation",
        )
    if seen < 0.9:
        raise Wrong(f"the trained machine: expected over 0.9 on the training set, found {seen:.3f}")


@checkpoint("the-proof", "final_accuracy")
def check_final_accuracy(value: Any, known: dict[str, Any]) -> None:
    share = part_of_one(value, "final_accuracy")
    weights = numbers(known["trained_weights"], "trained_weights", (64, 10))
    bias = numbers(known["trained_bias"], "trained_bias", (10,))
    train_x, train_y, valid_x, valid_y = split(known)
    right = share_right(valid_x, valid_y, weights, bias)
    slip = ("proof-on-training", share_right(train_x, train_y, weights, bias))
    compare(share, right, "final_accuracy of the trained machine on the validation set", slip)
    if share <= (similar(known, valid_x).argmin(axis=1) == valid_y).mean():
        raise Wrong(f"final_accuracy: expected more than pixel similarity, found {share:.3f}")
