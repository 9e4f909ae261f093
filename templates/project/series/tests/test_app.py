"""The app answers over HTTP, whatever it is asked."""

import threading
import urllib.error
import urllib.parse
import urllib.request

import app
import data
import pytest
import save
import train
from test_project import planted


@pytest.fixture
def address(monkeypatch, tmp_path):
    model = train.find("baseline")
    monkeypatch.setattr(train, "HERE", tmp_path)
    monkeypatch.setattr(train, "find", lambda name: model)
    monkeypatch.setattr(app, "LEARNED", {})
    inputs, targets = planted()
    save.save(model.fit(inputs, targets, seed=1), tmp_path / "runs" / "baseline")
    server = app.ThreadingHTTPServer(("127.0.0.1", 0), app.Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def asked(address, cells=None):
    body = urllib.parse.urlencode(cells).encode() if cells is not None else None
    with urllib.request.urlopen(address, body, timeout=10) as answer:
        return answer.read().decode()


def test_the_form_asks_for_steps(address):
    assert asked(address).count("<input") == 1


def test_it_answers_with_a_forecast_and_its_picture(address):
    told = asked(address, {"steps": "3"})
    end = app.learned("baseline")["end"]
    assert f'role="status">{data.TARGET}: ' in told
    assert told.count("<polyline") == 2
    assert told.count("<td>") == 3
    assert data.when(end + 3) in told


@pytest.mark.parametrize("steps", ["", "0", "-1", "1e9", "9" * 99, "<b>", "\u0663\U0001f600"])
def test_odd_answers_do_no_harm(address, steps):
    told = asked(address, {"steps": steps})
    assert 'role="status">It ' in told
    assert "<b>" not in told
    assert 'role="status">It ' in asked(address, {})


def test_too_much_and_elsewhere(address):
    with pytest.raises(urllib.error.HTTPError, match="413"):
        asked(address, {"steps": "1" * app.LARGEST})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(address + "etc/passwd")
    for length in ("-1", "many"):
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(urllib.request.Request(address, b"", {"Content-Length": length}), timeout=10)
