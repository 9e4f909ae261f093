"""What has to stay true, tried on the recordings in sample/: no network, no torch, a second or two."""

import json
import math
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

import baseline
import data
import majority

HERE = Path(data.__file__).parent


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")


def test_each_recording_has_an_id_of_its_own_a_file_and_a_class():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    assert all(path.is_file() for path in inputs)
    assert all(isinstance(target, str) and target for target in targets)


def test_every_recording_becomes_a_spectrum_of_the_same_size():
    made = data.spectra(data.load()[1] + data.test()[1])
    assert made.shape[1:] == (data.BANDS, data.FRAMES)
    assert np.isfinite(made).all()
    assert made.min() >= data.QUIET


def tone(pitch, rate=16000, seconds=None, level=0.5):
    """The samples of one tone, as high as said (Hz)."""
    return level * np.sin(2 * math.pi * pitch * np.arange(round(rate * (seconds or data.SECONDS))) / rate)


def stored(path, samples, rate=16000, bits=16, channels=1):
    """A WAV file as the standard library writes it."""
    scaled = np.round(np.repeat(samples, channels) * (2 ** (bits - 1) - 1)).astype("<i4")
    if bits == 8:
        content = (scaled + 128).astype(np.uint8).tobytes()
    else:
        content = scaled.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(content)
    return path


@pytest.mark.parametrize(("bits", "channels"), [(8, 1), (16, 1), (16, 2), (24, 2), (32, 1)])
def test_samples_of_any_width_are_read_alike(bits, channels, tmp_path):
    samples = tone(440, seconds=0.1)
    read, rate = data.sound(stored(tmp_path / "a.wav", samples, bits=bits, channels=channels))
    assert rate == 16000
    assert read == pytest.approx(samples, abs=2 ** (2 - bits) + 1e-6)


def floating(path, samples, bits=32, form=3, extensible=False):
    """A WAV file of floating point, with a chunk before the samples that says nothing."""
    content = samples.astype(f"<f{bits // 8}").tobytes()
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else form, 1, 16000, 16000 * bits // 8, bits // 8, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 4, form) + bytes(14)
    chunks = [(b"fmt ", head), (b"LIST", b"odd"), (b"data", content)]
    packed = b"".join(name + struct.pack("<I", len(some)) + some + b"\0" * (len(some) % 2) for name, some in chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(packed)) + b"WAVE" + packed)
    return path


@pytest.mark.parametrize(("bits", "extensible"), [(32, False), (64, False), (32, True)])
def test_floating_point_is_read_too(bits, extensible, tmp_path):
    samples = tone(440, seconds=0.1)
    read, _ = data.sound(floating(tmp_path / "a.wav", samples, bits, extensible=extensible))
    assert read == pytest.approx(samples, abs=1e-6)


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0"])
def test_what_holds_no_sound_is_refused(content, tmp_path):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.wav (is no WAV file|holds no sound)"):
        data.spectrum(tmp_path / "a.wav")
    with pytest.raises(ValueError, match="can't be read"):
        data.sound(floating(tmp_path / "b.wav", tone(440), form=2))


def test_a_file_that_is_cut_off_is_heard_as_far_as_it_goes(tmp_path):
    path = stored(tmp_path / "a.wav", tone(440, seconds=0.1), bits=24)
    path.write_bytes(path.read_bytes()[:-1001])
    assert 1200 < len(data.sound(path)[0]) < 1300


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_tone_is_heard_where_it_is_and_as_loud_with_any_rate(rate, tmp_path):
    pitch = data.HIGHEST / 4
    made = data.spectrum(stored(tmp_path / "a.wav", tone(pitch, rate), rate))
    middle = made[:, data.FRAMES // 2]
    mel = 2595 * math.log10(1 + pitch / 700) / (2595 * math.log10(1 + data.HIGHEST / 700))
    assert middle.argmax() == pytest.approx(mel * (data.BANDS + 1) - 1, abs=1)
    assert middle.max() == pytest.approx(-6, abs=3)
    assert np.sort(middle)[: data.BANDS // 2].max() < -40


def test_a_short_recording_is_followed_by_silence(tmp_path):
    made = data.spectrum(stored(tmp_path / "a.wav", tone(440, seconds=data.SECONDS / 4)))
    assert made[:, : data.FRAMES // 8].max() > -20
    assert (made[:, data.FRAMES * 7 // 8 :] == data.QUIET).all()
    assert (data.spectrum(stored(tmp_path / "b.wav", np.zeros(0))) == data.QUIET).all()


def test_spectra_are_kept_and_made_anew_when_a_recording_is_another(tmp_path, monkeypatch):
    """Planted: the folder holds three recordings, and then one of them becomes silent."""
    (tmp_path / "files").mkdir()
    rows = ["id,file," + '"' + data.TARGET.replace('"', '""') + '"', *(f"{place},{place}.wav,a" for place in range(3))]
    (tmp_path / "files.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for place in range(3):
        stored(tmp_path / "files" / f"{place}.wav", tone(300 * (place + 1)))
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    monkeypatch.setattr(data, "MANY", 1)
    inputs = data.load()[1]
    first = np.array(data.spectra(inputs))
    data.keep.cache_clear()
    assert (data.spectra(inputs[::-1]) == first[::-1]).all()
    stored(inputs[0], np.zeros(10))
    data.keep.cache_clear()
    made = data.spectra(inputs)
    assert made[0].max() == data.QUIET
    assert (made[1:] == first[1:]).all()
    assert len(list(tmp_path.glob("spectra-*"))) == 1
    data.keep.cache_clear()


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_are_probabilities_and_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = model.predict(learned, inputs)
    assert len(said) == len(inputs)
    assert all(set(one) == set(targets) and abs(sum(one.values()) - 1) < 1e-6 for one in said)
    assert model.predict(model.fit(inputs, targets, seed=1), inputs) == said
    assert model.predict(json.loads(json.dumps(learned)), inputs) == said, "what was learned can be saved"


def test_the_baseline_tells_high_from_low(tmp_path):
    chance = np.random.default_rng(1)
    pitches = [(400 if place % 2 else 1200) + 40 * (place % 5) for place in range(20)]
    inputs = [stored(tmp_path / f"{place}.wav", tone(pitch) + chance.normal(0, 0.01, len(tone(pitch)))) for place, pitch in enumerate(pitches)]
    targets = ["low" if pitch < 800 else "high" for pitch in pitches]
    said = baseline.predict(baseline.fit(inputs[:14], targets[:14], seed=1), inputs[14:])
    assert [max(one, key=one.get) for one in said] == targets[14:]


def test_where_recordings_tell_nothing_the_baseline_says_what_is_usual(tmp_path):
    silent = stored(tmp_path / "a.wav", np.zeros(100))
    inputs, targets = [silent] * 9, ["a", "b", "b"] * 3
    (said,) = baseline.predict(baseline.fit(inputs, targets, seed=1), [silent])
    assert said == pytest.approx(majority.predict(majority.fit(inputs, targets, seed=1), [silent])[0])
