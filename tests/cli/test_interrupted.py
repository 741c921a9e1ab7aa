"""What ends the command itself: Ctrl-C while it is imported (guarantee 10), a pipe without a reader, want of memory."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import pytest

from dynres_cli.cli.running import Display, run
from dynres_cli.operations.order import Order
from dynres_cli.report import log
from tests.cli.command import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals as a POSIX terminal does")

INTERRUPTING = """
import os, signal, sys
os.kill(os.getpid(), signal.SIGINT)
sys.path.remove(os.path.dirname(__file__))
del sys.modules["typer"]
import typer
"""


def interrupted(folder: Path, *shell: str) -> subprocess.CompletedProcess[str]:
    """What comes of `dynres --version` where SIGINT arrives in the middle of its imports."""
    (folder / "typer.py").write_text(INTERRUPTING)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    command = [*shell, sys.executable, "-m", "dynres_cli", "--version"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_an_interrupt_at_the_start_ends_in_silence(tmp_path: Path) -> None:
    """By the signal itself, which a shell shows as 130; no traceback."""
    ended = interrupted(tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_an_interrupt_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As behind `&` in a script: the command goes on."""
    ended = interrupted(tmp_path, "sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("dynres ")


def test_whoever_imports_the_command_keeps_its_interrupts() -> None:
    """The handler is Python's own again, or the caller's; also in a thread, which may set none."""
    script = (
        "import signal, sys, threading\n"
        "if 'thread' in sys.argv:\n"
        "    importing = threading.Thread(target=__import__, args=('dynres_cli.__main__',))\n"
        "    importing.start(), importing.join()\n"
        "from dynres_cli.__main__ import main\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
    )
    for argument in ("here", "thread"):
        command = [sys.executable, "-c", script, argument]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert (ended.stdout, ended.stderr) == ("True\n", "")


def test_a_log_that_waits_for_its_reader_can_be_interrupted(tmp_path: Path) -> None:
    """Guarantee 10: a pipe that nobody reads is opened while signals still end the process."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    here, waits = threading.get_ident(), inspect.unwrap(log.opened).__code__
    heard, released = threading.Event(), threading.Event()

    def interrupt() -> None:
        while sys._current_frames()[here].f_code is not waits:  # noqa: SLF001 - nothing else tells where a thread is
            time.sleep(0.01)
        signal.pthread_kill(here, signal.SIGINT)
        if not heard.wait(20):
            released.set()
            os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))  # a reader after all, so that the test ends

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(cast(Order, None), Display(log=str(pipe), quiet=True))
    heard.set()
    assert not released.is_set()


def test_want_of_memory_in_the_command_itself_is_one_sentence() -> None:
    """Under `ulimit -v`, or beside 100 GB of others' pictures: exit 1, no traceback."""
    script = (
        "import dynres_cli.__main__ as command\n"
        "def starved(_words): raise MemoryError\n"
        "command.app_for = starved\n"
        "command.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert ended.stderr.startswith("dynres: memory ran out")
