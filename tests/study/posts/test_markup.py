"""Markdown as learners write it, code in colours, formulas that browsers draw themselves."""

from __future__ import annotations

import re

import pytest

from fastcompanion.study.posts import markup


def shown(text: str) -> str:
    return markup.html(markup.parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| a |\n|---|\n| 1 |", "<table>"),
        ("~~gone~~", "<s>gone</s>"),
        ("a[^1]\n\n[^1]: note", 'href="#fn1"'),
        ("- [x] done", "checked"),
        ("see https://a.example/x_y?b=1.", '<a href="https://a.example/x_y?b=1">https://a.example/x_y?b=1</a>.'),
        ("`https://a.example`", "<code>https://a.example</code>"),
        ("[https://a.example](https://b.example)", '<a href="https://b.example">https://a.example</a>'),
        ("$5 and $10", "$5 and $10"),
        ("::: {.callout-tip title='Do <it>'}\nx\n:::", '<aside class="callout tip"><p class="callout-title">Do &lt;it&gt;</p>'),
        ("::: {.callout-note collapse=\"true\"}\nx\n:::", '<details class="callout note">'),
        ("::: warning\nx\n:::", '<aside class="callout warning">'),
        ("> [!CAUTION]\n> x", '<aside class="callout caution">'),
        ("> Important: do *it*", '<aside class="callout important">'),
        ("> a quote: here", "<blockquote>"),
        ("```python\ndef f(): return 1\n```", '<span class="k">def</span> <span class="f">f</span>'),
        ("```{python}\n#c\n```", '<span class="c">#c</span>'),
        ("```nosuchlanguage\n<a>\n```", "<code>&lt;a&gt;</code>"),
        ("    indented <b>", "indented &lt;b&gt;"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    ],
)  # fmt: skip
def test_markdown(text: str, expected: str) -> None:
    assert expected in shown(text)


def test_a_callout_inside_a_list_and_one_that_is_not_closed_stay_whole() -> None:
    for text in ("- a\n  ::: note\n  b\n  :::\n- c", "::: note\nnever closed", "::: {.callout-tip}\n::: {.callout-note}\nin\n:::\n:::", ":::\n:::", "> [!NOTE]"):  # fmt: skip
        html = shown(text)
        for tag in ("aside", "details", "div", "blockquote"):
            assert html.count(f"<{tag}") == html.count(f"</{tag}>"), (text, html)


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{1}{n} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2",
        r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}",
        r"\begin{cases} 0 & z < 0 \\ 1 & z \geq 0 \end{cases}",
        r"\begin{align} a &= b \\ c &= d \end{align}",
        r"\begin{eqnarray} a &=& b \nonumber \\ c &\approx& d \end{eqnarray}",
        r"\hbox{softmax(x)}_{i} = \frac{e^{x_{i}}}{\sum\limits_{j} e^{x_{j}}}",
        r"\operatorname{E}\left[X^2\right] \lVert w \rVert_2^2 \label{a}",
        r"\boldsymbol\phi \in \mathbb{R}^{D}",
    ],
)
def test_formulas_of_courses_are_drawn(tex: str) -> None:
    html = markup.formula(tex, block=True)
    assert "<math" in html
    assert "\\" not in html
    assert "&amp;" not in html


def test_a_relation_of_eqnarray_is_that_of_align() -> None:
    html = markup.formula(r"\begin{eqnarray*} a &=& b \end{eqnarray*}", block=True)
    assert html.count("<mtd") == 2


@pytest.mark.parametrize(
    "tex", [r"\nosuchmacro{x}", r"\frac{1", r"\left( x", "x_1_2", "{" * 3000, "x" * 30_000, r"\begin{a}", "", "\\"]
)  # fmt: skip
def test_what_can_not_be_drawn_stays_readable(tex: str) -> None:
    html = markup.formula(tex)
    if "<math" not in html:
        assert re.sub(r"<[^>]*>", "", html).strip() == tex.strip()


def test_bars_do_not_grow() -> None:
    assert '<mo stretchy="false">&#x02016;</mo>' in markup.formula(r"\lVert w \rVert")
    assert 'stretchy="true"' in markup.formula(r"\left| \frac{a}{b} \right|")


@pytest.mark.parametrize(("source", "language"), [("x = [i for i in 'a']", "python"), ("!pip install x\n%time f()", "python"), ("ls | wc", "bash"), ("- a\n+ b", "diff")])  # fmt: skip
def test_colours_change_no_character(source: str, language: str) -> None:
    inner = markup.coloured_code(source, language)
    assert re.sub(r"<[^>]*>", "", inner).replace("&gt;", ">").replace("&lt;", "<") == source
