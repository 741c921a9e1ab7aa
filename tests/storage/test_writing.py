"""Files that are written below an output: whole or absent, inside it or refused."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynres_cli.errors import ImageError, RunError
from dynres_cli.storage import NewFile, Writer, classify, clean_tree, is_temporary, read_below, stat_below
from tests.cli.command import ROOT
from tests.storage.replaced import KEY, NEW, OLD, Death, FailAt, as_files, tree

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and signals of POSIX")


def replace(writer: Writer) -> None:
    """What a job does with a picture that was tiled before: the marker goes first, then the files, then all anew."""
    writer.remove(KEY, ["grid.json", *OLD])
    writer.write(KEY, as_files(NEW))


def assert_whole(out: Path) -> None:
    """No file is half, and the marker stands for all of its files."""
    found = {name.removeprefix(f"{KEY}/"): data for name, data in tree(out).items()}
    named = {name: data for name, data in found.items() if not is_temporary(name)}
    for name, data in named.items():
        assert data in (NEW.get(name), OLD.get(name)), f"{name} is half"
    if named.get("grid.json") == NEW["grid.json"]:
        assert named == NEW
    if named.get("grid.json") == OLD["grid.json"]:
        assert named == OLD


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), id="disk full"),
        pytest.param(OSError(errno.EIO, "Input/output error"), id="disk error"),
        pytest.param(OSError(errno.EACCES, "Permission denied"), id="a failure of this picture alone"),
        pytest.param(Death(), id="killed"),
    ],
)
def test_failing_at_any_call_leaves_only_whole_files(tmp_path: Path, failure: BaseException) -> None:
    """Guarantees 1, 4, 5 and 8: fail the 1st call, the 2nd … to the end of a run that replaces two files by four."""
    expected: type[Exception] = RunError if classify_of(failure) else ImageError
    for turn in range(1, 200):
        out = tmp_path / str(turn)
        out.mkdir()
        Writer(str(out), sync=False).write(KEY, as_files(OLD))
        calls = FailAt(turn, failure)
        try:
            replace(Writer(str(out), calls=calls))
        except (RunError, ImageError) as error:
            raised: type[Exception] = type(error)
            leftovers = [name for name in tree(out) if is_temporary(Path(name).name)]
        except Death:
            raised, leftovers = expected, []
        else:
            assert calls.turn > 0
            assert turn > 25
            return
        assert raised is expected
        assert leftovers == [], "a failed write cleans up"
        assert_whole(out)
        clean_tree(str(out))
        replace(Writer(str(out), sync=False))
        assert tree(out) == {f"{KEY}/{name}": data for name, data in sorted(NEW.items())}
    pytest.fail("the run never came to its end")


def classify_of(failure: BaseException) -> RunError | None:
    """The run's error for an OSError; None for anything else."""
    return classify(failure, "out") if isinstance(failure, OSError) else None


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Three files of 9,000 bytes and none, from two buffers each; their sum is returned."""
    writer = Writer(str(tmp_path))
    assert writer.write(KEY, as_files(NEW)) == sum(map(len, NEW.values()))
    for name, data in NEW.items():
        assert read_below(str(tmp_path), f"{KEY}/{name}", limit=100_000) == data


def test_buffers_may_be_made_while_they_are_written(tmp_path: Path) -> None:
    """A manifest of a hundred lines is written line by line, at the root."""

    def lines() -> Iterator[bytes]:
        yield from (b"%d\n" % number for number in range(100))

    Writer(str(tmp_path)).write("", [NewFile("manifest.json", lines())])
    assert (tmp_path / "manifest.json").read_bytes().count(b"\n") == 100


def test_the_marker_carries_the_sources_time(tmp_path: Path) -> None:
    """The time of the picture, in nanoseconds, is the marker's."""
    Writer(str(tmp_path)).write(KEY, [NewFile("grid.json", (b"{}",), mtime_ns=1_000_000_000_123_456_700)])
    found = stat_below(str(tmp_path), f"{KEY}/grid.json")
    assert found is not None
    assert found.st_mtime_ns == 1_000_000_000_123_456_700


@posix
def test_names_of_250_bytes_and_paths_of_2400_work(tmp_path: Path) -> None:
    """Guarantee 28: names written aside are short, so that a name may be as long as the file system allows."""
    key = "/".join(["ü" * 125] * 9 + ["k" * 150])
    assert len(key.encode()) >= 2400
    Writer(str(tmp_path)).write(key, [NewFile("n" * 250, (b"1",)), NewFile("grid.json", (b"{}",))])
    assert read_below(str(tmp_path), f"{key}/{'n' * 250}", limit=1) == b"1"


@posix
def test_permissions_are_the_umasks(tmp_path: Path) -> None:
    """A umask of 027 gives 640, as open() would; a temporary file's 600 stays nowhere."""
    before = os.umask(0o027)
    try:
        Writer(str(tmp_path)).write(KEY, as_files(NEW))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / KEY / "grid.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o750


@posix
@pytest.mark.parametrize("planted", ["cats", KEY], ids=["a folder on the way", "the picture's own folder"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, planted: str) -> None:
    """Guarantee 21: the link leads to a folder outside; that folder stays empty, and the picture fails."""
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (out / planted).parent.mkdir(parents=True)
    (out / planted).symlink_to(outside)
    with pytest.raises(ImageError, match="a link") as caught:
        Writer(str(out)).write(KEY, as_files(NEW))
    assert caught.value.code == "output_error"
    assert list(outside.iterdir()) == []


@posix
def test_a_link_in_place_of_a_file_is_replaced_not_followed(tmp_path: Path) -> None:
    """Guarantee 21: what a planted grid.json points to keeps its six bytes."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    folder = tmp_path / "out" / KEY
    folder.mkdir(parents=True)
    (folder / "grid.json").symlink_to(victim)
    Writer(str(tmp_path / "out")).write(KEY, as_files(NEW))
    assert victim.read_bytes() == b"victim"
    assert not (folder / "grid.json").is_symlink()


LIMITED = """
import resource, sys
from dynres_cli.errors import RunError
from dynres_cli.storage import NewFile, Writer
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    Writer(sys.argv[1]).write("a", [NewFile("big", (bytes(60_000),)), NewFile("grid.json", (b"{}",))])
except RunError as error:
    sys.exit(str(error))
"""


@posix
def test_a_limit_on_file_sizes_ends_the_run_with_one_sentence(tmp_path: Path) -> None:
    """Guarantee 8: 60,000 bytes under RLIMIT_FSIZE of 50,000: one line on stderr, no file."""
    ended = subprocess.run([sys.executable, "-c", LIMITED, tmp_path], cwd=ROOT, check=False, capture_output=True)
    assert ended.stderr.count(b"\n") == 1
    assert b"allowed size" in ended.stderr
    assert tree(tmp_path) == {}


LOOP = """
import sys
from dynres_cli.storage import NewFile, Writer
print(flush=True)
for number in range(10**9):
    size = 1 + number * 7919 % 300_000
    files = [NewFile("a", (b"<" + bytes(size) + b">",)), NewFile("grid.json", (b"{}",))]
    Writer(sys.argv[1]).write(str(number % 20), files)
"""


@posix
@pytest.mark.slow
def test_kill_at_random_moments_leaves_whole_files(tmp_path: Path) -> None:
    """Guarantee 1: a hundred times kill -9 of a process that writes; every file with a name is whole."""
    for moment in range(100):
        with subprocess.Popen([sys.executable, "-c", LOOP, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(timeout=moment * 0.003)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        for path in tmp_path.glob("*/a"):
            data = path.read_bytes()
            assert data[:1] + data[-1:] == b"<>"
    clean_tree(str(tmp_path))
    assert {path.name for path in tmp_path.glob("*/*")} == {"a", "grid.json"}
