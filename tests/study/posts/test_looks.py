"""The blog in Chromium: a phone and a wide screen, light and dark, read by rules that eyes gave."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.study.posts import preview, site
from tests.notebook.browser import chromium
from tests.study.posts.crawling import served
from tests.study.posts.samples import (
    code,
    display,
    markdown,
    notebook,
    put,
    raw,
    stream,
    text_post,
    whole,
)

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium (on Debian: apt install chromium)"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="needs playwright: pip install --group browser"),
]  # fmt: skip

PAGES = ("", "posts/week-47/", "posts/a-net/", "posts/wide/", "posts/first/", "tags/", "tags/c/", "404.html")  # fmt: skip
SCREENS = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390), ("light", 320))

#: every element whose text is shown, with its colours as the browser computed them
COLOURS = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const ground = e => { for (; e; e = e.parentElement) {
    const raw = getComputedStyle(e).backgroundColor;
    if (raw.startsWith("color(")) { const [r, g, b] = raw.match(/[\\d.]+/g).map(Number); return [r * 255, g * 255, b * 255] }
    const c = parse(raw); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.right < 0) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(e.tagName + "." + e.className + " " + ratio.toFixed(2) + " " + e.textContent.slice(0, 30));
  }
  return found }"""

#: what is cut off or lies over the edge without a box of its own to scroll in
OVER = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > wide) found.push("the page itself");
  for (const e of document.querySelectorAll("body *")) {
    const box = e.getBoundingClientRect();
    if (box.right <= wide + 1 || box.right < 0) continue;
    let inside = false;
    for (let up = e.parentElement; up; up = up.parentElement)
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) inside = true;
    if (!inside && !e.matches("pre, .scroll, .formula")) found.push(e.tagName + "." + e.className);
  }
  return found }"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("blog")
    ws = whole(folder / "my study")
    columns = "".join(f"<th>a_long_column_{number}</th>" for number in range(25))
    wide = notebook(
        raw("A " + "verylongword" * 12, "2026-11-20", 'categories: ["' + "tag" * 40 + '"]\n'),
        markdown("# " + "heading" * 20 + "\n\n`" + "code_" * 40 + "` https://a.example/" + "x" * 200),
        markdown("$" + "+".join(f"x_{{{number}}}" for number in range(60)) + "$ and $$" + "+".join("y" * 1 for _ in range(200)) + "$$"),
        markdown("> [!WARNING]\n> " + "w" * 100 + "\n\n- " + "l" * 150 + "\n\n| " + "c" * 200 + " | d |\n|---|---|\n| 1 | 2 |"),
        code("x = '" + "s" * 300 + "'", stream("o" * 400 + "\n"), stream("e" * 400 + "\n", "stderr"), display(html=f"<table class='dataframe'><tr>{columns}</tr></table>")),
        code("!pip install x", display(latex="$" + "z+" * 100 + "z$"), display(plain="\x1b[31mr\x1b[32mg\x1b[33my\x1b[34mb\x1b[35mm\x1b[36mc\x1b[0m")),
        markdown("<table><tr><td>" + "t" * 300 + "</td></tr></table>\n\n<details><summary>" + "q" * 100 + "</summary>a</details>"),
        markdown("```python\n@d\nclass A(B):  # c\n    def f(self): return 1 + 'a' if not None else print\n```\n\n```diff\n- a\n+ b\n```"),
    )  # fmt: skip
    put(ws, "2026-11-20-wide", wide)
    site.build(ws, ws.root / "_site", drafts=True)
    with served(ws.root / "_site", "study", folder / "web") as address:
        yield address, ws.root


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(
            executable_path=chromium(), headless=True, args=["--no-sandbox", "--no-proxy-server"]
        )
        try:
            yield running
        finally:
            running.close()


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_every_page_fits_the_screen_and_can_be_read(
    pages: tuple[str, Path], browser: Any, scheme: str, width: int
) -> None:
    address, _ = pages
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, said, asked = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(address + path, wait_until="networkidle")
        assert page.evaluate(OVER) == [], path
        assert page.evaluate(COLOURS) == [], path
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        channels = [int(part) for part in ground[4:-1].split(",")]
        assert all(part < 60 if scheme == "dark" else part > 200 for part in channels), ground
        loaded = page.evaluate("[...document.images].every(i => { i.loading = 'eager'; return i.complete ? i.naturalWidth > 0 : true })")  # fmt: skip
        assert loaded, path
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def test_without_scripts_and_on_paper_everything_is_there(
    pages: tuple[str, Path], browser: Any
) -> None:
    address, _ = pages
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "posts/a-net/", wait_until="networkidle")
    assert "0.54" in page.inner_text("main")
    assert len(page.pdf()) > 1000
    context.close()


def test_formulas_are_drawn_by_the_browser(pages: tuple[str, Path], browser: Any) -> None:
    page = browser.new_page()
    page.goto(pages[0] + "posts/week-47/", wait_until="networkidle")
    boxes = page.evaluate("[...document.querySelectorAll('math')].map(m => { const b = m.getBoundingClientRect(); return [b.width, b.height] })")  # fmt: skip
    assert boxes
    assert all(width > 20 and height > 10 for width, height in boxes)
    sizes = page.evaluate("['mfrac', 'munderover'].map(t => document.querySelector(t).getBoundingClientRect().height)")  # fmt: skip
    assert all(height > 20 for height in sizes), "a fraction is higher than a line"
    page.close()


def test_the_keyboard_reaches_the_text_and_what_scrolls(
    pages: tuple[str, Path], browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(pages[0] + "posts/wide/", wait_until="networkidle")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    stuck = page.evaluate("[...document.querySelectorAll('pre, .scroll, .formula')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length")  # fmt: skip
    assert stuck == 0
    page.close()


def test_the_preview_loads_a_page_again_after_a_save(pages: tuple[str, Path], browser: Any) -> None:
    from fastcompanion.base.workspace import Workspace

    ws = Workspace(pages[1])
    put(ws, "2026-12-01-live", text_post("Live", "2026-12-01", "Before."))
    with preview.running(ws, port=0) as live:
        live.look()
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(live.url + "posts/live/")
        assert "Before." in page.inner_text("main")
        put(ws, "2026-12-01-live", text_post("Live", "2026-12-01", "Now it says this."))
        live.look()
        page.get_by_text("Now it says this.").first.wait_for()
        put(ws, "2026-12-01-live", "---\ntitle: a: b\n---\n")
        live.look()
        page.get_by_text("posts/2026-12-01-live/index.md:2").wait_for()
        put(ws, "2026-12-01-live", text_post("Live", "2026-12-01", "Mended."))
        live.look()
        page.get_by_text("Mended.").first.wait_for()
        page.close()
    assert said == []
