"""Files below an output folder: whole or absent, inside or refused, and one run at a time."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynres_cli.errors import ImageError, RunError
from dynres_cli.storage import (
    Calls,
    NewFile,
    Writer,
    check_writable,
    classify,
    clean_tree,
    free_bytes,
    is_temporary,
    lock,
    open_below,
    read_below,
    safe_parts,
    stat_below,
)

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and signals of POSIX")

KEY = "cats/a.jpg"
OLD = {"tile_r0_c0.png": b"old tile", "grid.json": b"{old}"}
NEW = {
    "tile_r0_c0.png": b"new tile" * 999,
    "tile_r0_c1.png": b"",
    "pixel_values.npy": b"n" * 70_000,
    "grid.json": b"{}",
}


def as_files(contents: dict[str, bytes]) -> list[NewFile]:
    """Each content in two buffers, as a header and an array are."""
    return [NewFile(name, (data[:3], memoryview(data)[3:])) for name, data in contents.items()]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and its bytes, the lock's own place left out."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in sorted(files.items()) if not name.startswith(".dynres/")}


class Death(BaseException):
    """Stands for kill -9: nothing that handles errors sees it."""


class FailAt(Calls):
    """The system's calls, of which the n-th one fails; writes come in small pieces."""

    def __init__(self, turn: int, failure: BaseException) -> None:
        self.turn = turn
        self.failure = failure

    def _count(self) -> None:
        self.turn -= 1
        if self.turn == 0:
            raise self.failure

    def make_folder(self, name: str, folder: int | None) -> None:
        self._count()
        super().make_folder(name, folder)

    def open(self, name: str, flags: int, folder: int | None) -> int:
        self._count()
        return super().open(name, flags, folder)

    def write(self, file: int, data: memoryview) -> int:
        self._count()
        return super().write(file, data[:5000])

    def sync(self, file: int) -> None:
        self._count()
        os.fstat(file)  # no power fails here: syncing would only take time

    def rename(self, old: str, new: str, folder: int | None) -> None:
        self._count()
        super().rename(old, new, folder)

    def remove(self, name: str, folder: int | None) -> None:
        self._count()
        super().remove(name, folder)


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


def test_only_dead_leftovers_are_cleaned(tmp_path: Path) -> None:
    """Guarantee 5: of five files, the dead run's one goes with the next picture, the living one's with the lock's."""
    dead, living = f".dynres-tmp-{dead_pid()}-0123abcd", f".dynres-tmp-{os.getpid()}-0123abcd"
    foreign = ["notes.txt", ".dynres-tmp-mine", f"{living}.bak"]
    folder = tmp_path / KEY
    folder.mkdir(parents=True)
    for name in [dead, living, *foreign]:
        (folder / name).write_bytes(b"")
    Writer(str(tmp_path)).write(KEY, as_files(OLD))
    assert {path.name for path in folder.iterdir()} == {living, *foreign, *OLD}
    assert clean_tree(str(tmp_path)) == 1
    assert {path.name for path in folder.iterdir()} == {*foreign, *OLD}


def dead_pid() -> int:
    """The number of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


HOLDER = (
    "import sys, time; from dynres_cli.storage import lock\nwith lock(sys.argv[1]): print(flush=True); time.sleep(60)"
)


def test_a_second_run_is_told_who_holds_the_output(tmp_path: Path) -> None:
    """Guarantee 7: while one process holds it, another gets `lock_held` and the first one's number; then kill -9."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RunError, match=f"process {holder.pid} on ") as caught, lock(str(tmp_path)):
            pytest.fail("two runs at once")
        assert caught.value.code == "lock_held"
        holder.kill()
        holder.wait()
    with lock(str(tmp_path)) as held:
        assert held.after_crash
    with lock(str(tmp_path)) as held:
        assert not held.after_crash


@posix
def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Guarantee 21: neither the lock nor its folder is followed to a file outside."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    (tmp_path / ".dynres").mkdir()
    (tmp_path / ".dynres" / "lock").symlink_to(victim)
    with pytest.raises(RunError, match="cannot be opened"), lock(str(tmp_path)):
        pass
    assert victim.read_bytes() == b"victim"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "allowed size"),
        (errno.EIO, "disk reports an error"),
    ],
)
def test_failures_that_would_repeat_end_the_run(number: int, sentence: str) -> None:
    """Guarantee 8: five errors of the file system end the run with a sentence each."""
    error = classify(OSError(number, os.strerror(number)), "out")
    assert error is not None
    assert sentence in str(error)
    assert error.exit_status == 1


def test_other_failures_are_one_pictures() -> None:
    """A missing permission, in one folder, is not the run's end."""
    assert classify(OSError(errno.EACCES, "Permission denied"), "out") is None


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


def test_an_output_is_checked_before_the_work(tmp_path: Path) -> None:
    """Guarantee 9: a file as output and a missing parent are refused by name; a new folder is made, empty."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="is not a folder"):
        check_writable(str(tmp_path / "file"))
    with pytest.raises(RunError, match=r"parent folder .*nowhere does not exist"):
        check_writable(str(tmp_path / "nowhere" / "out"))
    check_writable(str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_read_only_file_system_is_found_before_the_work(tmp_path: Path) -> None:
    """Guarantee 9: the first file that cannot be made says read-only."""
    calls = FailAt(2, OSError(errno.EROFS, "Read-only file system"))
    with pytest.raises(RunError, match="read-only"):
        check_writable(str(tmp_path / "out"), calls)


NOBODYS = """
import os, sys
from dynres_cli.storage import check_writable
if os.geteuid() == 0:
    os.setuid(65534)
check_writable(sys.argv[1])
"""


@posix
def test_a_folder_of_somebody_else_is_found_before_the_work() -> None:
    """Guarantee 9: mode 555 for a user who is not root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        ended = subprocess.run([sys.executable, "-c", NOBODYS, folder], cwd=ROOT, check=False, capture_output=True)
    assert b"cannot be written to (Permission denied)" in ended.stderr


def test_free_space_is_known_before_the_folder_exists(tmp_path: Path) -> None:
    """Two folders that are still to be made have the space of the one that is there."""
    assert free_bytes(str(tmp_path / "a" / "b")) > 1_000_000


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../x", id="up"),
        pytest.param("a/../../x", id="up in the middle"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("", id="empty"),
        pytest.param("a//b", id="an empty part"),
        pytest.param("./a", id="a dot"),
        pytest.param("a/", id="a folder"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("C:/x", id="a drive"),
        pytest.param("c:\\x", id="a drive with a backslash"),
    ],
)
def test_paths_that_could_lead_elsewhere_are_refused(path: str) -> None:
    """Guarantee 23: ten paths that a forged manifest may hold."""
    with pytest.raises(RunError) as caught:
        safe_parts(path)
    assert caught.value.code == "unsafe_path"
    assert "\0" not in str(caught.value)


@given(st.text(st.sampled_from("a.:/\\\0é"), max_size=12))
@example("a..b")
@example("...")
def test_what_is_accepted_stays_below(path: str) -> None:
    """Guarantee 23: an accepted path is its own normal form, relative, below any root."""
    try:
        parts = safe_parts(path)
    except RunError:
        return
    assert os.path.normpath(path) == path
    assert os.path.commonpath(["/root", os.path.normpath(f"/root/{path}")]) == "/root"
    assert "/".join(parts) == path


@posix
@pytest.mark.parametrize("path", ["link", "folder_link/secret", "fifo", "folder", "secret/below"])
def test_only_regular_files_inside_are_read(tmp_path: Path, path: str) -> None:
    """Guarantees 21 to 23: links, FIFOs, folders and files used as folders are refused without waiting."""
    out, outside = tmp_path / "out", tmp_path / "outside"
    (out / "folder").mkdir(parents=True)
    outside.mkdir()
    for place in (out, outside):
        (place / "secret").write_bytes(b"secret")
    (out / "link").symlink_to(outside / "secret")
    (out / "folder_link").symlink_to(outside)
    os.mkfifo(out / "fifo")
    with pytest.raises(RunError, match="stands on this path"), open_below(str(out), path):
        pass


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    """Not there is not unsafe: FileNotFoundError, and no facts."""
    with pytest.raises(FileNotFoundError), open_below(str(tmp_path), "a/b"):
        pass
    assert stat_below(str(tmp_path), "a/b") is None


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Eleven bytes where at most ten are expected."""
    (tmp_path / "big").write_bytes(bytes(11))
    with pytest.raises(RunError, match="11 bytes, at most 10"):
        read_below(str(tmp_path), "big", limit=10)


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
