"""Projects of recordings, however they were made."""

from __future__ import annotations

import importlib.util
import json
import re
import struct
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import predictions
from fastcompanion.project import checking, growing, media, running, scoring
from fastcompanion.project.choices import Asked
from fastcompanion.project.place import Project
from tests.project import made
from tests.project.test_growing import grown
from tests.project.test_segmentation import sent, served

Samples = np.ndarray[Any, np.dtype[Any]]
PITCH = {"bell": 900, "hum": 130, "whistle": 2300}


def sound(name: str, number: int, rate: int = 8000) -> Samples:
    """A tone of its class with an overtone and noise; a bell dies away."""
    chance = np.random.default_rng([*name.encode(), number])
    moments = np.arange(round(rate * (0.25 + 0.05 * (number % 3)))) / rate
    pitch = PITCH[name] * chance.uniform(0.75, 1.35)
    made_ = 0.4 * np.sin(2 * np.pi * pitch * moments) + 0.1 * np.sin(4 * np.pi * pitch * moments)
    faded = made_ * np.exp(-8 * moments) if name == "bell" else made_
    return np.clip(faded + chance.normal(0, 0.05, len(moments)), -1, 1)


def wav(path: Path, samples: Samples, rate: int = 8000, channels: int = 1) -> Path:
    """Write a recording of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(samples, channels) * 32767).astype("<i2").tobytes())
    return path


def compressed(path: Path) -> Path:
    """Write a WAV file of form 17 (ADPCM), which is no plain samples."""
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 17, 1, 8000, 4000, 256, 4)
    content = b"WAVE" + head + struct.pack("<4sI", b"data", 400) + bytes(400)
    path.write_bytes(struct.pack("<4sI", b"RIFF", len(content)) + content)
    return path


def recordings(root: Path, count: int = 16) -> Path:
    """Three classes in folders, of two rates, in mono and stereo."""
    for name in PITCH:
        for number in range(count):
            rate, channels = (8000, 16000)[number % 2], 1 + number % 3 // 2
            wav(root / name / f"{name}{number:02}.wav", sound(name, number, rate), rate, channels)
    return root


def project_of(place: Path) -> Project:
    """Make a project with all of its steps, and two recordings to predict."""
    root = place / "data"
    recordings(root / "train")
    for number, name in enumerate(("hum", "bell")):
        wav(root / "test" / f"{number}.wav", sound(name, 50 + number))
    project = made.scored(root, place / "trial")
    grown(project)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("recordings", project_of, tmp_path, tmp_path / "trial")


def test_all_steps_work_together(project: Project) -> None:
    record = project.record()
    assert record.template == "project/audio"
    assert (record.answers["highest"], record.answers["seconds"]) == (4000, 0.35)
    assert growing.where(project).step is None
    assert {"submission", "linear", "model", "saved", "app", "errors", "seeds"} <= set(record.steps)
    assert "failed" not in made.own_tests(project, "-m", "not slow")
    for words in (["train.py", "linear"], ["save.py", "linear"], ["errors.py", "baseline"], ["submit.py", "linear"]):  # fmt: skip
        made.script(project, *words)
    page = (project.root / "errors.html").read_text(encoding="utf-8")
    assert page.count("<audio ") == page.count("<img ") == 20
    lines = (project.root / "submission.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[-1] for line in lines] == ["hum", "bell"]
    board = scoring.board(project, write=False)
    assert [run.name for run in board.runs] == ["linear", "baseline", "majority"]
    assert board.runs[0].score.value > 0.9
    assert not checking.check(project, python=[sys.executable]).features
    assert len(list(project.data.glob("spectra-*.npy"))) == 1, (
        "made once, though four programs heard them"
    )


def test_scores_are_those_that_the_project_prints(project: Project) -> None:
    printed = made.script(project, "score.py").stdout
    for run in scoring.board(project, write=False).runs:
        shown = re.search(rf"^{run.name} +(\S+) \[", printed, re.MULTILINE)
        assert shown is not None
        assert shown[1] == f"{run.score.value:.4g}"


def test_the_baseline_is_the_nearest_mean_by_hand(project: Project) -> None:
    """Every recording is told by means of the other folds alone."""
    code = "import data, baseline, json; i, p, t = data.load(); print(json.dumps([i, baseline.loudness(p).tolist(), t]))"
    ids, rows, targets = json.loads(made.script(project, "-c", code).stdout)
    levels = dict(zip(ids, np.array(rows), strict=True))
    truth = dict(zip(ids, targets, strict=True))
    _, told = predictions.read(project.runs / "baseline")
    parts = dict(
        line.split(",") for line in (project.root / "splits.csv").read_text().splitlines()[1:]
    )
    right = 0
    for one, said in zip(told.ids, told.predictions, strict=True):
        others = [name for name in ids if parts[name] != parts[one]]
        means = {
            c: np.mean([levels[name] for name in others if truth[name] == c], axis=0) for c in PITCH
        }
        right += min(means, key=lambda c: np.abs(levels[one] - means[c]).mean()) == said
    assert right >= 0.95 * len(told.ids), (
        "a class that comes a little more often may win where two are as near"
    )


def test_the_app_hears_an_upload(project: Project, tmp_path: Path) -> None:
    path = wav(tmp_path / "new.wav", sound("whistle", 99, 16000), 16000, 2)
    with served(project, "linear") as address:
        page = sent(address, path.read_bytes(), "new.wav")
        odd = sent(address, compressed(tmp_path / "odd.wav").read_bytes(), "odd.wav")
    assert 'role="status">label: whistle (' in page
    assert '<img alt="its spectrum' in page
    assert "can&#x27;t be read: 1 channels of 4 bits in form 17" in odd


def test_what_is_no_plain_recording_is_left_out_or_refused(tmp_path: Path) -> None:
    root = recordings(tmp_path / "data", 6)
    (root / "hum" / "hum01.wav").unlink()
    (root / "hum" / "hum01.mp3").write_bytes(b"ID3" + bytes(500))
    compressed(root / "hum" / "hum02.wav")
    (root / "bell" / "bell00.wav").write_bytes((root / "bell" / "bell00.wav").read_bytes()[:500])
    (root / "bell" / "bell01.wav").write_bytes(b"")
    found = media.make(Asked(root))
    notes = " ".join(found.answers["notes"])
    assert (
        "2 recordings that can't be opened are left out: bell/bell00.wav, bell/bell01.wav" in notes
    )
    assert "2 recordings that are no WAV files of plain samples are left out: hum/hum01.mp3, hum/hum02.wav" in notes  # fmt: skip
    assert len(found.split.parts) == 14
    for path in root.rglob("*.wav"):
        compressed(path)
    with pytest.raises(CompanionError, match="no WAV files of plain samples") as refused:
        media.make(Asked(root))
    assert "ffmpeg" in refused.value.hint


def test_a_rare_low_rate_does_not_deafen_all(tmp_path: Path) -> None:
    root = recordings(tmp_path / "data", 12)
    wav(root / "hum" / "hum00.wav", sound("hum", 0, 2000), 2000)
    assert media.make(Asked(root)).answers["highest"] == 4000


@pytest.mark.train
@pytest.mark.timeout(900)  # it starts torch several times, on a machine that may be busy
@pytest.mark.skipif(not importlib.util.find_spec("fastai"), reason="needs fastai")
def test_the_fastai_model_trains(project: Project) -> None:
    assert "failed" not in made.own_tests(project, "tests/test_model.py", "-W", "ignore")
    done = made.script(project, "train.py", "model", check=False)
    assert "resnet18 begins with pretrained weights" in done.stderr, "nothing falls back in silence"
    made.change(project.root / "project.yml", "pretrained: true", "pretrained: false")
    made.change(project.root / "project.yml", "arch: resnet18", "arch: small")
    running.script(project, ["train.py", "model"], python=[sys.executable])
    run, _ = predictions.read(project.runs / "model")
    assert run.settings == {"arch": "small", "pretrained": False}
    board = scoring.board(project, write=False)
    assert [one.name for one in board.runs].index("model") < [one.name for one in board.runs].index(
        "majority"
    )
