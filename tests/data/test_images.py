"""Heads of images and recordings, read from files that other programs wrote."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image

from fastcompanion.data import files, images
from fastcompanion.data.images import Picture
from tests.data.folders import png, wav

MODES = [
    ("a.png", "RGB", "png", "rgb"),
    ("a.png", "L", "png", "grey"),
    ("a.png", "P", "png", "palette"),
    ("a.png", "RGBA", "png", "rgb+alpha"),
    ("a.jpg", "RGB", "jpeg", "rgb"),
    ("a.jpg", "L", "jpeg", "grey"),
    ("a.jpg", "CMYK", "jpeg", "cmyk"),
    ("a.gif", "P", "gif", "palette"),
    ("a.bmp", "RGB", "bmp", "rgb"),
    ("a.bmp", "L", "bmp", "palette"),
    ("a.webp", "RGB", "webp", ""),
    ("a.webp", "RGBA", "webp", ""),
]


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * channels))


def look(path: Path) -> Picture:
    return images.picture(files.walk(path), path.name)


@pytest.mark.parametrize(("name", "mode", "form", "colours"), MODES)
@pytest.mark.parametrize("size", [(37, 23), (1, 1), (301, 2)])
def test_sizes_and_colours(
    tmp_path: Path, name: str, mode: str, form: str, colours: str, size: tuple[int, int]
) -> None:
    noise(mode, size).save(tmp_path / name)
    found = look(tmp_path / name)
    assert found == Picture(form, *size, colours)


@pytest.mark.parametrize(
    "settings", [{"lossless": True}, {"quality": 10}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}]
)
def test_webp_of_each_layout(tmp_path: Path, settings: dict[str, object]) -> None:
    noise("RGB", (130, 70)).save(tmp_path / "a.webp", **settings)  # type: ignore[arg-type]
    assert look(tmp_path / "a.webp").size == "130x70"


def test_jpeg_with_a_long_head_and_progressive(tmp_path: Path) -> None:
    noise("RGB", (64, 48)).save(
        tmp_path / "a.jpg", progressive=True, exif=b"Exif\0\0" + b"x" * 60_000
    )
    assert look(tmp_path / "a.jpg") == Picture("jpeg", 64, 48, "rgb")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.webp"])
def test_what_is_cut_off(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    noise("P" if name == "a.gif" else "RGB", (40, 40)).save(path)
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.1):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert look(path).problem, share
    for length in range(1, 40):
        path.write_bytes(whole[:length])
        assert look(path).problem, length
    path.write_bytes(b"")
    assert look(path).problem == "is empty"


def test_random_bytes_never_raise(tmp_path: Path) -> None:
    chance = random.Random(3)
    marks = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBPVP8 "]
    for number in range(300):
        (tmp_path / "a.png").write_bytes(
            marks[number % 6] + chance.randbytes(chance.randint(0, 200))
        )
        found = look(tmp_path / "a.png")
        assert isinstance(found, Picture)


def test_other_forms_are_left_alone(tmp_path: Path) -> None:
    noise("RGB", (4, 4)).save(tmp_path / "a.tif")
    noise("RGB", (4, 4)).save(tmp_path / "a.ppm")
    assert look(tmp_path / "a.tif") == look(tmp_path / "a.ppm") == Picture("")


def test_our_own_png_is_one(tmp_path: Path) -> None:
    """The other tests build on these files."""
    for colours, mode in ((0, "L"), (2, "RGB"), (6, "RGBA")):
        with Image.open(png(tmp_path / "a.png", 9, 5, colours=colours)) as image:
            image.load()
            assert (image.size, image.mode) == ((9, 5), mode)


def test_recordings(tmp_path: Path) -> None:
    found = images.sound(files.walk(wav(tmp_path / "a.wav", 0.5, 16000)), "a.wav")
    assert (found.form, found.rate, found.channels, found.seconds) == ("wav", 16000, 1, 0.5)
    (tmp_path / "b.mp3").write_bytes(b"ID3" + b"\0" * 100)
    assert images.sound(files.walk(tmp_path), "b.mp3").form == "mp3"
    (tmp_path / "c.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:44])
    assert images.sound(files.walk(tmp_path), "c.wav").problem
