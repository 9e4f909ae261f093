"""From observations to judged points: found by name, by mapping, by value, by what it answers."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from fastcompanion.course.model import Checkpoint
from fastcompanion.course.recorded import judge
from fastcompanion.course.recorded.record import (
    KnownMistake,
    RecordedFunction,
    RecordedOutcome,
    RecordedSection,
)
from tests.course.recorded.by_hand import (
    Print,
    answer,
    array,
    frame,
    function,
    number,
    observed,
    outcome,
    section,
    tried,
)

LOSS = outcome("loss", number(0.538))


def states(
    recorded: RecordedSection, seen: dict[str, Any], promised: tuple[str, ...] = ()
) -> dict[str, str]:
    return {one["name"]: one["state"] for one in judge.points(recorded, seen, {}, promised)}


def only(recorded: RecordedSection, seen: dict[str, Any]) -> dict[str, Any]:
    (point,) = judge.points(recorded, seen, {})
    return point


def test_a_value_is_found_by_its_name() -> None:
    point = only(section(LOSS), observed({"loss": number(0.538)}))
    assert (point["state"], point["by"], point["found_name"]) == ("passed", "name", "loss")
    assert point["hard"]


def test_a_value_is_found_by_the_learners_mapping() -> None:
    point = only(section(LOSS), observed(mapped={"loss": ("history[0]", number(0.538))}))
    assert (point["state"], point["by"]) == ("passed", "mapping")
    assert point["found_name"] == "history[0]"


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (observed({"verlust": number(0.538)}), "verlust"),
        (observed(shown=[(4, number(0.538))]), "what cell 5 shows"),
        (observed(printed=[(6, [1.0, 0.538])]), "what cell 7 prints"),
        (observed({"loss": number(0.9), "mse": number(0.538)}), "mse"),
    ],
)
def test_a_value_is_found_by_what_it_is(seen: dict[str, Any], name: str) -> None:
    point = only(section(LOSS), seen)
    assert (point["state"], point["by"], point["found_name"]) == ("passed", "value", name)


def test_a_result_may_stand_in_a_dictionary_of_results() -> None:
    results = {"k": "group", "t": "dict", "n": 2, "items": [number(0.538), number(0.25)]}
    point = only(section(LOSS), observed({"results": results}))
    assert (point["state"], point["found_name"]) == ("passed", "an item of results")


def test_an_array_in_another_order_of_columns_is_found_by_what_it_is() -> None:
    recorded = section(outcome("x", array([1.0, 20.0], [2.0, 50.0], [6.0, 10.0])))
    mine = observed({"tafel": array([20.0, 1.0], [50.0, 2.0], [10.0, 6.0])})
    assert only(recorded, mine)["found_name"] == "tafel"


@pytest.mark.parametrize("value", [number(0.5), number(712, whole=True), array(0.0, 0.0)])
def test_what_may_be_anything_is_neither_found_by_value_nor_missed(value: Print) -> None:
    recorded = section(outcome("x", value))
    assert states(recorded, observed({"y": value})) == {}
    assert states(recorded, observed({"x": value})) == {"x": "passed"}


def test_a_wrong_value_under_the_name_is_wrong_and_is_not_given_away() -> None:
    point = only(section(LOSS), observed({"loss": number(0.712)}))
    assert point["state"] == "wrong"
    assert "expected another number between 0.1 and 1; found 0.712 (number)" in point["message"]
    assert "538" not in str(point)


def test_a_number_of_another_size_is_told_by_its_size() -> None:
    point = only(section(LOSS), observed({"loss": number(71.2)}))
    assert (point["state"], point["message"]) == ("wrong", "")  # verdict.py tells the range
    (asked,) = judge.checkpoints(section(LOSS))
    assert asked == Checkpoint("loss", "number", "", "between 0.1 and 1")


def test_a_wrong_array_is_told_by_shape_or_by_its_numbers() -> None:
    recorded = section(outcome("x", array(1.0, 2.0, 4.0)))
    other = only(recorded, observed({"x": array(1.0, 2.0)}))
    assert (other["state"], other["message"]) == ("wrong", "")
    same = only(recorded, observed({"x": array(1.0, 2.0, 5.0)}))
    assert same["message"].startswith("expected another array (3,); found an array of shape (3,)")


def test_what_is_required_and_absent_is_missing() -> None:
    point = only(section(LOSS), observed({"other": number(0.9), "text": {"k": "text", "h": "a"}}))
    assert point["state"] == "missing"
    assert point["bound"] == ["other", "text"]
    assert point["near"] == "`other`, 0.9 (number)"


def test_what_only_informs_may_be_absent_and_counts_when_the_scaffold_asks_for_it() -> None:
    recorded = section(outcome("loss", number(0.538), required=False))
    assert states(recorded, observed()) == {}
    assert states(recorded, observed({"loss": number(0.9)})) == {}
    assert states(recorded, observed({"loss": number(0.9)}), ("loss",)) == {"loss": "wrong"}
    assert states(recorded, observed({"loss": number(0.538)})) == {"loss": "passed"}


def test_a_shown_number_may_be_shown_printed_or_named() -> None:
    recorded = section(outcome("", number(0.8258), where="shown", place=2))
    assert states(recorded, observed(shown=[(1, number(0.8258))])) == {"shown:2": "passed"}
    assert states(recorded, observed({"a": number(0.8258)})) == {"shown:2": "passed"}
    assert states(recorded, observed(printed=[(1, [0.826])])) == {"shown:2": "passed"}
    missing = only(recorded, observed(shown=[(1, number(0.79))]))
    assert missing["state"] == "missing"
    assert "expected number shown by this section, between 0.1 and 1" in missing["message"]
    assert "the nearest is what cell 2 shows, 0.79 (number)" in missing["message"]
    assert "8258" not in missing["message"]


def test_a_metric_may_be_better_under_its_name_and_where_it_is_shown() -> None:
    named = section(outcome("acc", number(0.8258), "seeded", band=(0.82, 0.01), better="up"))
    assert states(named, observed({"acc": number(0.91)})) == {"acc": "passed"}
    assert states(named, observed({"acc": number(0.71)})) == {"acc": "wrong"}
    assert states(named, observed({"accuracy": number(0.911)})) == {"acc": "passed"}
    assert states(named, observed({"share": number(0.911)})) == {"acc": "missing"}
    shown = section(
        outcome("", number(0.8258), "seeded", where="shown", band=(0.82, 0.01), better="up")
    )
    assert states(shown, observed(shown=[(1, number(0.911))])) == {"shown:0": "passed"}
    assert states(shown, observed(shown=[(1, number(0.711))])) == {"shown:0": "missing"}


def test_a_band_that_says_too_little_fails_nobody() -> None:
    recorded = section(outcome("loss", number(0.538), "seeded", band=(0.5, 0.1)))
    assert states(recorded, observed({"loss": number(3.3)})) == {}
    assert states(recorded, observed()) == {}
    assert states(recorded, observed({"loss": number(0.538)})) == {"loss": "passed"}


def test_a_value_that_no_seed_gives_is_wrong_in_the_widest_band() -> None:
    band = (0.5, 0.2)
    loss = section(outcome("loss", number(0.538), "seeded", band=band, better="down"))
    assert states(loss, observed({"loss": number(-0.031)})) == {"loss": "wrong"}
    assert states(loss, observed({"loss": number(1.9)})) == {}
    acc = section(outcome("acc", number(0.538), "seeded", band=band, better="up"))
    assert states(acc, observed({"acc": number(1.31)})) == {"acc": "wrong"}


def test_another_order_is_a_style_where_nothing_rests_on_it() -> None:
    recorded = outcome("classes", array(1.0, 2.0, 3.0), required=False)
    mixed, other = (
        observed({"classes": array(3.0, 1.0, 2.0)}),
        observed({"classes": array(3.0, 1.0, 1.0)}),
    )
    assert states(section(recorded), mixed, ("classes",)) == {}
    assert states(section(recorded), other, ("classes",)) == {"classes": "wrong"}
    needed = outcome("classes", array(1.0, 2.0, 3.0))
    assert states(section(needed), mixed, ("classes",)) == {"classes": "wrong"}


def test_how_random_arrays_are_nested_is_a_style() -> None:
    inner = {"k": "group", "t": "list", "n": 1, "items": [array(0.1, 0.2)]}
    recorded = outcome(
        "layers",
        {"k": "group", "t": "tuple", "n": 2, "items": [inner, inner]},
        "shape",
        required=False,
    )
    flat = {"k": "group", "t": "list", "n": 2, "items": [array(0.3, 0.1), array(0.2, 0.1)]}
    assert states(section(recorded), observed({"layers": flat}), ("layers",)) == {}


def test_the_sizes_of_nested_random_matrices_are_no_style() -> None:
    def layers(*sizes: tuple[int, int]) -> dict[str, Any]:
        items = [{**array(0.1), "shape": list(size)} for size in sizes]
        return {"k": "group", "t": "list", "n": len(items), "items": items}

    recorded = outcome("layers", layers((12, 10), (10, 1)), "shape", required=False)
    right = {"k": "group", "t": "tuple", "n": 1, "items": [layers((12, 10), (10, 1))]}
    for found, told in ((right, {}), (layers((12, 10), (10, 2)), {"layers": "wrong"})):
        assert states(section(recorded), observed({"layers": found}), ("layers",)) == told


def test_what_chance_decides_is_compared_by_shape_which_is_not_hard() -> None:
    recorded = section(outcome("coeffs", array(0.1, 0.2, 0.3), "shape"))
    point = only(recorded, observed({"coeffs": array(7.0, 8.0, 9.0)}))
    assert (point["state"], point["hard"]) == ("passed", False)
    assert states(recorded, observed({"coeffs": array(7.0, 8.0)})) == {"coeffs": "wrong"}
    assert states(recorded, observed({"c": array(7.0, 8.0, 9.0)})) == {}
    assert states(recorded, observed({"c": number(1.5)})) == {"coeffs": "missing"}


CALC = function("calc_loss", answer(number(1.25)), answer(array(1.0, 2.0)))
RIGHT = (answer(number(1.25)), answer(array(1.0, 2.0)))


@pytest.mark.parametrize(
    ("name", "by", "order"),
    [
        ("calc_loss", "name", (0, 1)),
        ("verlust", "mapping", (0, 1)),
        ("verlust", "kind", (0, 1)),
        ("calc_loss", "name", (1, 0)),
    ],
)
def test_a_function_is_known_by_what_it_answers(name: str, by: str, order: tuple[int, int]) -> None:
    seen = observed(replays={"calc_loss": [tried(name, *RIGHT, by=by, order=order)]})
    point = only(section(functions=[CALC]), seen)
    assert (point["state"], point["hard"]) == ("passed", True)
    assert (point["by"], point["found_name"]) == (by, name)
    assert ("another order" in point["found"]) == (order == (1, 0))


def replayed(*told: dict[str, Any], by: str = "name") -> dict[str, Any]:
    return observed(replays={"calc_loss": [tried("calc_loss", *told, by=by)]})


def test_a_function_with_right_shapes_and_wrong_values_is_wrong() -> None:
    point = only(section(functions=[CALC]), replayed(RIGHT[0], answer(array(1.0, 3.0))))
    assert point["state"] == "wrong"
    assert point["message"] == (
        "given the same arguments as the original, `calc_loss` answers something else in 1 of 2 "
        "calls: expected another array (2,), found an array of shape (2,), 1 to 3, mean 2"
    )


@pytest.mark.parametrize(
    "told",
    [
        (RIGHT[0], answer({"k": "text", "h": "ab", "n": 2})),  # another kind
        ({"error": "TypeError"}, {"error": "TypeError"}),
        ({"skipped": "x"}, {"skipped": "x"}),
        (RIGHT[0], {"error": "slow"}),
    ],
)
def test_what_is_not_separate_here_is_not_counted(told: tuple[dict[str, Any], ...]) -> None:
    assert states(section(functions=[CALC]), replayed(*told)) == {}


def test_a_sum_over_everything_is_not_a_sum_for_each_row() -> None:
    seen = replayed(RIGHT[0], answer(number(3.0)))
    assert states(section(functions=[CALC]), seen) == {"calc_loss": "wrong"}
    column = {**array([1.0], [2.0])}
    assert states(section(functions=[CALC]), replayed(RIGHT[0], answer(column))) == {
        "calc_loss": "passed"
    }


def test_a_function_under_another_name_is_never_wrong() -> None:
    assert (
        states(section(functions=[CALC]), replayed(answer(number(9.0)), RIGHT[1], by="kind")) == {}
    )


@pytest.mark.parametrize("word", ["True", "False", "0"])
def test_a_function_that_answers_what_others_answer_too_is_known_by_its_name_alone(
    word: str,
) -> None:
    digest = hashlib.sha256(word.encode()).hexdigest()[:12]
    told = number(0, whole=True) if word == "0" else {"k": "text", "h": digest, "n": len(word)}
    equal = function("equal", answer(told))
    seen = observed(replays={"equal": [tried("both", answer(told), by="kind")]})
    assert states(section(functions=[equal]), seen) == {}
    wrong = [tried("equal", answer(number(2, whole=True)))]
    beside = observed(replays={"equal": [*wrong, tried("both", answer(told), by="kind")]})
    assert states(section(functions=[equal]), beside) == {"equal": "wrong"}
    turned = tried("equal", answer(told), by="kind", order=(1, 0))
    for own in ([tried("equal", answer(told))], [*wrong, turned]):
        right = observed(replays={"equal": own})
        assert states(section(functions=[equal]), right) == {"equal": "passed"}


def test_calls_that_can_not_be_made_are_left_out() -> None:
    assert (
        only(section(functions=[CALC]), replayed({"skipped": "x"}, RIGHT[1]))["state"] == "passed"
    )


def test_changed_arguments_count_where_the_original_changes_them() -> None:
    nothing = {"k": "text", "h": "dc937b59892f", "n": 4}
    step = function("step", answer(nothing, [array(1.0, 2.0), None]))
    right = observed(replays={"step": [tried("step", answer(nothing, [array(1.0, 2.0), None]))]})
    assert states(section(functions=[step]), right) == {"step": "passed"}
    wrong = observed(replays={"step": [tried("step", answer(nothing, [array(1.0, 3.0), None]))]})
    point = only(section(functions=[step]), wrong)
    assert point["state"] == "wrong"
    assert "`step` leaves behind something else" in point["message"]
    other = observed(replays={"step": [tried("step", answer(array(1.0, 2.0), [None, None]))]})
    assert states(section(functions=[step]), other) == {}


def test_a_random_function_is_compared_by_shape_which_is_not_hard() -> None:
    made = {"k": "array", "shape": [3], "d": "f"}
    init = function("init", answer(made), stability="shape")
    seen = observed(replays={"init": [tried("init", answer(array(3.0, 1.0, 2.0)))]})
    point = only(section(functions=[init]), seen)
    assert (point["state"], point["hard"]) == ("passed", False)


UP = KnownMistake("m1", "with the sign of the step turned", {"loss": 0.712}, {})
RAW = KnownMistake("m2", "without normalising", {"loss": number(0.655)}, {})


def named(seen: dict[str, Any], *mistakes: KnownMistake, of: RecordedOutcome = LOSS) -> str:
    return str(only(section(of, mistakes=mistakes), seen).get("mistake", ""))


def test_a_known_mistake_is_named() -> None:
    assert named(observed({"loss": number(0.7121)}), UP, RAW) == "loss:m1"
    assert named(observed({"loss": number(0.655)}), UP, RAW) == "loss:m2"
    assert judge.mistakes(section(LOSS, mistakes=[UP])) == {
        "loss:m1": "This is what comes out with the sign of the step turned."
    }


def test_another_wrong_value_is_no_known_mistake() -> None:
    assert named(observed({"loss": number(0.9)}), UP, RAW) == ""


def test_a_mistake_is_named_with_one_other_that_it_may_be_but_not_with_two() -> None:
    other = KnownMistake("m3", "without the mean", {"loss": 0.712}, {})
    third = KnownMistake("m5", "without the sigmoid", {"loss": 0.712}, {})
    twin = KnownMistake("m4", UP.words, {"loss": 0.712}, {})
    told = named(observed({"loss": number(0.712)}), UP, other)
    assert judge.sentence(judge.mistakes(section(LOSS, mistakes=[UP, other])), told) == (
        "This is what comes out with the sign of the step turned. "
        "Or: This is what comes out without the mean."
    )
    assert named(observed({"loss": number(0.712)}), UP, other, third) == ""
    assert named(observed({"loss": number(0.712)}), UP, twin) == "loss:m1"


def test_no_mistake_is_named_by_an_accuracy_alone() -> None:
    dead = KnownMistake("m1", "without setting lr", {"acc": 0.595}, {})
    metric = outcome("acc", number(0.8258), better="up")
    assert named(observed({"acc": number(0.595)}), dead, of=metric) == ""
    both = KnownMistake("m1", "x", {"acc": 0.595, "loss": 0.712}, {})
    seen = observed({"acc": number(0.595), "loss": number(0.712)})
    points = judge.points(section(LOSS, metric, mistakes=[both]), seen, {})
    assert {point.get("mistake") for point in points} == {"loss:m1"}


def test_a_mistake_that_contradicts_another_point_is_not_named() -> None:
    mistakes = [KnownMistake("m1", "x", {"loss": 0.712, "acc": 0.51}, {})]
    recorded = section(LOSS, outcome("acc", number(0.8258)), mistakes=mistakes)
    points = judge.points(recorded, observed({"loss": number(0.712), "acc": number(0.33)}), {})
    assert [point.get("mistake") for point in points] == [None, None]
    points = judge.points(recorded, observed({"loss": number(0.712), "acc": number(0.51)}), {})
    assert [point.get("mistake") for point in points] == ["loss:m1", "loss:m1"]


def test_a_mistake_is_known_by_what_a_function_answers() -> None:
    came = [answer(number(2.5)), answer(array(2.0, 4.0))]
    mistake = KnownMistake("m1", "without the mean", {}, {"calc_loss": came})
    recorded = section(functions=[CALC], mistakes=[mistake])
    assert only(recorded, replayed(*came))["mistake"] == "loss:m1"
    assert "mistake" not in only(recorded, replayed(came[0], RIGHT[1]))


def test_checkpoints_tell_kinds_shapes_and_sizes_but_no_answers() -> None:
    recorded = section(
        LOSS,
        outcome("n", number(713, whole=True)),
        outcome("step", number(-0.025)),
        outcome("zero", number(0.0)),
        outcome("acc", number(0.8258), better="up"),
        outcome("x", array([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])),
        outcome("df", frame(5, a=(1.0, 0))),
        outcome("model", {"k": "model", "cls": "Net", "n": 3, "shapes": [[3]]}, "shape"),
        outcome("", number(0.8258), where="printed", place=1),
        functions=[function("calc_loss", *RIGHT), function("other", *RIGHT)],
    )
    promised = [Checkpoint("calc_loss", "function", "calc_loss(coeffs, indeps)", "the mean")]
    told = {one.name: one for one in judge.checkpoints(recorded, promised)}
    assert told["calc_loss"] == promised[0]
    assert told["other"].shape == "other(a, b)"
    assert told["n"].about == "a whole number between 100 and 1000"
    assert told["step"].about == "between -0.1 and -0.01"
    assert told["zero"].about == "about zero"
    assert told["acc"].about == "between 0.1 and 1, better is fine"
    assert (told["x"].kind, told["x"].shape) == ("array", "(3, 2)")
    assert (told["df"].kind, told["df"].shape) == ("frame", "5 rows, 1 columns")
    assert told["model"].kind == "model"
    assert told["printed:1"].about == "printed by this section, between 0.1 and 1"
    assert not {"538", "8258", "713", "025"} & set(str(told).replace("'", " ").split())


def test_a_pass_needs_more_than_what_every_mistake_leaves_right() -> None:
    moves = [KnownMistake(f"m{n}", "with a slip", {"loss": 0.7 + n}, {}) for n in range(2)]
    inner = KnownMistake("m9", "inside", {}, {"calc_loss": [None]})
    grid = outcome("grid", array(1.0, 2.0, 4.0))
    asked = section(LOSS, grid, functions=[CALC], mistakes=[*moves, inner])
    only_grid = observed({"netz": array(1.0, 2.0, 4.0)})
    assert judge.says_little(asked, judge.points(asked, only_grid, {}))
    with_loss = observed({"loss": number(0.538), "grid": array(1.0, 2.0, 4.0)})
    assert not judge.says_little(asked, judge.points(asked, with_loss, {}))
    called = observed(replays={"calc_loss": [tried("calc_loss", *RIGHT)]})
    assert not judge.says_little(asked, judge.points(asked, called, {}))
    plain = section(LOSS, grid, mistakes=moves)
    assert not judge.says_little(plain, judge.points(plain, only_grid, {}))


def test_the_question_for_the_observer_is_plain_data() -> None:
    recorded = section(LOSS, functions=[CALC])
    asked = judge.question(recorded, ["loss"], {"loss": "verlust"}, [3, 4])
    assert asked["wanted"] == ["loss", "calc_loss"]
    assert asked["functions"][0]["cases"][0]["seed"] == 1
    assert (asked["id"], asked["bound"], asked["cells"]) == ("loss", ["loss"], [3, 4])
    assert isinstance(CALC, RecordedFunction)


def test_values_under_each_others_names_are_mixed_up() -> None:
    recorded = section(outcome("first", number(0.8258)), outcome("second", number(0.3517)))
    points = judge.points(
        recorded, observed({"first": number(0.3517), "second": number(0.8258)}), {}
    )
    assert [point["state"] for point in points] == ["wrong", "wrong"]
