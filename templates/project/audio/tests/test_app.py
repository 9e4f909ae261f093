"""The app answers over HTTP, whatever it is sent."""

import html
import http.client
import re
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import app
import data
import draw
import pytest
import save
import train


@pytest.fixture
def address(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(app, "LEARNED", {})
    model = train.find("baseline")
    monkeypatch.setattr(train, "HERE", tmp_path)
    monkeypatch.setattr(train, "find", lambda name: model)
    _, inputs, targets = data.load()
    save.save(model.fit(inputs, targets, seed=1), tmp_path / "runs" / "baseline")
    server = app.ThreadingHTTPServer(("127.0.0.1", 0), app.Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def form(content, field="file", name="a recording.wav"):
    """What a browser sends for a file that was chosen."""
    head = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: audio/wav\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n"


def asked(address, body=None, kind="multipart/form-data; boundary=edge"):
    with urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": kind}), timeout=10) as answer:
        return answer.read().decode()


def test_the_form_takes_a_file(address):
    told = asked(address)
    assert 'type="file"' in told
    assert 'role="status"' not in told


def test_every_recording_of_the_sample_gets_its_prediction(address):
    for path in data.load()[1]:
        told = asked(address, form(path.read_bytes()))
        (said,) = train.find("baseline").predict(app.learned("baseline"), [path])
        assert re.search('role="status">(.*?)</p>', told)[1] == html.escape(app.answer(said))
        assert draw.link(data.spectrum(path)) in told, "the spectrum is shown"


@pytest.mark.parametrize("body", [form(b""), form(b"no sound"), form(b"RIFF\0\0\0\0WAVEfmt " + b"\0" * 50), form(b"x", "other"), b"", b"--edge", b"\xff" * 1000])
def test_odd_uploads_do_no_harm(address, body):
    told = asked(address, body)
    assert 'role="status">It can&#x27;t be predicted: ' in told
    assert "<img" not in told
    assert 'role="status"' in asked(address, body, "text/plain; boundary=<b>")


def test_too_much_and_elsewhere(address, monkeypatch):
    monkeypatch.setattr(app, "LARGEST", 1000)
    with pytest.raises(urllib.error.HTTPError, match="413"):
        asked(address, form(b"x" * 1001))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(address + "etc/passwd")
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", "many")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
