"""JupyterLab itself behind a tunnel, opened by what the browser is given: logged in, and back after a cut."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fastcompanion.server import jupyter, tunnel
from fastcompanion.server.connection import connect
from tests.notebook import browser
from tests.server.ssh_server import SshServer

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "-"),
]
CAT = '#!/bin/sh\ncase $1 in /etc/*) exec /bin/cat "$HOME/jupyter.env";; esac\nexec /bin/cat "$@"\n'


def test_the_browser_is_led_in_without_seeing_the_token(there: SshServer, tmp_path: Path) -> None:
    there.program("cat", CAT)
    home = tmp_path / "home"
    home.mkdir()
    with browser.lab(there.home, home) as address:
        port = urlsplit(address).port
        settings = f"JUPYTER_TOKEN={browser.TOKEN}\nJUPYTER_PORT={port}\n"
        (there.home / "jupyter.env").write_text(settings)
        link = connect(there.server())
        found = jupyter.find(link)
        with tunnel.standing(link, found.port) as first, browser.page() as page:
            jupyter.until_it_answers(found, first.local_port, "box")
            with jupyter.door(first.local_port, found.token) as uri:
                page.goto(uri)
                page.locator(".jp-Launcher").first.wait_for(timeout=browser.SECONDS * 1000)
            assert urlsplit(page.url).port == first.local_port
            assert browser.TOKEN not in page.url, "JupyterLab takes it out of the address"
            there.cut()
            first.wait(20)
            with tunnel.standing(link, found.port, local_port=first.local_port):
                page.reload()
                page.locator(".jp-Launcher").first.wait_for(timeout=browser.SECONDS * 1000)
