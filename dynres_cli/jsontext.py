"""Names and values as text of JSON that is valid UTF-8 and safe to look at."""

from __future__ import annotations

import base64
import json
import math
import re

_UNSAFE = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Of surrogate pairs, as a text that was cut in the middle of an emoji has them; bytes of names are not among them."""


def to_json(value: object) -> str:
    """JSON on one line, in the field's order, that is valid UTF-8 and cannot steer a terminal."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = _HALVES.sub(_escaped, text).encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(_escaped, encoded.decode("utf-8", "replace"))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def is_finite(value: object) -> bool:
    """Whether a value that was read from JSON could be written again: 1e400 is read as infinity."""
    rest = [value]  # no recursion: it is the file that says how deep
    while rest:
        each = rest.pop()
        if isinstance(each, float) and not math.isfinite(each):
            return False
        rest.extend(each if isinstance(each, list) else each.values() if isinstance(each, dict) else ())
    return True


REPLACED = "\ufffd"
"""Stands in a shown name for what is no UTF-8, whatever it is."""


def shown(name: str) -> str:
    """A name as it stands in JSON: bytes that are not UTF-8 become replacement characters."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def raw(name: str) -> str | None:
    """The bytes of a name in base64 if they are not UTF-8, else None."""
    encoded = name.encode("utf-8", "surrogateescape")
    return None if shown(name).encode() == encoded else base64.b64encode(encoded).decode("ascii")
