"""Names and values as text of JSON that is valid UTF-8 and safe to look at."""

from __future__ import annotations

import base64
import json
import math
import re

_UNSAFE = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


def to_json(value: object) -> str:
    """JSON on one line, in the field's order, that is valid UTF-8 and cannot steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_finite(value: object) -> bool:
    """Whether a value that was read from JSON could be written again: 1e400 is read as infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(is_finite(each) for each in value.values())
    return not isinstance(value, list) or all(is_finite(each) for each in value)


REPLACED = "\ufffd"
"""Stands in a shown name for what is no UTF-8, whatever it is."""


def shown(name: str) -> str:
    """A name as it stands in JSON: bytes that are not UTF-8 become replacement characters."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def raw(name: str) -> str | None:
    """The bytes of a name in base64 if they are not UTF-8, else None."""
    encoded = name.encode("utf-8", "surrogateescape")
    return None if shown(name).encode() == encoded else base64.b64encode(encoded).decode("ascii")
