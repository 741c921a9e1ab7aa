"""The `dynres` command: the last line between an error and the shell."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _turn_interrupts(before: Callable[..., object] | int, now: Callable[..., object] | int) -> None:
    """Have SIGINT do something else, unless the caller has seen to it: behind `&` in a script it is ignored."""
    with suppress(ValueError):  # in another thread than the main one nothing is changed
        if signal.getsignal(signal.SIGINT) == before:
            signal.signal(signal.SIGINT, now)


# What follows takes a moment to import: whoever presses Ctrl-C in it wants an end, and no traceback.
_turn_interrupts(signal.default_int_handler, signal.SIG_DFL)

from dynres_cli.engines.threads import hold_to_one_thread  # noqa: E402

# NumPy reads this on import, so it comes before everything that imports it.
hold_to_one_thread(os.environ)

from dynres_cli.cli.app import app_for  # noqa: E402
from dynres_cli.errors import DynresError  # noqa: E402
from dynres_cli.report.handles import outlive_readers  # noqa: E402
from dynres_cli.urls import discreet  # noqa: E402

_turn_interrupts(signal.SIG_DFL, signal.default_int_handler)

DONE = (0, 3, 4)
"""Exit statuses of a command that came to its end."""


def main() -> None:
    """Run the command line; errors become one sentence on stderr and the documented exit status."""
    outlive_readers()
    status = _run()
    try:
        _flush()
    except OSError as error:
        if status in DONE:  # else another error is told already
            from dynres_cli.report.printing import no_room  # noqa: PLC0415 - nothing else here needs it

            told = no_room(error)
            _complain(f"dynres: {told}")
            status = told.exit_status
    gc.freeze()  # the process ends: looking for cycles among all that was imported would only delay that
    sys.exit(status)


def _run() -> int:
    try:
        app_for(sys.argv[1:])(prog_name="dynres")
    except DynresError as error:
        _complain(f"dynres: {error}")
        return error.exit_status
    except OSError as error:
        return _refused(error)
    except MemoryError:
        _complain("dynres: memory ran out; use fewer jobs (-j) or raise its limit, then run the same command again")
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _refused(error: OSError) -> int:
    """What the system would not do, where nobody foresaw it: a full disk below stdout or TMPDIR, a limit on handles."""
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    reason = error.strerror or str(error) or type(error).__name__
    _complain(f"dynres: {place}the system refuses ({reason}); look at disks, permissions and limits, then run it again")
    return 1


def _complain(text: str) -> None:
    """One line on stderr in which no name can steer the terminal, and no address shows a password."""
    safe = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in discreet(text))
    with suppress(OSError):  # the data so far go first; where there is no room for them, an error is told already
        _flush()
    if sys.stderr is not None:
        sys.stderr.write(safe + "\n")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


if __name__ == "__main__":
    main()
