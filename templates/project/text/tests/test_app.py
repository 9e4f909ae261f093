"""The app answers over HTTP, whatever it is asked, and says which words spoke."""

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


def asked(address, text=None):
    body = urllib.parse.urlencode({"text": text}).encode() if text is not None else None
    with urllib.request.urlopen(address, body, timeout=10) as answer:
        return answer.read().decode()


def test_the_form_has_a_box_for_a_text(address):
    told = asked(address)
    assert told.count("<textarea") == 1
    assert "status\">" not in told


def test_it_answers_and_marks_the_word_that_spoke(address):
    told = asked(address, "A Grand film, not a poor one")
    word = app.learned("baseline")["word"]
    assert f'role="status">{data.TARGET}: ' in told
    assert told.count("<mark ") == 1
    assert f">{'Grand' if word == 'grand' else 'poor'}</mark>" in told
    assert "Words that spoke" in told


def test_where_no_word_speaks_it_says_so(address):
    assert "No single word made a difference." in asked(address, "of last year")


def test_a_word_that_comes_again_is_taken_away_everywhere():
    moves = {"good": 0.5, "not": -0.25}
    told = app.marked("Good <b>, not good", moves)
    assert told.count('class="for"') == 2
    assert told.count('class="against"') == 1
    assert "&lt;b&gt;" in told


@pytest.mark.parametrize("text", ["", " \n ", "<b>&\u20ac\U0001f600</b>", "\0\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "word " * 5000])
def test_odd_texts_do_no_harm(address, text):
    told = asked(address, text)
    assert 'role="status"' in told
    assert "<b>" not in told


def test_too_much_and_elsewhere(address):
    with pytest.raises(urllib.error.HTTPError, match="413"):
        asked(address, "b" * app.LARGEST)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(address + "etc/passwd")
    for length in ("-1", "many"):
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(urllib.request.Request(address, b"", {"Content-Length": length}), timeout=10)
