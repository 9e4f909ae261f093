"""The only file that knows the raw data: which recordings there are, what each is, how one becomes numbers.

An input is the path of a WAV file, its target the name of a class. Models get spectra from spectra(): how loud
each band of frequencies is at each moment, on the scales of the ear (decibels and mel).
"""

import csv
import hashlib
import os
import struct
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}  # a column of files.csv
SECONDS = {{ seconds }}  # what comes later in a recording is not heard
HIGHEST = {{ highest }}  # Hz: {% if highest == 8000 %}above lies little of what is told apart{% else %}nearly all recordings hold as much{% endif %}
BANDS, FRAMES = 64, 128  # of a spectrum: bands of frequencies, and moments
QUIET = -80.0  # decibels: what is less is silence
WHOLE, FLOAT = 1, 3  # forms of samples in WAV files
READ = {(WHOLE, 8), (WHOLE, 16), (WHOLE, 24), (WHOLE, 32), (FLOAT, 32), (FLOAT, 64)}  # with their bits
MANY = 50  # so many spectra are kept in one file, as making them all takes longer than most models


def load():
    """The recordings to learn from: ids, paths, classes. One without a class teaches nothing."""
    rows = [row for row in read("files.csv") if row[TARGET].strip()]
    return [row["id"] for row in rows], paths(rows), [row[TARGET].strip() for row in rows]


def test():
    """The recordings to predict: ids and paths; nothing where there are none."""
    rows = read("test_files.csv") if (FOLDER / "test_files.csv").exists() else []
    return [row["id"] for row in rows], paths(rows)
{% if group_py != "None" %}

def groups():
    """Recordings of one group belong together: they are never on both sides of a split."""
    return {row["id"]: row["group"] for row in read("files.csv")}
{% endif %}

def read(name):
    """The rows of a table."""
    path = FOLDER / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: data/README.md says where to get it")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def paths(rows):
    """Where the files of rows lie: in data/files, or in the folder that data/where.txt names."""
    told = FOLDER / "where.txt"
    folder = Path(told.read_text(encoding="utf-8").strip()) if told.exists() else FOLDER / "files"
    return [folder / row["file"] for row in rows]


def sound(path):
    """The samples of a WAV file from -1 to 1, several channels mixed into one, and how many make a second.

    Whole numbers of 8 to 32 bits and floating point are read; the standard library's wave knows no floating point.
    """
    content, place, form = path.read_bytes(), 12, None
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"{path.name} is no WAV file")
    while place + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        if name == b"fmt " and place + 24 <= len(content):
            form, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, place + 8)
            if form == 0xFFFE:  # what it is stands further on
                form = int.from_bytes(content[place + 32 : place + 34], "little")
            if (form, bits) not in READ or not channels or not rate:
                raise ValueError(f"{path.name} can't be read: {channels} channels of {bits} bits in form {form}")
        elif name == b"data" and form:
            samples = numbers(content[place + 8 : place + 8 + length], form, bits)
            whole = len(samples) // channels * channels
            return samples[:whole].reshape(-1, channels).mean(axis=1), rate
        place += 8 + length + length % 2
    raise ValueError(f"{path.name} holds no sound")


def numbers(content, form, bits):
    """Samples from -1 to 1 of the bytes of a WAV file; a last one that is cut off is left out."""
    content = content[: len(content) // (bits // 8) * (bits // 8)]
    if form == FLOAT:
        return np.clip(np.nan_to_num(np.frombuffer(content, f"<f{bits // 8}")), -1, 1).astype(np.float32)
    if bits == 8:
        return np.frombuffer(content, np.uint8).astype(np.float32) / 128 - 1
    if bits == 24:  # a byte is put below, and makes 32 of them
        content = np.pad(np.frombuffer(content, np.uint8).reshape(-1, 3), [(0, 0), (1, 0)]).tobytes()
    samples = np.frombuffer(content, "<i2" if bits == 16 else "<i4")
    return samples.astype(np.float32) / (2**15 if bits == 16 else 2**31)


def spectrum(path):
    """How loud each band is at each moment, in decibels: bands x frames. A short recording is followed by silence."""
    samples, rate = sound(path)
    window = round(rate * max(0.032, SECONDS / FRAMES))
    starts = np.round(np.arange(FRAMES) * SECONDS / FRAMES * rate).astype(int)
    samples = samples[: starts[-1] + window]
    samples = np.pad(samples, (window // 2, starts[-1] + window - len(samples)))
    frames = samples[starts[:, None] + np.arange(window)] * np.hanning(window) / (window / 4)  # a full sine has 0 decibels
    power = np.abs(np.fft.rfft(frames, n=fine(rate))) ** 2 @ bands(rate)
    return np.maximum(10 * np.log10(power + 1e-12), QUIET).T.astype(np.float32)


def fine(rate):
    """How long a Fourier transform has to be, so that its frequencies are 10 Hz apart at most."""
    return 1 << max(1, int(np.ceil(np.log2(rate * max(0.1, SECONDS / FRAMES)))))


@cache
def bands(rate):
    """The weight of each frequency in each band: triangles that are equally wide on the mel scale."""
    mel = np.linspace(0, 2595 * np.log10(1 + HIGHEST / 700), BANDS + 2)
    edges, heard = 700 * (10 ** (mel / 2595) - 1), np.fft.rfftfreq(fine(rate), 1 / rate)[:, None]
    up, down = (heard - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - heard) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(up, down)) * heard[1] * 0.032  # as loud with any rate


def spectra(inputs):
    """The spectra of recordings: recordings x bands x frames."""
    places, kept = keep(FOLDER) if (FOLDER / "files.csv").exists() else ({}, None)
    rows = [places.get(path) for path in inputs]
    if None not in rows:
        return kept[rows]
    return np.stack([spectrum(path) for path in inputs])


@cache
def keep(folder):
    """All spectra in one file, and the row of each path. The file is made anew when a recording is another one."""
    inputs = [*load()[1], *test()[1]]
    if len(inputs) < MANY:
        return {}, None
    stats = [path.stat() for path in inputs]
    told = [(path.as_posix(), one.st_size, one.st_mtime_ns) for path, one in zip(inputs, stats, strict=True)]
    known = repr((SECONDS, HIGHEST, BANDS, FRAMES, QUIET, told))
    place = folder / f"spectra-{hashlib.sha256(known.encode()).hexdigest()[:12]}.npy"
    if not place.exists():
        part = folder / f"spectra-{os.getpid()}.part"  # half a file is never taken for a whole one
        try:
            made = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=(len(inputs), BANDS, FRAMES))
            for row, path in enumerate(inputs):
                made[row] = spectrum(path)
            made.flush()
            del made  # Windows renames no file that is open
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
        for old in set(folder.glob("spectra-*.npy")) - {place}:
            old.unlink()
    return {path: row for row, path in enumerate(inputs)}, np.load(place, mmap_mode="r")
