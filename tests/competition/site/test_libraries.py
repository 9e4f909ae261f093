"""Libraries fetched by the real pip from a folder, and made data sets of on the practice server."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.site import libraries
from fastcompanion.competition.site.libraries import Library
from tests.competition.faults import ALWAYS, cut, dropped, fields, refused, upload_cut
from tests.competition.practice.served import SLUG
from tests.competition.site.downloading import Site, noise, site
from tests.conftest import Runner

COMPETITION = f"practice/{SLUG}"
needs_pip = pytest.mark.skipif(
    find_spec("pip") is None and not (shutil.which("pip3") or shutil.which("pip")),
    reason="pip is not here",
)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    with site(tmp_path) as found:
        yield found


def wheel(folder: Path, name: str, version: str, needs: str = "", size: int = 10) -> Path:
    """Make a wheel by hand."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if needs:
        about += f"Requires-Dist: {needs}\n"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{name}.py", noise(size))
        made.writestr(f"{info}/METADATA", about)
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/RECORD", "")
    return path


def publish(served: Site, *wheels: Path) -> Library:
    """Publish wheels that pip would have fetched."""
    planned = libraries.plan("tiny_lib", "learner")
    return libraries.published(served.connect(), planned, wheels, reporter=served.words)


def there(served: Site) -> dict[str, int] | None:
    found = libraries.files_there(served.connect(), "learner/library-tiny-lib")
    return None if found is None else {one.name: one.size for one in found}


def test_the_same_wheels_are_not_sent_twice(served: Site, tmp_path: Path) -> None:
    first = wheel(tmp_path, "tiny_lib", "1.0")
    assert publish(served, first).did == "new"
    sent = served.faults.count("PUT ")
    assert publish(served, first).did == "same"
    assert served.faults.count("PUT ") == sent
    assert publish(served, wheel(tmp_path, "tiny_lib", "1.1")).did == "version"
    assert list(there(served) or ()) == ["tiny_lib-1.1-py3-none-any.whl"]


def test_who_sees_a_data_set_that_was_there_before_is_asked(served: Site, tmp_path: Path) -> None:
    planned = libraries.plan("tiny_lib", "learner")
    first, second = wheel(tmp_path, "tiny_lib", "1.0"), wheel(tmp_path, "tiny_lib", "1.1")
    client = served.connect()
    assert libraries.published(client, planned, [first], public=True).private is False
    assert publish(served, first).private is False
    told = publish(served, second)
    assert (told.did, told.private) == ("version", False)
    served.faults.add("/GetDatasetMetadata", refused(500), times=ALWAYS)
    assert publish(served, second).private is None


@pytest.mark.parametrize("fault", [refused(500), refused(403), upload_cut(100), dropped()])
def test_pitfall_4_no_data_set_is_made_of_files_that_did_not_arrive(
    served: Site, tmp_path: Path, fault: object
) -> None:
    wheels = wheel(tmp_path, "tiny_lib", "1.0"), wheel(tmp_path, "helper", "2.0")
    served.faults.add("PUT ", fault, after=1, times=ALWAYS)  # type: ignore[arg-type]
    with pytest.raises(CompanionError):
        publish(served, *wheels)
    assert served.faults.count("/CreateDataset") == 0
    assert there(served) is None


def test_pitfall_4_an_upload_that_is_cut_goes_on(served: Site, tmp_path: Path) -> None:
    path = wheel(tmp_path, "tiny_lib", "1.0", size=2_000_000)
    served.faults.add("PUT ", upload_cut(700_000))
    publish(served, path)
    assert there(served) == {path.name: path.stat().st_size}
    puts = [one.headers for one in served.faults.seen if one.method == "PUT"]
    assert any(one.get("content-range", "").startswith("bytes */") for one in puts)


def test_an_error_inside_of_a_good_answer(served: Site, tmp_path: Path) -> None:
    served.faults.add("/CreateDataset", fields(status="error", error="title in use"))
    with pytest.raises(CompanionError, match=r"made no data set .*: title in use"):
        publish(served, wheel(tmp_path, "tiny_lib", "1.0"))


def test_a_dead_network_is_not_taken_for_a_free_name(served: Site, tmp_path: Path) -> None:
    served.faults.add("/GetDatasetStatus", refused(500), times=ALWAYS)
    with pytest.raises(CompanionError):
        publish(served, wheel(tmp_path, "tiny_lib", "1.0"))
    assert served.faults.count("/CreateDataset") == 0


def test_a_cut_in_the_list_of_files(served: Site, tmp_path: Path) -> None:
    path = wheel(tmp_path, "tiny_lib", "1.0")
    publish(served, path)
    served.faults.add("/ListDatasetFiles", cut(10))
    assert publish(served, path).did == "same"


@needs_pip
def test_a_library_that_there_is_not(served: Site, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    planned = libraries.plan("tiny_lib", "learner")
    with pytest.raises(CompanionError, match=r"pip could not fetch tiny_lib: .*tiny_lib") as caught:
        libraries.publish(served.connect(), planned, reporter=served.words)
    assert caught.value.code is Exit.MISSING
    assert served.faults.count("/api/") == 0, "the site is not asked"


@pytest.mark.parametrize(
    "name", ["-e .", "--index-url=http://x", "../x", "/x", "git+https://x/y", "a b", "", "x;y", "x @ http://y", "a\nb", "https://x/y.whl", "x" * 120]
)  # fmt: skip
def test_what_is_no_name_of_a_library(name: str) -> None:
    with pytest.raises(CompanionError) as caught:
        libraries.plan(name, "learner")
    assert caught.value.code is Exit.USAGE


@pytest.mark.parametrize(
    ("name", "data_set"),
    [("six", "library-six"), ("Timm>=1.0,<2", "library-timm"), ("fast_ai.X[dev]==2.*", "library-fast-ai-x"), ("q", "library-q")],
)  # fmt: skip
def test_names_of_libraries(name: str, data_set: str) -> None:
    planned = libraries.plan(name, "ada")
    assert planned.data_set == f"ada/{data_set}"
    assert planned.argv[-2:] == ("--", name)


def test_wheels_are_for_the_notebooks_and_not_for_this_machine() -> None:
    words = libraries.plan("six", "ada", "3.11").argv
    assert words[words.index("--python-version") + 1] == "3.11"
    assert "manylinux2014_x86_64" in words
    with pytest.raises(CompanionError, match="no version of Python"):
        libraries.plan("six", "ada", "3.11; rm")


@needs_pip
def test_a_library_and_what_it_needs_as_a_command(
    served: Site, tmp_path: Path, run: Runner
) -> None:
    folder = tmp_path / "wheels"
    wheels = wheel(folder, "tiny_lib", "1.0", "helper"), wheel(folder, "helper", "2.0")
    before = temporary()
    outcome = run("kaggle", "libraries", "tiny_lib", "-c", COMPETITION)
    assert outcome.code == 0, outcome.err
    assert "learner/library-tiny-lib (private) is a new data set: 2 wheels" in outcome.out
    assert (
        "!pip install --no-index --find-links /kaggle/input/library-tiny-lib tiny_lib"
        in outcome.out
    )
    assert there(served) == {path.name: path.stat().st_size for path in wheels}
    told = served.connect().rpc(
        libraries.SERVICE, "GetDatasetMetadata", ownerSlug="learner", datasetSlug="library-tiny-lib"
    )
    assert told["info"]["isPrivate"] is True
    assert temporary() == before, "pitfall 6: nothing is left behind"


def test_pitfall_6_nothing_is_left_behind_by_an_upload_that_fails(
    served: Site, tmp_path: Path
) -> None:
    before = temporary()
    served.faults.add("PUT ", refused(500), times=ALWAYS)
    with pytest.raises(CompanionError):
        publish(served, wheel(tmp_path, "tiny_lib", "1.0"))
    assert temporary() == before


def temporary() -> set[Path]:
    """What lies where the official client and we put what is temporary."""
    places = {Path(tempfile.gettempdir()), Path("/tmp")}
    return {
        path for place in places for mask in (".kaggle", "fc-*/*.whl") for path in place.glob(mask)
    }


@needs_pip
def test_a_dry_run_needs_nothing(run: Runner) -> None:
    outcome = run("kaggle", "libraries", "six", "--dry-run")
    assert outcome.code == 0
    assert "YOU/library-six (private) would be fetched and sent" in outcome.out
    assert run("kaggle", "libraries", "../x").code == 2
    assert run("kaggle", "libraries", "six").code == 5
