"""Archives that want to do harm, and those that only look as if."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.site import unpacking
from fastcompanion.competition.site.unpacking import Bounds, Member, Rules

LINUX, WINDOWS, MAC = Rules(False, False), Rules(True, True), Rules(False, True)
PLENTY = Bounds(None, None, 1 << 40)


def archive(path: Path, *files: tuple[str, bytes], mode: int = 0, method: int = 8) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as made:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in files:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            info.external_attr = mode << 16
            made.writestr(info, data, method)
    return path


def unpacked(path: Path, folder: Path, rules: Rules = LINUX, bounds: Bounds = PLENTY) -> list[str]:
    members = unpacking.look(path, bounds, rules)
    unpacking.unpack(path, members, folder, lambda one, size: None)
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def refusal(path: Path, folder: Path, rules: Rules = LINUX, bounds: Bounds = PLENTY) -> str:
    """Say why an archive is refused, after seeing that nothing was written by it."""
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(CompanionError) as caught:
        unpacked(path, folder, rules, bounds)
    assert sorted(folder.parent.rglob("*")) == before
    return caught.value.message


def test_an_honest_archive(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.zip", ("train.csv", b"a,b\n1,2\n"), ("images/", b""),
        ("images/1.png", b"png"), ("images\\2.png", b"png2"), ("./b.csv", b""), ("été/ß 1.csv", b"x"),
    )  # fmt: skip
    folder = tmp_path / "data"
    assert unpacked(path, folder) == ["b.csv", "images/1.png", "images/2.png", "train.csv", "été/ß 1.csv"]  # fmt: skip
    assert (folder / "train.csv").read_bytes() == b"a,b\n1,2\n"
    assert (folder / "images/2.png").read_bytes() == b"png2"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.csv", "a/../../evil.csv", "/etc/evil", "\\evil", "..\\evil", "a\\..\\..\\evil",
        "C:\\evil", "C:/evil", "c:evil", "\\\\host\\share\\evil", "//host/evil", "..", "../", "a/..",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("good.csv", b"1"), (name if name[-1] != "/" else name + "x", b"evil"))  # fmt: skip
    assert "leads out of the folder" in refusal(path, tmp_path / "in" / "data")


@pytest.mark.parametrize(
    "name", ["a\nSet-Cookie: x=1", "a\r\nb.csv", "\x1b[31mred", "a\x00.csv", "a\x7f", "a\u2028b", "\x85"]
)  # fmt: skip
def test_no_name_holds_what_acts(name: str, tmp_path: Path) -> None:
    said = refusal(archive(tmp_path / "a.zip", (name, b"1")), tmp_path / "data")
    assert "holds characters that no name has" in said
    assert said.isprintable()


@pytest.mark.parametrize("name", ["", ".", "./", "a" * 300, "/".join("a" * 70), "ü" * 200])
def test_what_is_no_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="nothing was written"):
        unpacking.safe_name(name, LINUX)
    del tmp_path


@pytest.mark.parametrize(
    "name",
    ["CON", "con.csv", "a/NUL", "aux.tar.gz", "COM1", "lpt9.txt", "CONIN$", "com¹", "prn .x", "a.", "a ",
     "ab:stream", 'a"b', "a|b", "a?", "a*", "<a>", "dir./a", "nul/a.csv"],
)  # fmt: skip
def test_names_that_windows_cannot_hold(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", (name, b"1"))
    assert "a name that Windows can't hold" in refusal(path, tmp_path / "data", WINDOWS)
    assert unpacking.safe_name(name, LINUX) == name, "and this system can"


@pytest.mark.parametrize(
    "name", ["console.csv", "nully", "com10.csv", "lpt.csv", "a.b.c", ".hidden", "aux2"]
)
def test_names_that_windows_can_hold(name: str) -> None:
    assert unpacking.safe_name(name, WINDOWS) == name


def test_names_that_differ_by_case_alone(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("Train.csv", b"1"), ("train.csv", b"2"))
    assert "are one name here" in refusal(path, tmp_path / "data", MAC)
    assert unpacked(path, tmp_path / "data") == ["Train.csv", "train.csv"]
    path = archive(tmp_path / "b.zip", ("A/x", b"1"), ("a", b"2"))
    assert "a file and a folder" in refusal(path, tmp_path / "other", MAC)


@pytest.mark.parametrize("names", [("a", "a"), ("a", "./a"), ("a/b", "a\\b"), ("a", "b//c", "b/c")])
def test_a_name_that_comes_twice(names: tuple[str, ...], tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", *((name, name.encode()) for name in names))
    assert "are one name here" in refusal(path, tmp_path / "data")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b/c", "a/b"), ("x/y", "x")])
def test_a_file_that_is_a_folder_too(names: tuple[str, ...], tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", *((name, b"1") for name in names))
    assert "is a file and a folder in it" in refusal(path, tmp_path / "data")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK])
def test_links_and_devices(kind: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("link", b"/etc/passwd"), mode=kind | 0o777)
    assert "is a link or a device" in refusal(path, tmp_path / "data")


def test_a_link_that_lies_in_the_way(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "data"
    outside.mkdir()
    (outside / "a.csv").write_text("mine")
    folder.mkdir()
    (folder / "images").symlink_to(outside, target_is_directory=True)
    (folder / "a.csv").symlink_to(outside / "a.csv")
    for name in ("images/a.csv", "a.csv"):
        path = archive(tmp_path / "a.zip", (name, b"evil"))
        with pytest.raises(CompanionError, match="is a link"):
            unpacked(path, folder)
    assert (outside / "a.csv").read_text() == "mine"


def test_a_password(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"secret"))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the head of the file, and in the directory
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "locked with a password" in refusal(path, tmp_path / "data")


def test_a_bomb_by_its_ratio(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", bytes(1 << 20))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, (1 << 31) - 1)
    path.write_bytes(data)
    assert "an archive made to do harm" in refusal(path, tmp_path / "data")
    announced = Bounds(2 << 20, 1, 1 << 40)
    assert "where 2.1 MB are listed" in refusal(path, tmp_path / "data", bounds=announced)


def test_what_says_that_it_is_smaller_than_it_is(tmp_path: Path) -> None:
    """The size in the directory is what the disk was checked for: no byte more is written."""
    path = archive(tmp_path / "a.zip", ("a", bytes(1 << 22)))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(data)
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(CompanionError, match="is broken in the archive"):
        unpacked(path, folder)
    assert list(folder.iterdir()) == []


def test_files_that_share_their_bytes(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", *((f"{n}.csv", bytes(1000)) for n in range(3)))
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into("<I", data, at + 42, 0)
        at += 4
    path.write_bytes(data)
    assert "lies over another file" in refusal(path, tmp_path / "data")


def test_too_many_files(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", *((str(n), b"") for n in range(1200)))
    assert "1200 files" in refusal(path, tmp_path / "data", bounds=Bounds(10, 2, 1 << 40))
    assert len(unpacking.look(path, Bounds(10, 100, 1 << 40), LINUX)) == 1200


@pytest.mark.parametrize("large", [False, True])
def test_a_directory_that_says_it_is_huge_is_not_read(large: bool, tmp_path: Path) -> None:
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0)
    first = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 45, 0)
    there = struct.pack("<4sIQI", b"PK\x06\x07", 0, 4, 1)
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + (first + there if large else b"") + end)
    assert "it says that it holds" in refusal(
        path, tmp_path / "data", bounds=Bounds(10, 2, 1 << 40)
    )


@pytest.mark.parametrize("left", [0, 1, 30, 100, -1, -10])
def test_an_archive_that_is_not_whole(left: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"1,2,3\n" * 100), ("b.csv", b"4,5\n" * 50))
    path.write_bytes(path.read_bytes()[:left])
    assert "not unpacked" in refusal(path, tmp_path / "data")


def test_a_flipped_byte_is_seen_before_the_file_has_its_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"1,2,3\n" * 100), ("b.csv", b"whole"), method=0)
    data = bytearray(path.read_bytes())
    data[data.find(b"1,2,3") + 7] ^= 1
    path.write_bytes(data)
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(CompanionError, match=r"'a\.csv' is broken") as caught:
        unpacked(path, folder)
    assert "--force" in caught.value.hint
    assert list(folder.iterdir()) == []


def test_a_method_that_we_do_not_know(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"1"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 8, 9)
    struct.pack_into("<H", data, data.rfind(b"PK\x01\x02") + 10, 9)
    path.write_bytes(data)
    assert "packed by a method" in refusal(path, tmp_path / "data")


def test_another_name_in_the_head_of_the_file(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"1"))
    data = path.read_bytes()
    path.write_bytes(data[:30] + b"z.csv" + data[35:])
    (tmp_path / "data").mkdir()
    with pytest.raises(CompanionError, match="is broken in the archive"):
        unpacked(path, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(
        CompanionError, match=r"5.0 GB are needed in .*, and 1.0 GB are free"
    ) as caught:
        unpacking.space(5_000_000_000, Bounds(None, None, 1_000_000_000), tmp_path)
    assert caught.value.code is Exit.MISSING
    unpacking.space(900_000_000, Bounds(None, None, 1_000_000_000), tmp_path)


def test_what_a_file_system_can_hold(tmp_path: Path) -> None:
    (tmp_path / ".download.json").write_text("{}")
    assert not unpacking.rules_of(tmp_path, ".download.json").folds
    (tmp_path / ".DOWNLOAD.JSON").write_text("{}")
    assert unpacking.rules_of(tmp_path, ".download.json").folds


def test_large_files_are_not_held_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    size = 64 << 20
    path = tmp_path / "a.zip"
    fast = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with fast as made, made.open("a.bin", "w") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    (tmp_path / "data").mkdir()
    tracemalloc.start()
    try:
        members = unpacking.look(path, Bounds(size, 1, 1 << 40), LINUX)
        unpacking.unpack(path, members, tmp_path / "data", lambda one, size: None)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert unpacking.holds(tmp_path / "data/a.bin", members[0])


def test_what_holds_the_bytes_of_the_archive(tmp_path: Path) -> None:
    (member,) = unpacking.look(archive(tmp_path / "a.zip", ("a", b"12")), PLENTY, LINUX)
    assert not unpacking.holds(tmp_path / "none", member)
    for data, same in ((b"12", True), (b"13", False), (b"123", False)):
        (tmp_path / "a").write_bytes(data)
        assert unpacking.holds(tmp_path / "a", member) is same
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert not unpacking.holds(tmp_path / "link", Member("a", 3, unpacking.crc_of(tmp_path / "a")))


def test_random_bytes_never_crash(tmp_path: Path) -> None:
    """Whatever is flipped in an archive, what comes out is right or a clear error."""
    import random

    chance = random.Random(7)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a/1.csv", b"1,2,3\n" * 50)
        opened.writestr("b.csv", b"4\n" * 50)
    whole, path, good = made.getvalue(), tmp_path / "a.zip", {b"1,2,3\n" * 50, b"4\n" * 50}
    for turn in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        folder = tmp_path / f"data{turn}"
        try:
            unpacked(path, folder, bounds=Bounds(400, 2, 1 << 40))
        except CompanionError:
            pass
        assert all(p.read_bytes() in good for p in folder.rglob("*") if p.is_file())
    assert {p.name for p in tmp_path.iterdir()} <= {"a.zip"} | {f"data{n}" for n in range(300)}
