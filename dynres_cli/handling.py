"""How files become pixels: the preset's own way, or what was asked for instead."""

from __future__ import annotations

import re
from typing import Literal, cast

from dynres_cli.errors import UsageError
from dynres_cli.facts import Handling
from dynres_cli.geometry import RGB
from dynres_cli.presets import PixelPolicy

EXIF = ("reference", "ignore", "apply")
ALPHA = ("reference", "drop", "white")


def handling_for(policy: PixelPolicy, exif: str = "reference", alpha: str = "reference") -> Handling:
    """How files are read: as the preset's reference does it, where nothing else was asked for."""
    if exif not in EXIF:
        msg = f"--exif {exif}: allowed are {', '.join(EXIF)}"
        raise UsageError(msg)
    chosen_exif = policy.exif if exif == "reference" else cast("Literal['ignore', 'apply']", exif)
    return Handling(exif=chosen_exif, alpha=_alpha(policy, alpha))


def _alpha(policy: PixelPolicy, alpha: str) -> Literal["drop", "white"] | RGB:
    if alpha == "reference":
        return policy.alpha
    if alpha in ALPHA:
        return cast("Literal['drop', 'white']", alpha)
    found = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", alpha)
    if found is None:
        msg = f"--alpha {alpha}: allowed are {', '.join(ALPHA)} and colours as #rrggbb"
        raise UsageError(msg)
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue
