"""Small works for the engines' tests: an item's key is a number, and what to do with it is its path."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dynres_cli.engines.contract import Admit, Closing, Outcome
from dynres_cli.errors import ImageError, RunError
from dynres_cli.items import Done, Failed, Item


def numbers(count: int, deeds: dict[int, str] | None = None) -> Iterator[Item]:
    """Items 0, 1, 2 …, each told what to do; most do nothing."""
    for number in range(count):
        yield Item(str(number), str(number), (deeds or {}).get(number, "nothing"))


@dataclass(frozen=True, slots=True)
class Doubled(Done):
    """What became of a number."""

    number: int


def double(item: Item, admit: Admit) -> Outcome:
    """Do the item's deed, then answer with twice its number."""
    deed, _, argument = item.path.partition(":")
    DEEDS[deed](argument, admit)
    return Doubled(item.key, 2 * int(item.key))


def done_later(item: Item, admit: Admit) -> Closing:
    """The same, but the answer is waited for after the deed."""
    outcome = double(item, admit)
    return Closing(lambda: _after_a_moment(outcome))


def deed_later(item: Item, admit: Admit) -> Closing:
    """The same, but the deed is done while the next item is in work."""
    return Closing(lambda: double(item, admit))


def _after_a_moment(outcome: Outcome) -> Outcome:
    time.sleep(0.005)
    return outcome


def keys(outcomes: list[Outcome]) -> list[int]:
    """The numbers that have an outcome, in order; one that has two is there twice."""
    return sorted(int(outcome.key) for outcome in outcomes)


def failures(outcomes: list[Outcome]) -> dict[int, str]:
    """Codes of the failed ones by number."""
    return {int(outcome.key): outcome.code for outcome in outcomes if isinstance(outcome, Failed)}


def _nothing(_argument: str, _admit: Admit) -> None:
    pass


def _sleep(argument: str, _admit: Admit) -> None:
    time.sleep(float(argument))


def _die(argument: str, _admit: Admit) -> None:
    signal.pthread_kill(threading.get_ident(), int(argument))


def _exit(argument: str, _admit: Admit) -> None:
    os._exit(int(argument))


def _die_once(argument: str, _admit: Admit) -> None:
    """Kill the worker unless a file says that this was done before."""
    mark = Path(argument)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _kill_parent(_argument: str, _admit: Admit) -> None:
    """Take the process above along, as a kernel out of memory may."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def _kill_parent_once(argument: str, admit: Admit) -> None:
    mark = Path(argument)
    if not mark.exists():
        mark.touch()
        _kill_parent("", admit)


def _note_parent(argument: str, _admit: Admit) -> None:
    """Leave word of who is above, and take a moment."""
    with Path(argument).open("a") as log:
        log.write(f"{os.getppid()}\n")
    time.sleep(0.02)


def _note_and_hang(argument: str, admit: Admit) -> None:
    with Path(argument).open("a") as log:
        log.write(f"{os.getpid()}\n")
    _stubborn("60", admit)


def _note(argument: str, _admit: Admit) -> None:
    """Leave a mark of this attempt."""
    with Path(argument).open("a") as log:
        log.write("x")


def _stderr(argument: str, _admit: Admit) -> None:
    """Write past Python, as a C library does."""
    line = b"libtiff: \x1b[31mwarning\n"
    for _ in range(int(argument) // len(line) + 1):
        os.write(2, line)


def _stdout(_argument: str, _admit: Admit) -> None:
    os.write(1, b"chatter on stdout\n")
    print("and from Python")
    sys.stdout.flush()


def _stubborn(argument: str, _admit: Admit) -> None:
    """Hang in C code that no Python signal handler can interrupt."""
    ctypes.CDLL(None).usleep(int(float(argument) * 1_000_000))


def _ask(argument: str, admit: Admit) -> None:
    admit(int(argument))


def _hold(argument: str, admit: Admit) -> None:
    """Hold memory for a while, and write when one began and when one ended: FILE,BYTES,SECONDS."""
    log, need, seconds = argument.split(",")
    admit(int(need))
    with Path(log).open("a") as file:
        file.write(f"+{need}\n")
    time.sleep(float(seconds))
    with Path(log).open("a") as file:
        file.write(f"-{need}\n")


def _ask_and_die(argument: str, admit: Admit) -> None:
    admit(int(argument))
    os.kill(os.getpid(), signal.SIGSEGV)


def _wrong(argument: str, _admit: Admit) -> None:
    raise ERRORS[argument]


ERRORS: dict[str, BaseException] = {
    "memory": MemoryError(),
    "image": ImageError("corrupt", "broken stream"),
    "surprise": IndexError("list index out of range"),
    "run": RunError("the disk is full", "output"),
}

DEEDS: dict[str, Callable[[str, Admit], None]] = {
    "nothing": _nothing,
    "sleep": _sleep,
    "die": _die,
    "exit": _exit,
    "die_once": _die_once,
    "kill_parent": _kill_parent,
    "kill_parent_once": _kill_parent_once,
    "note": _note,
    "note_and_hang": _note_and_hang,
    "note_parent": _note_parent,
    "stderr": _stderr,
    "stdout": _stdout,
    "stubborn": _stubborn,
    "ask": _ask,
    "hold": _hold,
    "ask_and_die": _ask_and_die,
    "raise": _wrong,
}
