"""What has to stay true, tried on the texts in sample/: no network, no torch, a second or two."""

import json
import random
from pathlib import Path

import pytest

import baseline
import data
import majority

HERE = Path(data.__file__).parent


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")


def planted(count=60):
    """One word among others that say nothing tells it all."""
    chance = random.Random(1)
    inputs, targets = [], []
    for place in range(count):
        told = ["Grand", "poor"][place % 2]
        inputs.append(" ".join([*chance.choices(["a", "Film", "of", "last", "year"], k=8), told, f"number{place}."]))
        targets.append({{ '"yes" if told == "Grand" else "no"' if is_class else '5.0 if told == "Grand" else 1.0' }})
    return inputs, targets


def right(said, targets):
    """The share that is right."""
{% if is_class %}    return sum(max(one, key=one.get) == target for one, target in zip(said, targets, strict=True)) / len(targets)
{% else %}    return sum(abs(one - target) < 1 for one, target in zip(said, targets, strict=True)) / len(targets)
{% endif %}

def test_each_row_has_an_id_of_its_own_a_text_and_a_target():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    assert all(isinstance(text, str) for text in inputs + data.test()[1])
    assert any(data.words(text) for text in inputs)


def test_words_are_in_small_letters_and_signs_are_words():
    assert data.words("It's GRAND, isn’t it?!") == ["it", "'s", "grand", ",", "is", "n't", "it", "?", "!"]
    assert data.words("Über 1,5 Öfen\n#lob @wer") == ["über", "1", ",", "5", "öfen", "#", "lob", "@", "wer"]
    assert data.words("映画は良い") == ["映", "画", "は", "良", "い"]
    assert data.words(" \n\t") == []


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_are_{{ "probabilities" if is_class else "numbers" }}_and_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = model.predict(learned, inputs)
    assert len(said) == len(inputs)
{% if is_class %}    assert all(set(one) == set(targets) and abs(sum(one.values()) - 1) < 1e-9 for one in said)
{% else %}    assert all(min(targets) - 1e-9 <= one <= max(targets) + 1e-9 for one in said)
{% endif %}    assert model.predict(model.fit(inputs, targets, seed=1), inputs) == said
    assert model.predict(json.loads(json.dumps(learned)), inputs) == said, "what was learned can be saved"


def test_the_baseline_finds_the_word_that_tells():
    inputs, targets = planted()
    learned = baseline.fit(inputs, targets, seed=1)
    assert learned["word"] in ("grand", "poor")
    assert right(baseline.predict(learned, inputs), targets) == 1


def test_a_word_that_comes_once_is_no_rule():
    """Else each text would be known by the word that only it has."""
    inputs, targets = [f"word{place}" for place in range(40)], planted(40)[1]
    assert baseline.fit(inputs, targets, seed=1)["word"] is None


@pytest.mark.parametrize("text", ["", " \n", "never seen before", "\U0001f600" * 9, "x" * 50_000])
def test_any_text_gets_an_answer(text):
    _, inputs, targets = data.load()
    for model in (majority, baseline):
        assert len(model.predict(model.fit(inputs, targets, seed=1), [text])) == 1
