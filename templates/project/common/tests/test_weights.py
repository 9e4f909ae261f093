"""Pretrained weights are taken where they are whole; otherwise it is said what is missing. No network, no torch."""

import hashlib

import pytest
import weights

CONTENT = bytes(range(256)) * 4096
FILE = f"made_up-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture(autouse=True)
def made_up(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "HERE", tmp_path / "project")
    monkeypatch.setattr(weights, "KNOWN", {"made_up": (f"https://example.org/{FILE}", 1.0, "")})
    for name in ("XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME", "FASTAI_HOME", "FASTCOMPANION_WEIGHTS"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def put(folder, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(content)
    return folder / FILE


def test_they_are_found_here_and_in_the_cache_of_torch(tmp_path):
    cached = put(tmp_path / "TORCH_HOME" / "hub" / "checkpoints")
    assert weights.find("made_up") == cached
    own = put(tmp_path / "project" / "weights")
    assert weights.find("made_up") == own


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-9000], CONTENT[::-1], b""])
def test_what_is_broken_is_not_taken(tmp_path, content):
    path = put(tmp_path / "project" / "weights", content)
    with pytest.raises(SystemExit) as ended:
        weights.find("made_up")
    assert f"{path}: not there" not in str(ended.value)
    whole = put(tmp_path / "FASTCOMPANION_WEIGHTS")
    assert weights.find("made_up") == whole


def test_what_is_missing_is_said():
    with pytest.raises(SystemExit) as ended:
        weights.find("made_up")
    for words in (FILE, "1.0 MiB", "not there", "fastcompanion weights fetch made_up", "pretrained: false"):
        assert words in str(ended.value)
    with pytest.raises(SystemExit, match="no weights are known for"):
        weights.find("a_typing_error")
