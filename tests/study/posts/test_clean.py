"""HTML of others: what acts is gone, what shows stays, and nothing stays open."""

from __future__ import annotations

import pytest

from fastcompanion.study.posts import clean


def kept(html: str) -> str:
    return clean.cleaned(html, lambda tag, url: url)[0]


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<b onclick=x>a</b><script>alert(1)</script>", "<b>a</b>"),
        ("<ScRiPt>a<b>c</b></sCrIpT>d", "d"),
        ("<img src=x onerror=alert(1) alt='a b'>", '<img src="x" alt="a b" loading="lazy">'),
        ("<svg onload=x><a href=y>t</a></svg>after", "after"),
        ("<style>p{color:red}</style><p style='color: red; text-align: right'>a", '<p style="text-align: right">a</p>'),
        ("<p style='width: expression(alert(1))'>a</p>", "<p>a</p>"),
        ("</div></main></body>a", "a"),
        ("<div><table><tr><td>a", "<div><table><tr><td>a</td></tr></table></div>"),
        ("<b>a</i></b>", "<b>a</b>"),
        ("a &lt;script&gt; &amp; &#60; < b", "a &lt;script&gt; &amp; &#60; &lt; b"),
        ("<form action=/x><input type=password value=y>a<button>b</button></form>", '<input type="checkbox" disabled="" value="y">a'),
        ("<noscript><p title='</noscript><img src=x onerror=y>'>", ""),
        ("<math><mi>x</mi><maction actiontype=statusline>y</maction></math>", "<math><mi>x</mi>y</math>"),
        ("<a href='x' target=_blank ping=y>a</a>", '<a href="x">a</a>'),
        ("<!-- c --><?php x ?><!doctype html>a", "a"),
        ("<textarea></textarea><img src=x>", '<img src="x" alt="" loading="lazy">'),
        ("<br/><div/>a", "<br><div></div>a"),
        ('<p title="a&quot; onx=&quot;b">q</p>', '<p title="a&quot; onx=&quot;b">q</p>'),
    ],
)  # fmt: skip
def test_only_what_shows_survives(html: str, shown: str) -> None:
    assert kept(html) == shown


def test_no_tag_that_acts_and_no_handler_survives_any_nesting() -> None:
    bad = ["<scr<script>ipt>alert(1)</script>", "<a href='#' onmouseover='x'>", "<iframe srcdoc='<script>'>",
           "<math><annotation-xml encoding='text/html'><img src=x onerror=y>", "<svg><style><img src=x onerror=z>",
           "<base href='//evil'>", "<link rel=stylesheet href=x>", "<meta http-equiv=refresh content=0>",
           "<object data=x><embed src=y>", "<template><script>q</script></template>", "<img src='x' srcset='y 2x'>"]  # fmt: skip
    for html in (*bad, "".join(bad), "<div>".join(bad), "".join(reversed(bad))):
        shown = kept(html).lower()
        for word in ("<script", "<iframe", "<svg", "<style", "<base", "<link", "<meta", "<object", "<embed", " on", "srcset", "srcdoc"):  # fmt: skip
            assert word not in shown, (word, html, shown)


def test_deep_nesting_ends() -> None:
    shown = kept("<div>" * 5000 + "x" + "</div>" * 5000)
    assert shown.count("<div>") == shown.count("</div>") <= 200
    assert "x" in shown


def test_what_was_dropped_is_told_with_its_address() -> None:
    html = "<iframe src='https://video.example/1'></iframe><script>x</script><img src=a>"
    cleaner = clean.Cleaner(lambda tag, url: url)
    cleaner.feed(html)
    cleaner.result()
    assert cleaner.dropped == [("iframe", "https://video.example/1"), ("script", "")]
    assert cleaner.without_alt == ["a"]


def test_a_picture_without_an_address_becomes_words() -> None:
    shown, _ = clean.cleaned("<img src=gone.png alt='a <loss>'>", lambda tag, url: None)
    assert shown == '<span class="missing">[picture missing: a &lt;loss&gt;]</span>'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("\x1b[0;31mErr\x1b[0m ok", '<span class="ansi-red">Err</span> ok'),
        ("\x1b[1mB\x1b[22mn", '<span class="ansi-bold">B</span>n'),
        ("\x1b[38;5;12mx\x1b[39my", "xy"),
        ("\x1b[38;2;1;2;3;32mx", '<span class="ansi-green">x</span>'),
        ("\x1b[94mx\x1b[m", '<span class="ansi-blue">x</span>'),
        ("a\x1b[2Kb\x1b]0;title\x07c\x1b", "abc"),
        ("\x00a\x08\u202eb", "ab"),
        ("\x1b[31m<script>\x1b[0m", '<span class="ansi-red">&lt;script&gt;</span>'),
    ],
)
def test_colours_of_a_terminal_become_classes(text: str, shown: str) -> None:
    assert clean.coloured(text) == shown


@pytest.mark.parametrize(
    "html",
    [
        "<table border=1 class='dataframe'><tr style=\"text-align: right;\"><td>a &amp; b&nbsp;</td></tr></table>",
        "<p>1 > 0 &lt; x</p><br/><IMG SRC=x ALT='a&quot;b' onerror=y><input checked>",
        '<div><span title="a\'b">x</span></b></div></table>text',
        "<button><svg><path d='m'/></svg>t</button>after<select><option>a</select>b",
        '<a href="x?a=1&amp;b=2">l</a><form action=/x>f</form>',
    ],
)
def test_tidy_and_untidy_html_are_read_alike(html: str) -> None:
    """A comment is enough for the slow way; both have to keep the same."""
    assert clean._ALL_TIDY.fullmatch(html)
    assert kept(html) == kept("<!-- c -->" + html)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["<a " + "b " * 50_000, "<" * 50_000, "<p a='" * 20_000, "&" * 50_000, "<a b=c" * 20_000, "<style>" * 20_000, "<!--" * 20_000, "<a b" + "=" * 50_000 + ">", "<img src='data:" + "x" * 200_000 + "'><!-- -->"])  # fmt: skip
def test_a_long_untidy_piece_is_read_in_time(piece: str) -> None:
    shown = kept(piece)
    assert ("<img" in shown) is piece.startswith("<img")


def test_a_word_in_angle_brackets_is_a_word_in_ones_own_text() -> None:
    cleaner = clean.Cleaner(lambda tag, url: url, own=True)
    cleaner.feed("cats & <dogs>, <pad> and <my-tag a=1>, <form>f</form> <blink>b</blink>")
    assert cleaner.result() == "cats &amp; &lt;dogs&gt;, &lt;pad&gt; and , f b"
    assert kept("<x-widget>w</x-widget><dogs>") == "w"
