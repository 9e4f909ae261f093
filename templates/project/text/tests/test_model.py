"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import io
import pickle
import tarfile

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")

import model
import torch
from fastai.text.models.core import get_language_model
from test_project import planted{% if is_class %}, right{% endif %}


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    """No weights are needed to try it: a small network learns what is planted."""
    monkeypatch.setattr(model, "PRETRAINED", False)
    monkeypatch.setattr(model, "EPOCHS", 10)
    monkeypatch.setattr(model, "RATE", 2e-2)
    monkeypatch.setattr(model, "BATCH", 16)
    monkeypatch.setattr(model, "SMALL", {"emb_sz": 16, "n_hid": 24, "n_layers": 1})


def test_it_learns_what_was_planted():
    inputs, targets = planted(96)
    said = model.predict(model.fit(inputs, targets, seed=1), inputs)
{% if is_class %}    assert right(said, targets) > 0.9
    assert all(sum(one.values()) == pytest.approx(1, abs=1e-5) for one in said)
{% else %}    assert min(said[::2]) > max(said[1::2]) + 1, "half way is enough after so few steps"
{% endif %}

def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 1)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    assert model.predict(learned, inputs) == model.predict(model.fit(inputs, targets, seed=3), inputs)
    assert len(model.predict(learned, ["", "never seen", "word " * 1000])) == 3


def test_a_text_gets_the_same_answer_alone_and_among_longer_ones(monkeypatch):
    monkeypatch.setattr(model, "EPOCHS", 1)
    inputs, targets = planted(32)
    learned = model.fit(inputs, targets, seed=1)
    texts = [" ".join(inputs[:count]) for count in (1, 3, 9, 30)]
    alone = [model.predict(learned, [text])[0] for text in texts]
    for one, other in zip(model.predict(learned, texts), alone, strict=True):
{% if is_class %}        assert list(one.values()) == pytest.approx(list(other.values()), abs=1e-5)
{% else %}        assert one == pytest.approx(other, abs=1e-5)
{% endif %}

def test_capitals_are_told_apart_as_fastai_does():
    assert model.tokens("A Grand FILM isn't iPad") == ["xxbos", "xxmaj", "a", "xxmaj", "grand", "xxup", "film", "is", "n't", "xxmaj", "ipad"]


def archive(path, words, size):
    """Weights and words as fastai ships them, of a network that nobody has trained."""
    torch.manual_seed(5)
    config = {"bidir": False, "output_p": 0.1, "hidden_p": 0.15, "input_p": 0.25, "embed_p": 0.02, "weight_p": 0.2, "pad_token": 1, "tie_weights": True, "out_bias": True}
    tensors, kept = get_language_model(model.AWD_LSTM, len(words), config=config | size).state_dict(), io.BytesIO()
    torch.save(tensors, kept)
    with tarfile.open(path, "w:gz") as made:
        for name, content in (("wt103-fwd/lstm_fwd.pth", kept.getvalue()), ("wt103-fwd/itos_wt103.pkl", pickle.dumps(words))):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return tensors


def test_pretrained_weights_are_used_or_asked_for(tmp_path, monkeypatch):
    """Planted: an archive, whose words stand in the model after an epoch that may not change them."""
    size = {"emb_sz": 12, "n_hid": 20, "n_layers": 3}
    tensors = archive(tmp_path / "wt103-fwd.tgz", ["xxunk", "xxpad", "poor", "grand"], size)
    monkeypatch.setattr(model.weights, "find", lambda arch: tmp_path / "wt103-fwd.tgz")
    monkeypatch.setattr(model, "PRETRAINED", True)
    monkeypatch.setattr(model, "LARGE", size)
    monkeypatch.setattr(model, "EPOCHS", 1)
    monkeypatch.setattr(model, "RATE", 0.0)
    inputs, targets = planted(32)
    learned = model.fit(inputs, targets, seed=1)
    begun, place = learned["weights"]["0.module.encoder.weight"], learned["words"].index
    assert torch.allclose(begun[place("grand")], tensors["0.encoder.weight"][3], atol=1e-6)
    assert torch.allclose(begun[place("film")], tensors["0.encoder.weight"].mean(0), atol=1e-6), "a word it has never read"
    for name in ("rnns.1.weight_hh_l0_raw", "rnns.2.module.weight_ih_l0", "rnns.0.module.bias_hh_l0"):
        assert torch.allclose(learned["weights"][f"0.module.{name}"], tensors[f"0.{name}"], atol=1e-6), name

    def nothing(arch):
        raise SystemExit(f"there are no weights of {arch}")

    monkeypatch.setattr(model.weights, "find", nothing)
    with pytest.raises(SystemExit, match="no weights of awd_lstm"):
        model.fit(inputs, targets, seed=1)


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("this must not run",)

    with pytest.raises(pickle.UnpicklingError, match="nothing but words"):
        model.Words(io.BytesIO(pickle.dumps(Evil()))).load()
