"""Classes of a notebook: their objects are made again, and told by what they hold in the end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.recorded import agree, judge
from fastcompanion.course.recorded import record as records
from fastcompanion.course.recorded.record import (
    Case,
    Record,
    RecordedFunction,
    RecordedOutcome,
    RecordedSection,
)
from tests.course.recorded.spaces import Space

NODE = """
    class Node:
        made = 0
        def __init__(self, data, _parents=(), label=""):
            self.data, self.grad, self.label = data, 0.0, label
            self._parents, self._back = _parents, lambda: None
        def __mul__(self, other):
            out = Node(self.data * other.data, (self, other))
            def back():
                self.grad += other.data * out.grad
                other.grad += self.data * out.grad
            out._back = back
            return out
        def backward(self):
            self.grad = 1.0
            self._back()
        def __repr__(self): return "a node"
"""
USE = "a, b = Node(2.0), Node(-3.0, label='b')\nc = a * b\nc.backward()\nprint(c)"


def noted(code: str, use: str, start: str = "") -> dict[str, dict[str, Any]]:
    """Note the scenes of a section that defines classes, and of the one after it that uses them."""
    space = Space(start)
    found = [space.section(code, log=True), space.section(use, id="later", log=True)]
    return {**found[0]["calls"], **found[1]["earlier"].get("s", {}), **found[1]["calls"]}


def recorded(code: str = NODE, use: str = USE, name: str = "Node") -> dict[str, Any]:
    """Record one class: its scene, answered by the class itself."""
    asked = [{"name": name, **noted(code, use)[name]}]
    [answered] = Space().section(code, answer=asked)["answers"]
    return {**asked[0], **answered}


def states(told: dict[str, Any], code: str, **spec: Any) -> list[str]:
    """Judge a learner's class by what is recorded."""
    seen = Space().section(code, functions=[told], **spec)
    cases = tuple(
        Case(tuple(c["args"]), {}, c["seed"], c["answer"], False, tuple(c["steps"]))
        for c in told["cases"]
    )
    function = RecordedFunction(told["name"], 0, told["class"], cases)
    section = RecordedSection("s", "hard", functions=(function,))
    return [str(one["state"]) for one in judge.points(section, seen, spec.get("mapping", {}))]


def test_objects_are_made_and_used_as_the_original_did() -> None:
    told = recorded()
    assert told["class"] == "exact"
    steps = told["cases"][0]["steps"]
    assert [one.get("new", one.get("do")) for one in steps] == [
        "Node", "Node", "__mul__", "backward",
    ]  # fmt: skip
    assert "label" in steps[1]["words"]
    assert "'b'" not in json.dumps(told)
    assert states(told, NODE) == ["passed"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("self.data * other.data", "self.data + other.data"),
        ("self.grad += other.data * out.grad", "self.grad -= other.data * out.grad"),
        ("self.grad = 1.0", "self.grad = 2.0"),
        ("other.grad += self.data * out.grad", "pass"),
    ],
)
def test_a_wrong_method_is_seen_by_what_objects_hold_in_the_end(right: str, wrong: str) -> None:
    assert NODE.count(right) == 1
    assert states(recorded(), NODE.replace(right, wrong)) == ["wrong"]


def test_another_name_another_inside_and_other_names_of_attributes_are_no_mistakes() -> None:
    told = recorded()
    own = NODE.replace("Node", "Mine").replace("_back", "_step").replace("_parents", "_from")
    assert states(told, own, mapping={"Node": "Mine"}) == ["passed"]
    # Where nothing is held under the same name, or another interface is wanted, it is left out.
    renamed = NODE.replace(".data", ".value").replace(".grad", ".slope")
    assert "passed" not in states(told, renamed)
    assert states(told, NODE.replace("__mul__", "times")) == []
    assert states(told, NODE.replace("(self, data,", "(self, graph, data,")) == []
    assert states(told, "Node = 3") == []


def test_nothing_of_the_learners_is_changed() -> None:
    counting = NODE.replace("self.data, self.grad,", "Node.made += 1; self.data, self.grad,")
    told = recorded(counting)
    space = Space()
    space.section(counting, functions=[told])
    assert space.names["Node"].made == 0
    # Classes that change global names, or read data there, are not played.
    assert recorded(NODE.replace("self.grad = 1.0", "global n; n = 1"))["cases"] == []
    space = Space("seen = []")
    reading = NODE.replace("self.grad = 1.0", "seen.append(self); self.grad = 1.0")
    space.section(reading, functions=[told])
    assert space.names["seen"] == []


def test_a_record_can_call_nothing_but_what_the_notebook_defines() -> None:
    told = recorded()
    [step] = [one for one in told["cases"][0]["steps"] if one.get("do") == "backward"]
    step["do"] = "__reduce__"
    [found] = Space().section(NODE, functions=[told])["replays"]["Node"]
    assert found["answers"][0] == {"skipped": "an argument"}


def test_chance_leaves_only_shapes() -> None:
    code = """
        import random
        class Unit:
            def __init__(self): self.w = random.random()
            def __call__(self, x): return self.w * x
    """
    told = recorded(code, "u = Unit(); u(2.0)", "Unit")
    assert told["class"] == "shape"
    assert "'v'" not in str([case["answer"]["fp"] for case in told["cases"]])


def test_operators_that_the_notebook_did_not_use_are_asked_for_too() -> None:
    code = NODE.replace(
        "    made = 0\n", "    made = 0\n        def __radd__(self, n): return n + self.data\n"
    )
    told = recorded(code)
    assert [one["steps"][-1]["do"] for one in told["cases"]][-1] == "__radd__"
    assert states(told, code) == ["passed"]
    assert states(told, code.replace("n + self.data", "n - self.data")) == ["wrong"]
    # Who has no such operator is asked for the rest.
    assert states(told, NODE) == ["passed"]


def test_objects_that_hold_nothing_to_compare_are_told_by_what_comes_out_of_them() -> None:
    code = """
        class Twice:
            def __call__(self, x): return 2 * x
        class Chain:
            def __init__(self, count): self.parts = [Twice() for _ in range(count)]
            def __call__(self, x):
                for part in self.parts: x = part(x)
                return x
    """
    told = recorded(code, "c = Chain(3); c(0.5)", "Chain")
    assert states(told, code) == ["passed"]
    assert states(told, code.replace("2 * x", "3 * x")) == ["wrong"]
    assert states(told, code.replace("range(count)", "range(count - 1)")) == ["wrong"]


def test_a_scene_belongs_to_the_section_whose_classes_take_part() -> None:
    space = Space()
    space.section(NODE, log=True)
    own = "class Pair:\n    def __init__(self, a): self.a = a.data\npair = Pair(Node(2.0))"
    found = space.section(f"x = Node(1.0) * Node(2.0)\n{own}", id="t", log=True)
    assert (
        set(found["calls"]) == set()
    )  # a Pair is made of a Node, whose scene is another section's
    assert set(found["earlier"]["s"]) == {"Node"}


def test_steps_survive_the_file_and_are_checked(tmp_path: Path) -> None:
    case = recorded()["cases"][0]
    made = Case(tuple(case["args"]), {}, 1, case["answer"], False, tuple(case["steps"]))
    function = RecordedFunction("Node", 0, "exact", (made,))
    whole = Record("n", (), {}, (RecordedSection("s", "hard", functions=(function,)),))
    path = tmp_path / "n.json"
    records.write(path, whole)
    assert records.read(path) == whole
    for wrong in (
        {"new": "Node", "args": [["s", 0]]},
        {"new": "Node", "args": [["a", 99]]},
        {"new": "Node", "args": [["q", 0]]},
        {"do": "backward", "on": 0, "args": []},
        {"new": "os.system", "args": []},
    ):
        harmful = replace(function, cases=(replace(made, steps=(wrong,)),))
        data = records.to_json(
            replace(whole, sections=(RecordedSection("s", "hard", functions=(harmful,)),))
        )
        with pytest.raises(CompanionError):
            records.from_json(data, path)


def test_objects_under_a_name_are_compared_by_what_they_hold() -> None:
    seen = Space().section(f"{NODE}\n    a = Node(2.0)\n    b = Node(3.0, label='other')")
    mine, other = seen["values"]["a"], seen["values"]["b"]
    assert (mine["k"], len(mine["a"])) == ("object", 2)
    outcome = RecordedOutcome("a", "name", "object", "exact", mine)
    assert agree.agrees(outcome, mine)
    assert not agree.agrees(outcome, other)
    section = RecordedSection("s", "hard", outcomes=(outcome,))
    wrong = {"values": {"a": other}}
    assert [one["state"] for one in judge.points(section, wrong, {})] == ["wrong"]
    for own in ({"k": "number", "v": 2.0, "i": False}, {**mine, "a": {"00000000": mine["a"]}}):
        assert judge.points(section, {"values": {"a": own}}, {}) == []
    # Records of before knew of objects nothing but their class.
    assert agree.same({"k": "other", "cls": "Node"}, mine)
