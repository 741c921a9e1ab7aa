"""What each flag of a picture means, for people who have never met it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "exif_rotated": "the camera's tag asks for a turn that the model's own code does not make",
        "grid_flipped_by_exif": "turned upright (--exif apply), it would be cut by another grid",
        "alpha_dropped": "transparency is dropped: what lay hidden behind it can be seen",
        "clipped_16bit": "values above 255 of its 16 bits become white; --depth16 scale keeps them apart",
        "cmyk": "printing colours, turned into RGB without a colour profile",
        "icc_not_srgb": "its colour profile is not sRGB and is ignored, so that colours may shift",
        "truncated": "the file is cut short; the missing part is grey",
        "animated": "it has so many frames, of which one is shown; --frames all takes each",
        "upscaled": "it is shown larger than it is: more tokens, not more detail",
        "distorted": "its width and its height are scaled unequally, by this factor",
        "extension_mismatch": "its name says another format than its content",
    }
)


def meaning(flag: str) -> str:
    """What a flag says, whatever its number; empty for one that is not known."""
    return FLAGS.get(flag.partition(":")[0], "")
