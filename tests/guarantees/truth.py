"""What a picture's tiles have to be: plain Pillow on the file, and the tiling rule written a second time."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.guarantees.command import images, on_disk, source_of
from tests.pictures import internvl_views

Pixels = npt.NDArray[np.uint8]


def plain_pillow(data: bytes, frame: int = 0) -> Pixels | None:
    """The picture as one line of Pillow gives it, None where it raises anything."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as picture:
                picture.seek(frame)
                return np.asarray(picture.convert("RGB"))
        except Exception:  # noqa: BLE001 - whatever it raises, there is no picture
            return None


def views_of(out: Path, record: dict[str, Any]) -> list[Pixels]:
    """The pictures that a record names, in the model's order."""
    paths = [entry["path"] for entry in record["files"] if entry["kind"] != "tensor"]
    return [np.asarray(Image.open(io.BytesIO((out / on_disk(record, path)).read_bytes()))) for path in paths]


def frames_that_differ(folder: Path, out: Path) -> list[str]:
    """The keys of all that was tiled, with small tiles, as something else than plain Pillow makes of the same file."""
    return [key for key, record in images(out).items() if record["status"] == "tiled" and _differs(folder, out, record)]


def _differs(folder: Path, out: Path, record: dict[str, Any]) -> bool:
    pixels = plain_pillow((folder / source_of(record)).read_bytes(), record.get("frame", 0))
    if pixels is None:
        return True
    wanted, views = internvl_views(pixels, limit=4, side=28), views_of(out, record)
    return len(wanted) != len(views) or not all(map(np.array_equal, views, wanted))
