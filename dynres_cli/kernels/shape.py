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
