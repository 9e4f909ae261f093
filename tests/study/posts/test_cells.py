"""Notebooks as pages: what a cell's marks say is shown, in the form that shows most, and never run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.study.posts import cells, ipynb
from tests.study.posts.samples import code, display, markdown, notebook, png, raw, stream

WHERE = Path("index.ipynb")


def made(*given: dict[str, Any], **execute: Any) -> str:
    read = ipynb.parse(notebook(*given), WHERE)
    return "\n".join(part.kind + ":" + part.text for part in cells.parts(read, execute))


@pytest.mark.parametrize(
    ("first", "sees_code", "sees_output"),
    [
        ("", True, True),
        ("#| echo: false", False, True),
        ("#|echo: false", False, True),
        ("#| output: false", True, False),
        ("#| include: false", False, False),
        ("#|hide", False, False),
        ("#| hide", False, False),
        ("#|hide_input", False, True),
        ("#|hide_output", True, False),
        ("#|default_exp core", False, False),
        ("#|export", True, True),
        ("#hide", False, False),
        ("# hide_input", False, True),
        ("#hide_output", True, False),
        ("#collapse-hide", True, True),
        ("# hide this from the others", True, True),
    ],
)
def test_marks_say_what_is_shown(first: str, sees_code: bool, sees_output: bool) -> None:
    html = made(code(f"{first}\nname = 1".lstrip("\n"), stream("printed\n")))
    assert ("name" in html) is sees_code
    assert ("printed" in html) is sees_output
    if first.startswith("#|") or first == "#hide_output":
        assert first.lstrip("#| ").split(":")[0] not in html, "the mark itself is not shown"


@pytest.mark.parametrize(("metadata", "gone"), [({"tags": ["remove-cell"]}, "both"), ({"tags": ["hide-input"]}, "name"), ({"jupyter": {"source_hidden": True}}, "name"), ({"jupyter": {"outputs_hidden": True}}, "printed"), ({"hide_input": True}, "name")])  # fmt: skip
def test_tags_say_it_too(metadata: dict[str, Any], gone: str) -> None:
    html = made(code("name = 1", stream("printed\n"), **metadata))
    assert ("name" in html) is (gone not in ("both", "name"))
    assert ("printed" in html) is (gone not in ("both", "printed"))


def test_the_front_matter_speaks_for_all_cells_and_a_cell_for_itself() -> None:
    html = made(code("a = 1", stream("x\n")), code("#| echo: true\nb = 2"), echo=False)
    assert "a <" not in html
    assert ">a = " not in html
    assert "b = " in html


def test_folded_code_and_captions() -> None:
    html = made(code("#| code-fold: true\n#| code-summary: Show <it>\nx = 1"))
    assert '<details class="fold"><summary>Show &lt;it&gt;</summary>' in html
    read = ipynb.parse(notebook(code("#| fig-cap: The *loss*\n#| fig-alt: falls\nplot()", display(png=png()))), WHERE)  # fmt: skip
    picture = next(part for part in cells.parts(read, {}) if part.kind == "picture")
    assert (picture.caption, picture.alt) == ("The *loss*", "falls")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (display(html="<b>rich</b>", plain="poor"), "foreign:<b>rich</b>"),
        (display(html="<script>x()</script><style>a</style><div></div>", plain="poor"), "poor"),
        (display(html="", png=png()), "picture:"),
        (display(html="<script>plot()</script><div id=p></div>"), "needs scripts"),
        (display(svg="<svg xmlns='http://www.w3.org/2000/svg'/>", png=png()), "picture:"),
        (display(latex="$\\displaystyle x^{2}$", plain="x**2"), "<math"),
        (display(markdown="*a*", plain="b"), "markdown:*a*"),
        (stream("50%\r100%\n"), "100%"),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}, "E: v"),
        ({"output_type": "display_data", "data": {"application/x-unknown": "x", "text/plain": "p"}}, "p</pre>"),
    ],
)  # fmt: skip
def test_the_richest_form_that_shows_something_wins(output: dict[str, Any], expected: str) -> None:
    html = made(code("x", output))
    assert expected in html
    assert "50%" not in html


@pytest.mark.parametrize("output", [display(plain="<Figure size 640x480 with 1 Axes>"), display(plain="<IPython.core.display.HTML object>"), display(), stream("  \n"), {"output_type": "display_data", "data": None}, {"output_type": "nonsense"}])  # fmt: skip
def test_what_says_nothing_leaves_no_box(output: dict[str, Any]) -> None:
    assert "output" not in made(code("x = 1", output))


def test_streams_in_pieces_are_one() -> None:
    html = made(code("x", stream("a"), stream("b\n"), stream("warned\n", "stderr"), stream("c\n")))
    assert html.count('<pre class="text"') == 2
    assert "ab" in html
    assert "warned" not in made(code("#| warning: false\nx", stream("warned\n", "stderr")))


def test_big_outputs_are_cut_with_a_note() -> None:
    many = "\n".join(f"line {number}" for number in range(500))
    html = made(code("x", stream(many)))
    assert "400 lines left out" in html
    assert "line 79" in html
    assert "line 499" in html
    assert "line 300" not in html
    assert "characters left out" in made(code("x", stream("y" * 100_000)))
    assert "an output of 0.9 MB left out" in made(code("x", display(html="<p>" + "z" * 900_000)))


@pytest.mark.parametrize("wrong", [[None], "x", 7])
def test_keys_of_the_wrong_kind_break_nothing(wrong: Any) -> None:
    odd = {**markdown("![a](attachment:a.png)"), "attachments": wrong}
    assert "attachment:a.png" in made(odd)
    heading = {"cell_type": "heading", "level": wrong, "source": "Old"}
    read = ipynb.parse(json.dumps({"cells": [odd, heading]}), WHERE)
    assert read["cells"][0]["attachments"] == {}
    assert read["cells"][1]["source"].endswith("# Old")
    with pytest.raises(CompanionError, match="not a list of cells"):
        ipynb.parse(json.dumps({"worksheets": wrong}), WHERE)


def test_old_and_odd_notebooks_are_read() -> None:
    old = {"worksheets": [{"cells": [
        {"cell_type": "heading", "level": 2, "source": ["Old"]},
        {"cell_type": "code", "input": ["1+1"], "prompt_number": 1, "outputs": [{"output_type": "pyout", "text": ["2"]}]},
    ]}], "nbformat": 3}  # fmt: skip
    html = "".join(part.text for part in cells.parts(ipynb.parse(json.dumps(old), WHERE), {}))
    assert "## Old" in html
    assert ">2</pre>" in html
    bare = {"cells": [{"cell_type": "code", "source": "x", "outputs": None, "metadata": None}]}
    assert "x" in "".join(p.text for p in cells.parts(ipynb.parse(json.dumps(bare), WHERE), {}))
    assert made(raw("t", "2026-11-21")) == ""
    assert made(code("")) == ""
    assert made(markdown("#hide\n\ntext")) == ""
