"""The app answers over HTTP, whatever it is sent."""

import base64
import http.client
import io
import re
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import app
import data
import numpy as np
import paint
import pytest
import save
import train
from PIL import Image


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


def form(content, field="file", name="a picture.png"):
    """What a browser sends for a file that was chosen."""
    head = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n"


def asked(address, body=None, kind="multipart/form-data; boundary=edge"):
    with urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": kind}), timeout=10) as answer:
        return answer.read().decode()


def test_the_form_takes_a_file(address):
    told = asked(address)
    assert 'type="file"' in told
    assert 'role="status"' not in told


def test_the_answer_is_the_picture_with_its_mask_over_it(address):
    path = data.load()[1][0]
    told = asked(address, form(path.read_bytes()))
    (said,) = train.find("baseline").predict(app.learned("baseline"), [path])
    shape = data.fitted(said.shape, app.SHOWN)
    shown = Image.open(io.BytesIO(base64.b64decode(re.search('src="data:image/png;base64,(.*?)"', told)[1])))
    expected = paint.painted(data.picture(path, shape), data.resized(said, shape))
    assert (np.asarray(shown) == np.asarray(expected)).all()
    listed = re.findall(r"</i>.*? ([\d.]+)%</li>", told)
    assert len(listed) == len(np.unique(said))
    assert sum(map(float, listed)) == pytest.approx(100, abs=1)


@pytest.mark.parametrize("body", [form(b""), form(b"no picture"), form(b"\x89PNG\r\n\x1a\n" + b"\0" * 50), form(b"x", "other"), b"", b"--edge", b"\xff" * 1000])
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


def test_what_has_no_class_is_not_painted():
    pixels, classes = np.full((1, 3, 3), 100, np.uint8), np.array([[0, 1, data.NOTHING]], np.uint8)
    made = np.asarray(paint.painted(pixels, classes))
    assert made[0, 2].tolist() == [100, 100, 100]
    assert made[0, 0].tolist() != made[0, 1].tolist()
    assert paint.shares(classes) == [(data.CLASSES[0], 0.5), (data.CLASSES[1], 0.5)]
    assert len(set(paint.hexes().values())) == len(data.CLASSES)
