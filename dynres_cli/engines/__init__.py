"""Engines: ways to run one function over many items, behind one contract."""

from __future__ import annotations

from collections.abc import Callable

from dynres_cli.engines.contract import Admit, Engine, Limits, Outcome, Pace, Watch, Work, hold_to_one_thread

__all__ = ["ENGINES", "Admit", "Engine", "Limits", "Outcome", "Pace", "Watch", "Work", "hold_to_one_thread"]


def _processes() -> Engine:
    from dynres_cli.engines import processes  # noqa: PLC0415 - an engine is loaded when it is chosen

    return processes.run


def _serial() -> Engine:
    from dynres_cli.engines import serial  # noqa: PLC0415 - an engine is loaded when it is chosen

    return serial.run


ENGINES: dict[str, Callable[[], Engine]] = {
    "processes": _processes,
    "serial": _serial,
}
"""Loaders by name: ENGINES["processes"]() is the function to call."""
