"""When a value agrees with a recorded one."""

from __future__ import annotations

import pytest

from fastcompanion.course.recorded import agree
from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.record import Better, Stability
from tests.course.recorded.by_hand import array, frame, number, outcome


def test_an_exact_number_agrees_to_a_thousandth() -> None:
    recorded = outcome("loss", number(0.538))
    assert agree.agrees(recorded, number(0.5383))
    assert not agree.agrees(recorded, number(0.5392))
    assert not agree.agrees(recorded, number(-0.538))


def test_whole_numbers_agree_exactly() -> None:
    recorded = outcome("n", number(38_123, whole=True))
    assert agree.agrees(recorded, number(38_123.0))
    assert not agree.agrees(recorded, number(38_122, whole=True))


def test_what_is_not_a_number_agrees_with_nothing_but_itself() -> None:
    recorded = outcome("loss", {"k": "number", "v": None, "i": False})
    assert agree.agrees(recorded, {"k": "number", "v": None, "i": False})
    assert not agree.agrees(recorded, number(0.0))


def test_types_and_wrappings_do_not_matter() -> None:
    recorded = outcome("loss", number(0.538))
    assert agree.agrees(recorded, array([0.538]))
    column = outcome("y", array(1.0, 2.0, 4.0))
    assert agree.agrees(column, {**array([1.0], [2.0], [4.0]), "d": "i"})


def test_a_seeded_number_agrees_in_the_band_of_other_seeds() -> None:
    recorded = outcome("loss", number(0.50), "seeded", band=(0.52, 0.01))
    assert agree.agrees(recorded, number(0.50))
    assert agree.agrees(recorded, number(0.555))  # 0.52 + 3 * 0.01 + 1 % of 0.52
    assert not agree.agrees(recorded, number(0.556))
    assert not agree.agrees(recorded, number(0.484))


def test_a_noisy_number_has_no_value_of_its_own() -> None:
    recorded = outcome("loss", number(0.9), "noisy", band=(0.52, 0.01))
    assert not agree.agrees(recorded, number(0.9))
    assert agree.agrees(recorded, number(0.54))


@pytest.mark.parametrize(
    ("better", "fine", "wrong"),
    [("up", (0.80, 0.85, 0.95), (0.76, 1.0, 1.2)), ("down", (0.80, 0.4, 0.1), (0.86, 0.0, -0.8))],
)
def test_a_metric_may_be_better_but_not_unbelievably(
    better: Better, fine: tuple[float, ...], wrong: tuple[float, ...]
) -> None:
    recorded = outcome("m", number(0.81), "seeded", band=(0.81, 0.01), better=better)
    assert [agree.agrees(recorded, number(value)) for value in fine] == [True] * 3
    assert [agree.agrees(recorded, number(value)) for value in wrong] == [False] * 3


def test_a_metric_that_no_seed_changes_stays_nearer() -> None:
    recorded = outcome("loss", number(0.8), better="down")
    assert agree.agrees(recorded, number(0.6))
    assert not agree.agrees(recorded, number(0.4))


def test_a_wide_band_only_informs() -> None:
    assert agree.informs(outcome("loss", number(0.5), "seeded", band=(0.5, 0.03)))
    assert not agree.informs(outcome("loss", number(0.5), "seeded", band=(0.5, 0.02)))
    assert not agree.informs(outcome("loss", number(0.5)))


def test_random_arrays_are_compared_by_shape_only() -> None:
    kinds: tuple[Stability, ...] = ("shape", "seeded", "noisy")
    for stability in kinds:
        recorded = outcome("coeffs", array(0.1, 0.2, 0.3), stability)
        assert agree.agrees(recorded, array(5.0, 6.0, 7.0))
        assert not agree.agrees(recorded, array(0.1, 0.2))


def test_the_order_of_columns_is_free_and_that_of_rows_is_not() -> None:
    recorded = outcome("x", array([1.0, 20.0], [2.0, 50.0], [6.0, 10.0]))
    assert agree.agrees(recorded, array([20.0, 1.0], [50.0, 2.0], [10.0, 6.0]))
    assert not agree.agrees(recorded, array([2.0, 50.0], [6.0, 10.0], [1.0, 20.0]))
    assert not agree.agrees(recorded, array([1.0, 50.0], [2.0, 20.0], [6.0, 11.0]))


def test_a_mean_that_is_zero_but_for_rounding_is_zero() -> None:
    recorded = outcome("x", {**array(-1.0, 1.0), "v": [3e-9, 1.0, 1.0, 0.25]})
    assert agree.agrees(recorded, {**array(-1.0, 1.0), "v": [-5e-8, 1.0, 1.0, 0.25]})


def test_frames_agree_by_what_is_in_their_columns() -> None:
    recorded = outcome("df", frame(5, age=(30.5, 0), fare=(12.0, 1), name=(None, 0)))
    assert agree.agrees(recorded, frame(5, fee=(12.0, 1), alter=(30.5, 0), wer=(None, 0)))
    assert not agree.agrees(recorded, frame(5, age=(30.5, 0), fare=(12.0, 0), name=(None, 0)))
    assert not agree.agrees(recorded, frame(4, age=(30.5, 0), fare=(12.0, 1), name=(None, 0)))
    assert not agree.agrees(recorded, frame(5, age=(31.5, 0), fare=(12.0, 1), name=(None, 0)))


def test_a_frame_agrees_with_an_array_of_its_numbers() -> None:
    recorded = outcome("x", frame(2, a=(1.5, 0), b=(4.0, 0)))
    assert agree.agrees(recorded, array([3.0, 1.0], [5.0, 2.0]))
    assert not agree.agrees(recorded, array([3.0, 1.0], [5.0, 2.5]))


def test_models_agree_by_their_parameters() -> None:
    model = {"k": "model", "cls": "Sequential", "n": 31, "shapes": [[10, 3], [1]]}
    recorded = outcome("model", model, "shape")
    assert agree.agrees(recorded, {**model, "cls": "Net", "shapes": [[1], [10, 3]]})
    assert not agree.agrees(recorded, {**model, "n": 41, "shapes": [[10, 4], [1]]})


def test_groups_agree_item_by_item() -> None:
    pair = {"k": "group", "t": "tuple", "n": 2, "items": [number(1.5), array(1.0, 2.0)]}
    recorded = outcome("pair", pair)
    assert agree.agrees(recorded, {**pair, "t": "list"})
    other = {**pair, "items": [number(1.5), array(1.0, 3.0)]}
    assert not agree.agrees(recorded, other)


def test_gradients_count_only_where_they_are_asked_for() -> None:
    with_gradient = {**array(1.0, 2.0), "g": [0.5, 0.75]}
    assert agree.same(with_gradient, array(1.0, 2.0))
    assert not agree.same(with_gradient, array(1.0, 2.0), grads=True)
    assert agree.same(with_gradient, {**array(1.0, 2.0), "g": [0.5001, 0.75]}, grads=True)


def test_only_telling_values_are_known_under_other_names() -> None:
    telling = [number(0.8258), array(1.0, 2.0), frame(2, a=(1.0, 0))]
    common = [
        number(6.64906706e-11),
        number(0.5),
        number(891, whole=True),
        number(3.0),
        array(0.0, 0.0),
        number(0.25),
    ]
    assert all(map(agree.telling, telling))
    assert not any(map(agree.telling, common))


def test_printed_numbers_are_rounded_ones() -> None:
    assert agree.same_printed(0.825843, 0.826)
    assert not agree.same_printed(0.825843, 0.825)
    assert not agree.same_printed(0.825843, 0.83)  # two digits could be anything


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("acc", "up"),
        ("val_acc", "up"),
        ("trainAccuracy", "up"),
        ("accuracy_score", "up"),
        ("r2", "up"),
        ("f1", "up"),
        ("loss", "down"),
        ("error_rate", "down"),
        ("m_rmse", "down"),
        ("AUC", "up"),
        ("access", ""),
        ("glossary", ""),
        ("loss_score", ""),
        ("mean", ""),
    ],
)
def test_metrics_are_known_by_their_names(name: str, better: str) -> None:
    assert agree.direction(name) == better


@pytest.mark.parametrize(
    ("source", "better"),
    [
        ("acc(coeffs)", "up"),
        ("x = 1\nloss.item()", "down"),
        ("1 - acc(coeffs)", ""),
        ("mean_absolute_error(y, p)", "down"),
        ("print('accuracy', found)", "up"),
        ("print(f'epoch {i}: loss {value:.3f}')", "down"),
        ("loss = 3", ""),
        ("", ""),
    ],
)
def test_metrics_are_known_by_what_a_cell_ends_with(source: str, better: str) -> None:
    assert agree.direction_of(source) == better


def test_true_is_one_as_numpy_has_it() -> None:
    yes, no, nothing = (fingerprint(value) for value in (True, False, None))
    assert agree.same(yes, number(1.0))
    assert agree.same(no, number(0.0))
    assert not agree.same(yes, no)
    assert not agree.same(yes, number(2.0))
    assert not agree.same(nothing, number(0.0))
    assert not any(map(agree.telling, (yes, no, nothing)))
    assert agree.telling(fingerprint("a text"))


def test_a_column_or_a_flat_list_of_random_numbers_is_a_style() -> None:
    flat, column = array(0.1, 0.2, 0.3), array([0.3], [0.1], [0.2])
    assert agree.like(column, flat)
    assert agree.like(flat, column)
    assert not agree.like(column, array(0.1, 0.2))


def test_the_order_of_names_is_free() -> None:
    def names(*told: str) -> dict[str, object]:
        return fingerprint(list(told))

    assert agree.same(names("Age", "Fare", "Sex"), names("Sex", "Age", "Fare"))
    assert not agree.same(names("Age", "Fare", "Sex"), names("Sex", "Age", "Age"))
