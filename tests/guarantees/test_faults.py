"""Guarantees 1, 4 and 8 by force: every call that writes is made to fail once, or to be the process's last."""

from __future__ import annotations

import errno
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dynres_cli.errors import RunError
from dynres_cli.storage import Calls
from tests import preloaded
from tests.guarantees import corpus
from tests.guarantees.command import check_whole, temporaries, tree
from tests.guarantees.faults import KINDS, Failing, run, run_to_death


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=["no space", "no permission"])
def test_no_single_failed_call_tears_anything(tmp_path: Path, code: int, kind: str) -> None:
    """Guarantees 1, 4 and 8: the first call fails, then the second ...: all is whole, and the next run completes it."""
    folder, before, undisturbed = tmp_path / "in", tmp_path / "before", tmp_path / "undisturbed"
    corpus.photos(folder, 1)
    corpus.write_all(folder, {"bad.png": b"nonsense"})
    run(folder, before, Calls(), largest=1)  # so that files have to be removed too
    run(folder, undisturbed, Calls())
    for number in range(1, 100):
        out = tmp_path / str(number)
        shutil.copytree(before, out)
        calls = Failing(kind, number, code)
        with suppress(RunError):
            run(folder, out, calls)
        check_whole(out)
        run(folder, out, Calls())
        assert tree(out) == tree(undisturbed)
        assert not temporaries(out)
        if calls.seen < number:
            assert number > 1, f"no {kind} was ever called"
            return
        shutil.rmtree(out)
    pytest.fail("the run never came to its end")


@pytest.mark.skipif(sys.platform != "linux", reason="forks a process that has imported all")
@pytest.mark.parametrize("kind", ["open", "write", "rename", "remove"])
def test_a_process_that_dies_in_any_call_leaves_whole_files(tmp_path: Path, kind: str) -> None:
    """Guarantees 1, 2, 4 and 5: kill -9 in the first call, the second ...: all is whole, and the next run ends it."""
    folder, before, undisturbed = tmp_path / "in", tmp_path / "before", tmp_path / "undisturbed"
    corpus.photos(folder, 1)
    run(folder, before, Calls(), largest=1)  # so that files have to be removed too
    run(folder, undisturbed, Calls())
    for number in range(1, 100):
        out = tmp_path / str(number)
        shutil.copytree(before, out)
        process = preloaded.server().Process(target=run_to_death, args=(folder, out, kind, number))
        process.start()
        process.join()
        if process.exitcode == 0:
            assert number > 1, f"no {kind} was ever called"
            return
        assert process.exitcode == -signal.SIGKILL
        check_whole(out)
        run(folder, out, Calls())
        assert tree(out) == tree(undisturbed)
        assert not temporaries(out)
        shutil.rmtree(out)
    pytest.fail("the run never came to its end")
