"""The flags of a picture: what a person should know of how it was read and how it fits."""

from __future__ import annotations

from dynres_cli.facts import Facts, Handling


def flags(
    facts: Facts,
    handling: Handling,
    fit: tuple[str, ...] = (),
    *,
    truncated: bool = False,
    grid_flipped: bool = False,
) -> tuple[str, ...]:
    """Every flag of a picture, in the order of the design; `fit` are those that `fit_flags` gives.

    `grid_flipped` says that the picture turned by its tag would have another grid.
    """
    turned = facts.orientation == 1 or facts.oriented(handling)
    stated = {
        "exif_rotated": not turned,
        "grid_flipped_by_exif": not turned and grid_flipped,
        "alpha_dropped": facts.has_alpha and handling.alpha == "drop",
        "clipped_16bit": facts.deep and handling.depth16 == "clip",
        "cmyk": facts.mode == "CMYK",
        "icc_not_srgb": facts.icc_not_srgb,
        "truncated": truncated,
        f"animated:{facts.frames}": facts.frames > 1,
        **dict.fromkeys(fit, True),
        "extension_mismatch": facts.extension_mismatch,
    }
    return tuple(flag for flag, holds in stated.items() if holds)


def fit_flags(scale_x: float, scale_y: float) -> tuple[str, ...]:
    """Whether the picture was enlarged or distorted, from the scale of each axis (2.0 is twice as large)."""
    larger, smaller = max(scale_x, scale_y), min(scale_x, scale_y)
    enlarged = (f"upscaled:{larger:.1f}x",) if larger > 1.05 else ()
    distorted = (f"distorted:{larger / smaller:.1f}x",) if larger / smaller > 1.05 else ()
    return enlarged + distorted
