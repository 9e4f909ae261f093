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


@pytest.fixture
def address(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    model = train.find("baseline")
    monkeypatch.setattr(train, "HERE", tmp_path)
    monkeypatch.setattr(train, "find", lambda name: model)
    _, inputs, targets = data.load()
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


def test_the_form_has_a_field_for_each_column(address):
    assert asked(address).count("<input") == len(app.COLUMNS)


def test_it_answers_with_a_prediction(address):
    row = {name: (words or ["1"])[0] for name, words in app.examples().items()}
    assert f'role="status">{data.TARGET}: ' in asked(address, row)


@pytest.mark.parametrize("cells", [{}, {"no such column": "1"}, dict.fromkeys(app.COLUMNS, "<b>&\u20ac\U0001f600"), dict.fromkeys(app.COLUMNS, "")])
def test_odd_answers_do_no_harm(address, cells):
    told = asked(address, cells)
    assert 'role="status"' in told
    assert "<b>" not in told


def test_what_is_no_number_is_said_to_be_missing(address):
    assert "taken as missing" not in asked(address, dict.fromkeys(data.NUMBERS, "3.5"))
    for name in data.NUMBERS:
        assert "taken as missing, as it is no number: " in asked(address, {name: "thirty"})


def test_too_much_and_elsewhere(address):
    with pytest.raises(urllib.error.HTTPError, match="413"):
        asked(address, {"a": "b" * app.LARGEST})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(address + "etc/passwd")
    for length in ("-1", "many"):
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(urllib.request.Request(address, b"", {"Content-Length": length}), timeout=10)
