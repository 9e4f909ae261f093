"""From seven runs to outcomes: exact, seeded with a band, noisy, or a shape."""

from __future__ import annotations

from typing import Any

from fastcompanion.course.recording.classify import Facts, outcomes

PLAIN = Facts(later=frozenset({"n", "loss", "w"}), last_cells=frozenset({4}), better={4: "up"})


def number(value: float | None) -> dict[str, Any]:
    return {"k": "number", "v": value, "i": value is not None and float(value).is_integer()}


def array(mean: float, size: int = 3) -> dict[str, Any]:
    return {"k": "array", "shape": [size], "d": "f", "v": [mean, 1.0, 2.0, mean], "s": [mean] * 5}


def runs(name: str, values: list[Any]) -> list[dict[str, Any]]:
    return [{"values": {name: one}, "shown": [], "printed": []} for one in values]


def test_an_exact_number_that_a_later_section_needs_is_required() -> None:
    [one] = outcomes(runs("n", [number(12)] * 7), PLAIN)
    assert (one.name, one.stability, one.band, one.required) == ("n", "exact", None, True)
    [other] = outcomes(runs("unused", [number(12)] * 7), PLAIN)
    assert not other.required


def test_a_seeded_number_has_the_band_of_the_other_seeds() -> None:
    values = [number(v) for v in (0.5, 0.5, 0.4, 0.45, 0.5, 0.55, 0.6)]
    [one] = outcomes(runs("loss", values), PLAIN)
    assert one.stability == "seeded"
    assert one.band == (0.5, 0.0790569415)
    assert one.better == "down"


def test_a_number_that_changes_by_itself_is_noisy_and_kept_coarsely() -> None:
    values = [number(v) for v in (1.234, 1.345, 1.2, 1.3, 1.25, 1.28, 1.31)]
    [one] = outcomes(runs("loss", values), PLAIN)
    assert (one.stability, one.fingerprint["v"], one.band) == ("noisy", 1.2, (1.3, 0.051))


def test_of_random_arrays_only_the_shape_is_kept_unless_their_mean_is_firm() -> None:
    wild = [array(v) for v in (0.1, 0.1, -0.4, 0.45, 0.5, -0.55, 0.6)]
    [one] = outcomes(runs("w", wild), PLAIN)
    assert (one.stability, one.fingerprint, one.band) == (
        "shape", {"k": "array", "shape": [3], "d": "f"}, None,
    )  # fmt: skip
    steady = [array(v) for v in (0.5, 0.5, 0.501, 0.499, 0.5, 0.502, 0.498)]
    [one] = outcomes(runs("w", steady), PLAIN)
    assert (one.stability, one.band) == ("seeded", (0.5, 0.00158113883))


def test_functions_texts_and_given_names_are_no_outcomes() -> None:
    facts = Facts(left_out=frozenset({"data"}))
    seen = {"f": {"k": "function", "n": 2}, "t": {"k": "text", "h": "0", "n": 1}, "data": number(3)}
    assert outcomes([{"values": seen, "shown": [], "printed": []}] * 7, facts) == ()


def test_what_is_shown_and_printed_is_kept_once_and_by_its_place() -> None:
    seen = {
        "values": {"n": number(0.123456)},
        "shown": [[2, number(0.123456)], [3, array(2.5)], [4, number(0.825)]],
        "printed": [[2, [3.5, 0.1235]], [4, [0.7777]], [5, []]],
    }
    found = outcomes([seen] * 7, PLAIN)
    assert [one.key for one in found] == ["n", "shown:1", "shown:2", "printed:1"]
    assert [one.required for one in found] == [True, False, True, True]
    assert found[2].better == "up"


def test_a_run_that_broke_off_or_went_another_way_is_left_out() -> None:
    values: list[Any] = [number(v) for v in (0.5, 0.5, 0.4, 0.6)]
    broken = [*runs("loss", values), {}, {"values": {}, "shown": [], "printed": []}]
    [one] = outcomes(broken, PLAIN)
    assert one.band == (0.5, 0.141421356)
