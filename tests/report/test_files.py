"""Files that are whole or not there, on a disk that is really full and a folder that cannot be written."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from spintronics.report.files import whole_file, write_whole

FULL = Path("/dev/full")


def names(folder: Path) -> list[str]:
    """Everything in the folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "tables" / "device.csv"
    write_whole(path, "Ω,µm²\n")
    assert path.read_bytes() == "Ω,µm²\n".encode()
    assert names(path.parent) == ["device.csv"]
    assert path.stat().st_mode & 0o777 == 0o644  # not the temporary file's 0600


def test_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "device.csv"
    path.write_text("old")
    with whole_file(path) as aside:
        aside.write_text("half")
        assert aside.parent == tmp_path  # same file system: the rename is atomic
        assert aside.suffix == path.suffix  # writers choose the format by it
        assert path.read_text() == "old"
        aside.write_text("new and whole")
    assert path.read_text() == "new and whole"
    assert names(tmp_path) == ["device.csv"]


def test_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "device.csv"
    path.write_text("old")
    with path.open() as reader:
        write_whole(path, "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_error_leaves_the_old_file_and_nothing_else(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "device.csv"
    path.write_text("old")

    def write() -> None:
        with whole_file(path) as aside:
            aside.write_text("half")
            raise error("stop")

    with pytest.raises(error, match="stop"):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["device.csv"]


def test_error_leaves_no_file_where_there_was_none(tmp_path: Path) -> None:
    def write() -> None:
        with whole_file(tmp_path / "device.csv") as aside:
            aside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert names(tmp_path) == []


@pytest.mark.skipif(not FULL.is_char_device(), reason="needs /dev/full, the device that is always full")
def test_full_disk_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "device.csv"
    path.write_text("old")

    def write() -> None:
        with whole_file(path), FULL.open("w") as full:
            full.write("new")

    with pytest.raises(OSError, match="No space left on device") as caught:
        write()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["device.csv"]


def test_limit_reached_half_way_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "device.csv"
    path.write_text("old")
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from spintronics.report.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try:\n"
        "    write_whole(Path(sys.argv[1]), 'new' * 10_000)\n"
        "except OSError as error:\n"
        "    print(type(error).__name__, error.errno, error.filename)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["OSError", str(errno.EFBIG), str(path)]
    assert path.read_text() == "old"
    assert names(tmp_path) == ["device.csv"]


def test_folder_below_a_file_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a user's")
    with pytest.raises(OSError, match="taken"):
        write_whole(tmp_path / "taken" / "device.csv", "new")
    assert (tmp_path / "taken").read_text() == "a user's"
