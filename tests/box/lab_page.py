"""Opens JupyterLab in Chromium as a learner does: a new notebook, one cell. Runs in the network of a box.

`python lab_page.py CODE PICTURE`, the address on stdin; prints the page's title and what the cell showed.
"""

from __future__ import annotations

import json
import shutil
import sys

from playwright.sync_api import sync_playwright

#: fastai and PyTorch are read from the disk for the first time
SECONDS = 300_000
CODE, PICTURE = sys.argv[1:3]
URL = sys.stdin.readline().strip()
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

with sync_playwright() as play:
    browser = play.chromium.launch(
        executable_path=next(found for name in BROWSERS if (found := shutil.which(name))),
        headless=True,
        args=["--no-sandbox", "--no-proxy-server"],
    )
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(URL)
    page.locator(".jp-LauncherCard[data-category=Notebook]").first.click(timeout=SECONDS)
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    cell.click(timeout=SECONDS)
    page.keyboard.type(CODE)
    page.keyboard.press("Shift+Enter")
    # Not the first that comes: libraries have warnings to tell.
    shown = page.locator(".jp-OutputArea-output", has_text="answer").first
    shown.wait_for(timeout=SECONDS)
    page.screenshot(path=PICTURE)
    print(json.dumps({"title": page.title(), "output": shown.inner_text(), "url": page.url}))
    browser.close()
