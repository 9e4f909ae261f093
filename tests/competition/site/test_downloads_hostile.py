"""Sites that want to do harm: names, lengths, ends that never come, and hosts that are not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.competition.site import downloads
from fastcompanion.competition.site.downloads import Downloaded, Ways, Wish
from fastcompanion.competition.site.receiving import Expected, Receiver
from fastcompanion.competition.site.target import Target
from tests.competition.site.downloading import noise, packed
from tests.competition.site.strange import (
    KEY,
    Strange,
    body,
    certificate,
    endless,
    redirect,
    strange,
    told,
)

TARGET = Target("titanic", practice=False)
FILES = {"a.csv": b"x,y\n1,2\n", "b.csv": b"z\n"}


@pytest.fixture
def site() -> Iterator[Strange]:
    with strange() as found:
        found.lists(a_csv=8, b_csv=2)
        found.leads(f"{found.url}/storage/archive.zip?X-Signature=abc")
        yield found


def get(site: Strange, folder: Path, *names: str, free: int = 1 << 40) -> Downloaded:
    ways = Ways(pauses=(0, 0), free=lambda folder: free)
    return downloads.download(TARGET, folder, Wish(names), site.client, ways)


def lie(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != ".download.json")  # fmt: skip


def test_no_credential_goes_to_the_storage_or_to_another_host(
    site: Strange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path.home()
    (home / ".netrc").write_text(f"machine 127.0.0.1 login learner password {KEY}\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.delenv("NETRC", raising=False)
    site.answers["GET archive.zip"] = redirect("/bucket/there.zip?sig=1")
    site.answers["GET there.zip"] = body(packed(FILES))
    assert get(site, tmp_path / "data").count == 2
    asked = dict(site.seen)
    assert "Authorization" in asked["POST DownloadDataFiles"], "there is a credential to lose"
    for name in ("GET archive.zip", "GET there.zip"):
        assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(asked[name])
        assert KEY not in str(asked[name])


def test_another_host_gets_no_credential(
    site: Strange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of kaggle.com lie with another company; its certificate is good here."""
    (Path.home() / ".netrc").write_text(f"machine localhost login learner password {KEY}\n")
    (Path.home() / ".netrc").chmod(0o600)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate(tmp_path)))
    with strange(tmp_path / "cert.pem") as other:
        other.answers["GET elsewhere.zip"] = body(packed(FILES))
        where = f"{other.url}/bucket/elsewhere.zip?sig=1"
        for turn in range(2):
            if turn:
                site.answers["GET archive.zip"] = redirect(where)
                site.leads(f"{site.url}/archive.zip")
            else:
                site.leads(where)
            assert get(site, tmp_path / f"data{turn}").count == 2
        assert len(other.seen) == 2
        for _, headers in other.seen:
            assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(headers)
            assert KEY not in str(headers)


def test_a_redirect_to_a_host_where_others_can_read_along(site: Strange, tmp_path: Path) -> None:
    with strange() as other:
        other.answers["GET elsewhere.zip"] = body(packed(FILES))
        site.answers["GET archive.zip"] = redirect(f"{other.url}/bucket/elsewhere.zip?sig=1")
        with pytest.raises(CompanionError, match="not to be trusted"):
            get(site, tmp_path / "data")
        assert other.seen == []
    assert lie(tmp_path) == []


def test_an_address_where_others_can_read_along_is_not_asked(site: Strange, tmp_path: Path) -> None:
    with strange() as other:
        site.leads(f"{other.url}/archive.zip")
        with pytest.raises(CompanionError, match="not to be trusted"):
            get(site, tmp_path / "data")
        assert other.seen == []


def test_a_length_in_digits_that_are_none_is_no_length(site: Strange, tmp_path: Path) -> None:
    site.answers["GET archive.zip"] = body(packed(FILES), Content_Length="\xb2")
    try:
        done = get(site, tmp_path / "data")
    except CompanionError:
        return
    assert done.count == 2


def test_a_circle_of_redirects_ends(site: Strange, tmp_path: Path) -> None:
    site.answers["GET archive.zip"] = redirect("/storage/archive.zip")
    with pytest.raises(CompanionError):
        get(site, tmp_path / "data")
    assert sum(name == "GET archive.zip" for name, _ in site.seen) < 30


@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "ftp://127.0.0.1/a.zip", "//", "javascript:1", "http://"]
)
def test_an_address_that_is_none(where: str, site: Strange, tmp_path: Path) -> None:
    site.leads(where)
    with pytest.raises(CompanionError):
        get(site, tmp_path / "data")
    assert lie(tmp_path) == []


def test_a_body_without_an_end(site: Strange, tmp_path: Path) -> None:
    site.answers["GET archive.zip"] = endless(b"PK\x03\x04")
    with pytest.raises(CompanionError, match=r"more came than the 67\.1 MB that were announced"):
        get(site, tmp_path / "data")
    assert lie(tmp_path) == []


def test_a_file_without_an_end(site: Strange, tmp_path: Path) -> None:
    site.leads(f"{site.url}/a.csv", "DownloadDataFile")
    site.answers["GET a.csv"] = endless(b"x,y\n")
    with pytest.raises(CompanionError, match="more came than"):
        get(site, tmp_path / "data", "a.csv")
    assert lie(tmp_path) == []


def test_a_length_that_lies(site: Strange, tmp_path: Path) -> None:
    """Shorter than the body: the rest is not read. Longer: it is a line that dropped."""
    data = packed(FILES)
    site.answers["GET archive.zip"] = body(data + b"evil" * 100, Content_Length=str(len(data)))
    assert get(site, tmp_path / "data").count == 2
    large = packed({"a.csv": noise(200_000)})
    more = str(len(large) + 10)
    site.answers["GET archive.zip"] = body(large, Content_Length=more, Connection="close")
    with pytest.raises(CompanionError, match="have come, then"):
        get(site, tmp_path / "other")
    assert lie(tmp_path / "other") == ["titanic.zip.part"]


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999999", "5, 5", "", "0x10"])
def test_a_length_that_is_none(length: str, site: Strange, tmp_path: Path) -> None:
    data = packed(FILES)
    site.answers["GET archive.zip"] = body(data, Content_Length=length, Connection="close")
    try:
        get(site, tmp_path / "data")
    except CompanionError:
        assert not {"a.csv", "b.csv"} & set(lie(tmp_path / "data"))
    else:
        assert lie(tmp_path / "data") == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    "name",
    ["../evil.csv", "/etc/evil.csv", "..\\evil.csv", "C:\\evil.csv", "a\r\nSet-Cookie: x=1", "a\x00b", "..", "\x1b[2J"],
)  # fmt: skip
def test_names_in_the_list_of_files(name: str, site: Strange, tmp_path: Path) -> None:
    site.answers["POST ListDataFiles"] = told({"files": [{"name": name, "totalBytes": 4}]})
    site.leads(f"{site.url}/x", "DownloadDataFile")
    site.answers["GET x"] = body(b"evil")
    with pytest.raises(CompanionError) as caught:
        get(site, tmp_path / "in" / "data", name)
    assert caught.value.message.isprintable()
    assert lie(tmp_path) == []


def test_a_file_in_a_folder(site: Strange, tmp_path: Path) -> None:
    site.answers["POST ListDataFiles"] = told(
        {"files": [{"name": "train/1/a.png", "totalBytes": 4}]}
    )
    site.leads(f"{site.url}/a.png", "DownloadDataFile")
    site.answers["GET a.png"] = body(b"\x89PNG")
    assert get(site, tmp_path / "data", "train/1/a.png").size == 4
    assert lie(tmp_path / "data") == ["train/1/a.png"]


def test_a_large_file_that_comes_as_an_archive(site: Strange, tmp_path: Path) -> None:
    """Kaggle sends NAME.zip where NAME is large."""
    site.leads(f"{site.url}/a.csv.zip", "DownloadDataFile")
    site.answers["GET a.csv.zip"] = body(packed({"a.csv": FILES["a.csv"]}))
    assert get(site, tmp_path / "data", "a.csv").unlike == ()
    assert (tmp_path / "data/a.csv").read_bytes() == FILES["a.csv"]
    assert lie(tmp_path / "data") == ["a.csv"]
    assert get(site, tmp_path / "data", "a.csv").already


@pytest.mark.parametrize(
    "inside", [{"../a.csv": b"evil"}, {"b.csv": b"evil"}, {"a.csv": b"1", "c": b"2"}]
)
def test_an_archive_in_the_place_of_a_file_with_something_else(
    inside: dict[str, bytes], site: Strange, tmp_path: Path
) -> None:
    site.leads(f"{site.url}/a.csv.zip", "DownloadDataFile")
    site.answers["GET a.csv.zip"] = body(packed(inside))
    with pytest.raises(CompanionError):
        get(site, tmp_path / "data", "a.csv")
    assert not {"a.csv", "b.csv", "c"} & set(lie(tmp_path))


def test_an_archive_that_is_asked_for_by_its_name_stays_one(site: Strange, tmp_path: Path) -> None:
    data = packed(FILES)
    site.answers["POST ListDataFiles"] = told(
        {"files": [{"name": "x.zip", "totalBytes": len(data)}]}
    )
    site.leads(f"{site.url}/x.zip", "DownloadDataFile")
    site.answers["GET x.zip"] = body(data)
    get(site, tmp_path / "data", "x.zip")
    assert lie(tmp_path / "data") == ["x.zip"]


def test_a_size_that_differs_from_the_list(site: Strange, tmp_path: Path) -> None:
    site.leads(f"{site.url}/a.csv", "DownloadDataFile")
    site.answers["GET a.csv"] = body(b"x,y\n1,2\n3,4\n")
    assert get(site, tmp_path / "data", "a.csv").unlike == ("a.csv has 12 bytes, listed are 8",)


def test_a_file_whose_length_nobody_told_is_compared_with_the_list(
    site: Strange, tmp_path: Path
) -> None:
    site.leads(f"{site.url}/a.csv", "DownloadDataFile")

    def cut(line: object) -> None:
        body(b"x,y\n")(_WithoutLength(line))

    site.answers["GET a.csv"] = cut
    with pytest.raises(CompanionError, match="has 4 bytes, where 8 are listed"):
        get(site, tmp_path / "data", "a.csv")
    assert lie(tmp_path) == []


class _WithoutLength:
    """A line whose answer has no length, as behind some proxies."""

    def __init__(self, line: object) -> None:
        self._line = line
        line.close_connection = True  # type: ignore[attr-defined]

    def send_header(self, name: str, value: str) -> None:
        if name != "Content-Length":
            self._line.send_header(name, value)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._line, name)


def test_another_part_than_the_one_asked_for(site: Strange, tmp_path: Path) -> None:
    part = tmp_path / "data" / "titanic.zip.part"
    part.parent.mkdir()
    part.write_bytes(b"PK\x03\x04" + noise(96))
    left = part.read_bytes()
    (part.parent / ".download.json").write_text(
        '{"version":1,"source":"kaggle/titanic","at":"","whole":false,"files":{},'
        '"coming":{"titanic.zip":{"validator":"\\"1\\"","size":900,"name":""}}}'
    )

    def middle(line: object) -> None:
        line.send_response(206)  # type: ignore[attr-defined]
        for name, value in {"Content-Range": "bytes 500-899/900", "Content-Length": "400", "ETag": '"1"'}.items():  # fmt: skip
            line.send_header(name, value)  # type: ignore[attr-defined]
        line.end_headers()  # type: ignore[attr-defined]
        line.wfile.write(bytes(400))  # type: ignore[attr-defined]

    site.answers["GET archive.zip"] = middle
    with pytest.raises(CompanionError, match="another part than the one asked for"):
        get(site, tmp_path / "data")
    assert part.read_bytes() == left


def test_a_record_that_was_tampered_with_leads_nowhere(site: Strange, tmp_path: Path) -> None:
    """Names in our own file are no paths to read or write outside either: a folder may come from others."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret").write_text("mine")
    (folder / ".download.json").write_text(
        '{"version":1,"source":"kaggle/titanic","at":"","whole":true,"coming":{},'
        '"files":{"../secret":[1,2,3],"titanic.zip":[1,2,3]}}'
    )
    with pytest.raises(CompanionError, match="does not describe a download"):
        get(site, folder)
    assert (tmp_path / "secret").read_text() == "mine"


def test_a_name_for_the_header(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "a\r\nX: y", Expected(), lambda coming: None)
    assert receiver.part.name == "a\r\nX: y.part", "names are checked before they come here"
