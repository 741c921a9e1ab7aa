"""The compiled functions that the rest of the program calls, and what each takes; no compiler is needed to know."""

from __future__ import annotations

NONE, SUB, UP, AVERAGE, PAETH = range(5)
"""PNG's filters by their numbers, as a line begins with them and as `least_rows` is given its choice."""

ENTRIES: dict[str, str] = {
    "tap_table": "ndnnnnnn",
    "horizontal": "n" * 15,
    "vertical": "n" * 9,
    "look_up": "n" * 6,
    "least_rows": "n" * 9,
    "restored_rows": "n" * 8,
    "as_rgb": "n" * 4,
    "painted": "n" * 4,
    "float_columns": "n" * 15,
    "float_rows": "n" * 10,
}
"""Each function's arguments by letters: n an address or a whole number (intp), d a float64. All return an intp."""
