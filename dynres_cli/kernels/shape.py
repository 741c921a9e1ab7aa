"""The sizes of what is worked on at once, chosen so that it stays in the processor's caches."""

from __future__ import annotations

BAND = 32
"""How many rows are turned on their side together; their pixels fill whole vectors."""

RUN = 4 * BAND
"""From one column of a band to the next; the room behind its pixels takes the byte that the last of them spills."""

BLOCK = 64
"""How many columns are made before they are turned back, so that they are still in the first cache."""

WINDOW = 768
"""Columns that are turned at once, unless an output needs more of them: the second cache holds their band."""

FLOAT_LANES = 16
"""How many neighbouring float32 are weighed at once."""

FLOAT_BAND = 16
"""How many rows of floats are turned on their side together; their values fill whole vectors."""

FLOAT_RUN = 12 * FLOAT_BAND
"""From one column of such a band to the next."""
