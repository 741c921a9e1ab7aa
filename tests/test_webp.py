"""The short way to a still WebP's header: wherever it answers, Pillow says the same."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from dynres_cli import webp
from dynres_cli.facts import Facts, FileLimits
from dynres_cli.opening import Source
from dynres_cli.picture import in_memory, opened_picture
from dynres_cli.probe import _stated, probe_bytes
from tests.files import picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
EXIF = Image.Exif()
EXIF[0x0112] = 6


def saved(image: Image.Image, **options: object) -> bytes:
    """The picture as a WebP."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", method=0, **options)
    return stream.getvalue()


def by_pillow(data: bytes) -> Facts | None:
    """What Pillow's own way tells; None where it fails."""
    file = in_memory(data)
    try:
        with opened_picture(file, FileLimits()) as found:
            return _stated(found, file, len(data), "x.webp")
    except Exception:  # noqa: BLE001 - that it fails is all that is asked
        return None


def shortly(data: bytes) -> webp.Still | None:
    """What the short way tells."""
    return webp.still(io.BytesIO(data), len(data))


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    mode=st.sampled_from(["RGB", "RGBA", "L", "P"]),
    lossless=st.booleans(),
    profile=st.sampled_from([b"", SRGB, LAB]),
)
def test_every_still_picture_is_told_as_pillow_tells_it(
    width: int, height: int, mode: str, profile: bytes, *, lossless: bool
) -> None:
    """Size, mode, transparency and profile, by the short way, for all that Pillow writes."""
    image = Image.new("RGBA", (width, height), (10, 200, 30, 40)).convert(mode)
    data = saved(image, lossless=lossless, icc_profile=profile)
    assert shortly(data) is not None
    assert probe_bytes(Source(data, "x.webp")) == by_pillow(data)


@pytest.mark.parametrize("options", [{"exif": EXIF.tobytes()}, {"xmp": b"<x/>"}, {"save_all": True}])
def test_what_may_turn_or_move_is_left_to_pillow(options: dict[str, object]) -> None:
    """EXIF and XMP may hold an orientation, and an animation its number of pictures."""
    if "save_all" in options:
        options = {**options, "append_images": [Image.new("RGB", picture().size)]}
    data = saved(picture(), **options)
    assert shortly(data) is None
    assert probe_bytes(Source(data, "x.webp")) == by_pillow(data)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The file with a byte of its head changed, a piece missing, or something behind it."""
    kind, at = dice.randrange(4), dice.randrange(min(len(data), 48))
    if kind == 0:
        return data[: dice.randrange(len(data))]
    if kind == 1:
        return data + bytes(dice.randrange(1, 9))
    if kind == 2:
        return data[:at] + data[at + dice.randrange(1, 5) :]
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def test_damage_is_told_as_pillow_tells_it() -> None:
    """Two thousand damaged heads: wherever the short way answers, Pillow opens the file and states the same."""
    dice = random.Random(8)
    image = picture()
    wholes = [
        saved(image),
        saved(image, lossless=True),
        saved(image.convert("RGBA")),
        saved(Image.new("RGBA", (90, 70), (1, 2, 3, 4))),
        saved(Image.new("RGBA", (90, 70), (1, 2, 3, 4)), lossless=True, icc_profile=SRGB),
    ]
    answered = 0
    for number in range(2000):
        data = damaged(wholes[number % len(wholes)], dice)
        found = shortly(data)
        if found is not None:
            answered += 1
            assert probe_bytes(Source(data, "x.webp")) == by_pillow(data), data[:64].hex()
    assert answered > 100
