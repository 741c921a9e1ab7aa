"""Amounts of bytes as people write them."""

from __future__ import annotations

import math
import re

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)


def bytes_of(text: str) -> int | None:
    """`256M`, `1.5GiB` or a plain number as bytes, K being 1,024; None for what is none of them, or less than one.

    None as well for a number that no float holds.
    """
    found = _FORM.fullmatch(text.strip())
    size = float(found[1]) * _UNITS[found[2].upper()] if found else 0.0
    return int(size) if 1 <= size < math.inf else None
