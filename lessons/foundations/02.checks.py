"""Checks of lesson 02. They run inside the learner's kernel: numpy and the standard library only.

The engine hands in `checkpoint` and `Wrong`. Every function is tried on fresh inputs and compared
with a small reference here; trained networks are judged by what they answer, never by their
numbers, because every start leads somewhere else.
"""

from __future__ import annotations

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
    if array.shape != shape and len(shape) <= 1 and array.size == int(np.prod(shape)):
        array = array.reshape(shape)
    if array.shape != shape:
        raise Wrong(f"{what}: expected shape {shape}, found {found(value)}")
    if not np.isfinite(array).all():
        raise Wrong(f"{what}: expected finite numbers, found nan or inf among them")
    return array


def number(value: Any, what: str) -> float:
    """The value as one finite number."""
    return float(numbers(value, what, ()))


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


def need(fine: Any, message: str, mistake: str = "") -> None:
    """Raise Wrong with this message unless it is fine."""
    if not fine:
        raise Wrong(message, mistake=mistake)


# The reference.

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
AND, OR, XOR = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0])
PARTS = "hidden weights", "hidden bias", "output weights", "output bias"
Layers = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def right_neuron(x: np.ndarray, w: np.ndarray, b: Any) -> np.ndarray:
    return (x @ w + b > 0).astype(int)


def right_perceptron(
    x: np.ndarray, y: np.ndarray, epochs: int
) -> tuple[np.ndarray, float, list[int]]:
    w, b, mistakes = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        errors = 0
        for point, answer in zip(x, y):
            error = int(answer) - int(point @ w + b > 0)
            w, b, errors = w + error * point, b + error, errors + abs(error)
        mistakes.append(errors)
        if not errors:
            break
    return w, b, mistakes


def every_share(x: np.ndarray, y: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The share of right answers of each line of the grid."""
    lines = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)
    return ((x @ lines[:, :2].T + lines[:, 2] > 0) == (y[:, None] == 1)).mean(axis=0)


def right_sigmoid(z: Any) -> np.ndarray:
    small = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1, small) / (1 + small)


def right_forward(x: np.ndarray, layers: Layers) -> tuple[np.ndarray, np.ndarray]:
    hidden = right_sigmoid(x @ layers[0] + layers[1])
    return hidden, right_sigmoid(hidden @ layers[2] + layers[3])


def right_loss(outputs: np.ndarray, y: np.ndarray) -> float:
    return float(-np.log(np.where(y == 1, outputs, 1 - outputs)).mean())


def right_backward(x: np.ndarray, y: np.ndarray, layers: Layers) -> Layers:
    hidden, outputs = right_forward(x, layers)
    blame = (outputs - y) / len(x)
    inner = np.outer(blame, layers[2]) * hidden * (1 - hidden)
    return x.T @ inner, inner.sum(axis=0), hidden.T @ blame, np.asarray(blame.sum())


def right_learn(
    x: np.ndarray, y: np.ndarray, layers: Layers, rate: float, steps: int
) -> tuple[Layers, list[float]]:
    """Train; one loss more than steps: before the first step, and after each."""
    losses = [right_loss(right_forward(x, layers)[1], y)]
    for _ in range(steps):
        slopes = right_backward(x, y, layers)
        layers = tuple(a - rate * s for a, s in zip(layers, slopes))  # type: ignore[assignment]
        losses.append(right_loss(right_forward(x, layers)[1], y))
    return layers, losses


def all_outputs(nets: list[Layers], rate: float, steps: int) -> np.ndarray:
    """Train several networks on XOR side by side; what each says at the corners, (nets, 4)."""
    w1, b1, w2, b2 = (np.stack(parts) for parts in zip(*nets))
    for step in range(steps + 1):
        hidden = right_sigmoid(CORNERS @ w1 + b1[:, None, :])
        outputs = right_sigmoid(np.einsum("snh,sh->sn", hidden, w2) + b2[:, None])
        if step == steps:
            break
        blame = (outputs - XOR) / len(XOR)
        inner = blame[:, :, None] * w2[:, None, :] * hidden * (1 - hidden)
        w1, b1 = w1 - rate * (CORNERS.T @ inner), b1 - rate * inner.sum(axis=1)
        w2 = w2 - rate * np.einsum("snh,sn->sh", hidden, blame)
        b2 = b2 - rate * blame.sum(axis=1)
    return outputs


def fresh(seed: int, count: int = 6, hidden: int = 3) -> tuple[np.ndarray, np.ndarray, Layers]:
    """A fresh little problem: inputs, answers (both kinds), layers."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(count, 2)), np.arange(count) % 2
    parts = rng.normal(size=(2, hidden)), rng.normal(size=hidden), rng.normal(size=hidden)
    return x, y, (*parts, np.asarray(rng.normal()))


def handed(layers: Layers) -> tuple[Any, ...]:
    """Copies in the documented form: three arrays and a number."""
    return (layers[0].copy(), layers[1].copy(), layers[2].copy(), float(layers[3]))


def four(value: Any, what: str, inputs: int = 2, hidden: int | None = None) -> Layers:
    """Four parts that fit together, as arrays."""
    parts = pair(value, what, 4)
    if hidden is None:
        hidden = int(np.size(parts[1]))
    shapes = (inputs, hidden), (hidden,), (hidden,), ()
    fixed = [numbers(p, f"{what}, {n}", s) for p, n, s in zip(parts, PARTS, shapes)]
    return tuple(fixed)  # type: ignore[return-value]


def unspoilt(value: Any, what: str, slip: str, *arguments: Any) -> Any:
    """Call the function; refuse one that changes the arrays that it is given."""
    flat = sum((a if isinstance(a, tuple) else (a,) for a in arguments), ())
    arrays = [a for a in flat if isinstance(a, np.ndarray)]
    before = [array.copy() for array in arrays]
    result = value(*arguments)
    if not all(map(near, before, arrays)):
        message = "expected new numbers and the given ones left alone, found those changed in place"
        raise Wrong(f"{what}: {message}", mistake=slip)
    return result


def listed(value: Any, what: str) -> np.ndarray:
    """A list of numbers as a flat array."""
    try:
        return np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError):
        raise Wrong(f"{what}: expected a list of numbers, found {found(value)}") from None


@checkpoint("a-neuron-says-yes-or-no", "neuron")
def check_neuron(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    cases = [
        (rng.normal(size=(n, k)), rng.normal(size=k), float(rng.normal()))
        for n, k in ((9, 2), (1, 3), (20, 5))
    ]
    cases += [(np.array([[1.0, 1.0], [2.0, 1.0], [0.0, 1.0]]), np.array([1.0, -1.0]), 0.0)]
    for x, w, b in cases:
        sums = x @ w + b
        slips = (
            ("zero-says-yes", sums >= 0),
            ("no-threshold", x @ w > 0),
            ("sums-not-answers", sums),
            ("yes-and-no-exchanged", sums < 0),
        )
        result = value(x.copy(), w.copy(), b)
        compare(result, right_neuron(x, w, b), f"answers (0 or 1) for {len(x)} inputs", *slips)


@checkpoint("a-neuron-says-yes-or-no", "and_weights")
@checkpoint("the-perceptron-rule", "line_weights")
def check_two_weights(value: Any, known: dict[str, Any]) -> None:
    numbers(value, "the two weights", (2,))


@checkpoint("a-neuron-says-yes-or-no", "and_bias")
def check_and_bias(value: Any, known: dict[str, Any]) -> None:
    weights = numbers(known["and_weights"], "and_weights", (2,))
    says = right_neuron(CORNERS, weights, number(value, "and_bias"))
    if (says != AND).any():
        raise Wrong(
            f"and_weights with and_bias: expected a neuron that says AND at the four corners, "
            f"found one that says {says.tolist()}",
            mistake="or-not-and" if (says == OR).all() else "",
        )


@checkpoint("the-perceptron-rule", "perceptron_step")
def check_perceptron_step(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    cases = [
        (rng.normal(size=k), a, rng.normal(size=k), float(rng.normal()))
        for k in (2, 3, 2)
        for a in (0, 1)
        for _ in range(4)
    ]
    cases += [(np.array([1.0, 2.0]), a, np.zeros(2), 0.0) for a in (0, 1)]
    cases.sort(key=lambda case: case[1] != int(case[0] @ case[2] + case[3] > 0))
    for point, answer, w, b in cases:
        error = answer - int(point @ w + b > 0)
        result = pair(value(point.copy(), answer, w.copy(), b), "perceptron_step")
        what = f"after an example with answer {answer} and guess {answer - error}"
        slips = [("wrong-way", w - error * point), ("moves-when-right", w + point)]
        compare(result[0], w + error * point, f"the weights {what}", *slips)
        compare(result[1], b + error, f"the bias {what}", ("bias-not-moved", b))


@checkpoint("the-perceptron-rule", "train_perceptron")
def check_train_perceptron(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    spread = rng.normal(size=(30, 3))
    slope = spread @ np.array([1.0, -2.0, 0.5]) + 0.3
    spread, slope = spread[np.abs(slope) > 0.2], slope[np.abs(slope) > 0.2]
    cases = [(CORNERS, AND, 20), (CORNERS, XOR, 7), (CORNERS, OR, 2)]
    cases += [(spread, (slope > 0).astype(int), 200)]
    for x, y, epochs in cases:
        w, b, mistakes = right_perceptron(x, y, epochs)
        result = value(x.copy(), y.copy(), epochs)
        result = pair(result, "train_perceptron", 3)
        counts = listed(result[2], "train_perceptron, mistakes")
        what = f"after at most {epochs} passes over {len(x)} fresh examples"
        once = right_perceptron(x, y, 1)
        compare(result[0], w, f"the weights {what}", ("one-pass-only", once[0]))
        compare(result[1], b, f"the bias {what}")
        padded = np.pad(mistakes, (0, max(0, len(counts) - len(mistakes))))
        if len(counts) > epochs or not near(counts, padded):
            raise Wrong(
                f"train_perceptron: expected the number of wrong guesses in each pass until none "
                f"is wrong, {len(mistakes)} numbers; found {counts[:12].astype(int).tolist()}",
                mistake="miscounted",
            )


@checkpoint("the-perceptron-rule", "line_bias")
def check_line_bias(value: Any, known: dict[str, Any]) -> None:
    weights = numbers(known["line_weights"], "line_weights", (2,))
    cloud = np.asarray(known["cloud"], dtype=float)
    says = right_neuron(cloud, weights, number(value, "line_bias"))
    wrong = int((says != np.asarray(known["cloud_answers"])).sum())
    told = f"line_weights with line_bias: expected a line with all {len(cloud)} points on their "
    need(not wrong, f"{told}own side, found {wrong} on the wrong one", "stopped-too-early")


@checkpoint("xor-no-line-does-it", "best_share")
def check_best_share(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform(-1, 1, size=(7, 2))
    cases = [(CORNERS, y, np.linspace(-2, 2, 9)) for y in (AND, OR, XOR, 1 - XOR, 1 - AND)]
    cases += [
        (points, np.arange(7) % 2, np.array([-1.0, 0.25, 0.5])),
        (CORNERS, AND, np.array([-1.0, -0.5])),
        (CORNERS, 1 - OR, np.array([0.0, 1.0])),
    ]
    for x, y, grid in cases:
        shares = every_share(x, y, grid)
        no_bias = (
            ((x @ np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2).T > 0) == (y[:, None] == 1))
            .mean(axis=0)
            .max()
        )
        slips = [("worst-line", shares.min()), ("last-line", shares[-1])]
        slips += [("no-bias-tried", no_bias), ("counted-not-shared", shares.max() * len(x))]
        share = value(x.copy(), y.copy(), grid.copy())
        what = f"the best share among {len(grid)} x {len(grid)} x {len(grid)} lines"
        compare(share, shares.max(), what, *slips)


@checkpoint("xor-no-line-does-it", "xor_share")
def check_xor_share(value: Any, known: dict[str, Any]) -> None:
    grid = np.asarray(known.get("grid", np.linspace(-2, 2, 13)), dtype=float)
    other = every_share(CORNERS, AND, grid).max()
    compare(value, every_share(CORNERS, XOR, grid).max(), "xor_share", ("and-not-xor", other))


@checkpoint("two-layers-by-hand", "two_layers")
def check_two_layers(value: Any, known: dict[str, Any]) -> None:
    for seed in range(5, 11):
        x, _, layers = fresh(seed, 40)
        hidden = right_neuron(x, layers[0], layers[1])
        sums = x @ layers[0] + layers[1]
        slips = (
            ("hidden-not-decided", right_neuron(sums, layers[2], layers[3])),
            ("no-hidden-bias", right_neuron(right_neuron(x, layers[0], 0), *layers[2:])),
            ("no-output-bias", right_neuron(hidden, layers[2], 0)),
        )
        result = value(x, *handed(layers))
        compare(result, right_neuron(hidden, layers[2], layers[3]), "answers (0 or 1)", *slips)


@checkpoint("two-layers-by-hand", "hand")
def check_hand(value: Any, known: dict[str, Any]) -> None:
    layers = four(value, "hand")
    hidden = right_neuron(CORNERS, layers[0], layers[1])
    says = right_neuron(hidden, layers[2], layers[3])
    if (says != XOR).any():
        raise Wrong(
            f"hand: expected four parts with which the two layers say XOR at the corners, "
            f"found that they say {says.tolist()}",
            mistake="or-only" if (says == OR).all() else "",
        )


@checkpoint("soft-neurons", "sigmoid")
def check_sigmoid(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(11)
    for shape in ((5,), (3, 4), (1,)):
        z = rng.normal(size=shape) * 3
        slips = [("sign-of-the-exponent", right_sigmoid(-z)), ("not-soft", (z > 0).astype(int))]
        compare(value(z.copy()), right_sigmoid(z), f"sigmoid of shape {shape}", *slips)
    with np.errstate(all="ignore"):
        ends = np.asarray(value(np.array([-1000.0, 1000.0, 0.0])), dtype=float)
    told = "sigmoid: expected numbers from 0 to 1 for sums like 1000 and -1000, found nan"
    need(np.isfinite(ends).all(), told, "overflow")
    compare(ends, right_sigmoid(np.array([-1000.0, 1000.0, 0.0])), "sigmoid of very large sums")


@checkpoint("soft-neurons", "forward")
def check_forward(value: Any, known: dict[str, Any]) -> None:
    for seed, count, width in ((12, 6, 3), (13, 1, 2), (14, 9, 5)):
        x, _, layers = fresh(seed, count, width)
        hidden, outputs = right_forward(x, layers)
        sums = x @ layers[0] + layers[1]
        result = pair(value(x, handed(layers)), "forward")
        slips = [("hidden-not-soft", sums), ("no-hidden-bias-soft", right_sigmoid(x @ layers[0]))]
        compare(result[0], hidden, f"the hidden values of {count} inputs", *slips)
        slips = [
            ("output-not-soft", hidden @ layers[2] + layers[3]),
            ("no-output-bias-soft", right_sigmoid(hidden @ layers[2])),
            ("sums-passed-on", right_sigmoid(sums @ layers[2] + layers[3])),
        ]
        compare(result[1], outputs, f"the outputs of {count} inputs", *slips)


@checkpoint("soft-neurons", "log_loss")
def check_log_loss(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(15)
    for count in (4, 2, 25):
        outputs, y = rng.uniform(0.05, 0.95, count), np.arange(count) % 2
        right = -np.log(np.where(y == 1, outputs, 1 - outputs))
        slips = (
            ("loss-without-mean", right.sum()),
            ("loss-without-minus", -right.mean()),
            ("only-the-yes", -(y * np.log(outputs)).mean()),
            ("wrong-share", -np.log(np.where(y == 1, 1 - outputs, outputs)).mean()),
            ("always-yes", -np.log(outputs).mean()),
        )
        compare(value(outputs.copy(), y), right.mean(), "log_loss", *slips)


@checkpoint("blame-flows-backward", "backward")
def check_backward(value: Any, known: dict[str, Any]) -> None:
    for seed, count, width in ((21, 6, 3), (22, 1, 2), (23, 8, 4)):
        x, y, layers = fresh(seed, count, width)
        right = right_backward(x, y, layers)
        hidden, outputs = right_forward(x, layers)
        blame = (outputs - y) / count
        flat = np.outer(blame, layers[2])
        voiceless = np.outer(blame, np.ones(width)) * hidden * (1 - hidden)
        slips = [("no-softness", x.T @ flat), ("no-voice", x.T @ voiceless)]
        result = four(value(x, y, handed(layers)), "backward", 2, width)
        for part, name in enumerate(PARTS):
            what = f"the slopes for the {name}"
            common = [("no-mean", right[part] * count), ("uphill", -right[part])]
            if part in (1, 3):
                common.append(("averaged-twice", right[part] / count))
            compare(result[part], right[part], what, *common, *(slips if part == 0 else ()))


@checkpoint("blame-flows-backward", "largest_gap")
def check_largest_gap(value: Any, known: dict[str, Any]) -> None:
    gap = number(value, "largest_gap")
    typed = float(f"{gap:.5g}") == gap  # 0 or a step width such as 1e-6: no gap comes out round
    need(not typed, f"largest_gap: expected the little that rounding leaves, found just {gap:g}")
    apart = "largest_gap: expected less than 0.00001, as only rounding tells both kinds of slopes"
    need(0 < gap < 1e-5, f"{apart} apart; found {gap:.3g}", "half-the-distance")


@checkpoint("learning-xor", "start")
def check_start(value: Any, known: dict[str, Any]) -> None:
    for seed, hidden in ((0, 2), (1, 5), (2, 3)):
        first, again, other = (
            four(value(one, hidden), "start", 2, hidden) for one in (seed, seed, seed + 50)
        )
        gaps = np.abs(first[0][:, :1] - first[0][:, 1:]).max(axis=0)
        equal = "start: expected hidden neurons that differ from each other, found equal ones"
        need(gaps.min() > 1e-9, equal, "equal-neurons")
        seeded = "start: expected the same numbers from the same seed, found others"
        need(all(near(a, b) for a, b in zip(first, again)), seeded, "seed-not-used")
        fixed = "start: expected other numbers from another seed, found the same"
        need(not near(first[0], other[0]), fixed, "always-the-same-start")
    many = four(value(7, 400), "start", 2, 400)
    need(not many[1].any() and many[3] == 0, "start: expected all biases to be 0, found others")
    for part in (many[0], many[2]):
        spread = (
            f"start: expected weights around 0 with a standard deviation of 1, found a mean of "
            f"{part.mean():.2g} and a standard deviation of {part.std():.2g}"
        )
        need(0.8 < part.std() < 1.2 and abs(part.mean()) < 0.25, spread, "other-spread")


@checkpoint("learning-xor", "learn")
def check_learn(value: Any, known: dict[str, Any]) -> None:
    for seed, steps in ((31, 1), (32, 6), (33, 15)):
        x, y, layers = fresh(seed, 5)
        right, losses = right_learn(x, y, layers, 0.7, steps)
        result = unspoilt(value, "learn", "layers-overwritten", x, y, handed(layers), 0.7, steps)
        result = pair(result, "learn")
        new = four(result[0], "learn, layers", 2, 3)
        once = right_learn(x, y, layers, 0.7, 1)[0]
        upward = right_learn(x, y, layers, -0.7, steps)[0]
        for part in range(4):
            slips = [("steps-thrown-away", layers[part]), ("uphill-step", upward[part])]
            slips += [("only-one-step", once[part])]
            compare(new[part], right[part], f"the layers after {steps} steps", *slips)
        seen = listed(result[1], "learn, losses")
        told = f"learn: expected one loss for each of {steps} steps, taken before it (the first is "
        told += f"that of the layers handed in), found {found(seen)}"
        need(not near(seen, losses[1:]), told, "losses-after-step")
        need(near(seen, losses[:-1]) or near(seen, losses), told)


@checkpoint("learning-xor", "solved")
def check_solved(value: Any, known: dict[str, Any]) -> None:
    claimed = sorted(listed(value, "solved").tolist())
    seeds = [int(seed) for seed in known.get("SEEDS", range(10))]
    if len(set(claimed)) != len(claimed) or not set(claimed) <= set(seeds):
        raise Wrong(f"solved: expected a list of different seeds among {seeds}, found {claimed}")
    start, hidden = known["start"], int(known.get("HIDDEN", 2))
    nets = [four(start(seed, hidden), "start", 2, hidden) for seed in seeds]
    trained = all_outputs(nets, float(known.get("RATE", 2.0)), int(known.get("STEPS", 1000)))
    for seed, outputs in zip(seeds, trained):
        if np.abs(outputs - 0.5).min() < 1e-5:
            continue  # too close to call: rounding decides
        solves = bool(((outputs > 0.5) == (XOR == 1)).all())
        if solves != (seed in claimed):
            says = (outputs > 0.5).astype(int).tolist()
            raise Wrong(
                f"solved: expected exactly the seeds whose trained network has all four corners "
                f"right; seed {seed} ends with {says} and is {'' if seed in claimed else 'not '}"
                f"in your list",
                mistake="some-corners-only" if seed in claimed else "",
            )


@checkpoint("what-the-hidden-units-learnt", "xor_net")
def check_xor_net(value: Any, known: dict[str, Any]) -> None:
    outputs = right_forward(CORNERS, four(value, "xor_net"))[1]
    if ((outputs > 0.5) != (XOR == 1)).any():
        raise Wrong(
            f"xor_net: expected layers whose outputs have all four corners of XOR on the right "
            f"side of a half, found outputs {outputs.round(2).tolist()}",
            mistake="not-trained-on-xor",
        )


@checkpoint("what-the-hidden-units-learnt", "hidden_table")
def check_hidden_table(value: Any, known: dict[str, Any]) -> None:
    layers = four(known["xor_net"], "xor_net")
    sums = CORNERS @ layers[0] + layers[1]
    hidden, outputs = right_forward(CORNERS, layers)
    slips = [("sums-in-table", sums)]
    slips += [("outputs-in-table", np.stack([outputs] * hidden.shape[1], axis=1))]
    compare(value, hidden, "hidden_table", *slips)


@checkpoint("what-the-hidden-units-learnt", "hidden_mistakes")
def check_hidden_mistakes(value: Any, known: dict[str, Any]) -> None:
    counts = listed(value, "hidden_mistakes")
    if not len(counts) or counts[-1] != 0:
        raise Wrong(
            f"hidden_mistakes: expected numbers of wrong guesses that end with 0, found "
            f"{counts[-8:].astype(int).tolist()} at the end",
            mistake="corners-not-hidden",
        )
    hidden = right_forward(CORNERS, four(known["xor_net"], "xor_net"))[0]
    right = right_perceptron(hidden, XOR, 1000)[2]
    if not near(counts, np.pad(right, (0, max(0, len(counts) - len(right))))):
        raise Wrong(
            "hidden_mistakes: it ends with 0, but these are not the wrong guesses in each pass "
            "over the hidden table with the answers of XOR"
        )


@checkpoint("any-curve-from-bent-lines", "relu")
def check_relu(value: Any, known: dict[str, Any]) -> None:
    for z in (np.random.default_rng(41).normal(size=(4, 5)) * 2, np.array([-3.0, 0.0, 2.5])):
        slips = [("cut-above", np.minimum(z, 0)), ("folded", np.abs(z)), ("a-step", z > 0)]
        compare(value(z.copy()), np.maximum(z, 0), f"relu of {z.size} numbers", *slips)


@checkpoint("any-curve-from-bent-lines", "relu_table")
def check_relu_table(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(42)
    for count, bends in ((9, 3), (5, 1), (7, 6)):
        x, knots = rng.uniform(-1, 2, count), np.sort(rng.uniform(0, 1, bends))
        bent = [np.maximum(x - knot, 0) for knot in knots]
        right = np.stack([np.ones(count), x, *bent], axis=1)
        shifted = np.stack([np.ones(count), x, *(np.maximum(x, 0) - k for k in knots)], axis=1)
        result = value(x, knots)
        what = f"the table of {count} numbers and {bends} knots"
        told = f"{what}: expected {bends + 2} columns, found {bends + 1}"
        need(np.shape(result) != (count, bends + 1), told, "column-missing")
        compare(result, right, what, ("shifted-after-bending", shifted))


@checkpoint("any-curve-from-bent-lines", "fit")
def check_fit(value: Any, known: dict[str, Any]) -> None:
    rng = np.random.default_rng(43)
    for bends in (1, 4, 7):
        x = np.sort(rng.uniform(0, 1, 60))
        y, knots = np.cos(5 * x) + rng.normal(size=60) * 0.1, np.linspace(0.1, 0.9, bends)
        bent = [np.maximum(x - knot, 0) for knot in knots]
        table = np.stack([np.ones(60), x, *bent], axis=1)
        right = table @ np.linalg.lstsq(table, y, rcond=None)[0]
        result = numbers(value(x, y, knots), "fit", (60,))
        if np.abs(result - right).max() > 1e-3:
            off = float(((result - y) ** 2).mean() / ((right - y) ** 2).mean())
            raise Wrong(
                f"fit: expected the best heights that {bends} knots allow at 60 places; the mean "
                f"squared error of yours is {off:.3g} times that of the best"
            )


@checkpoint("any-curve-from-bent-lines", "curve_errors")
def check_curve_errors(value: Any, known: dict[str, Any]) -> None:
    x, curve = np.asarray(known["x"], dtype=float), np.asarray(known["curve"], dtype=float)
    means = []
    for knots in known["KNOTS"]:
        table = np.stack([np.ones(len(x)), x, *(np.maximum(x - k, 0) for k in knots)], axis=1)
        gaps = table @ np.linalg.lstsq(table, curve, rcond=None)[0] - curve
        means.append((gaps**2).mean())
    errors = listed(value, "curve_errors")
    right = np.array(means)
    slips = [("sum-of-errors", right * len(x)), ("root-of-errors", np.sqrt(right))]
    compare(errors, right, "curve_errors (mean squared)", *slips)
