"""Idefics3 and SmolVLM through transformers' own processors, which are two copies of one algorithm."""

from __future__ import annotations

import functools
import importlib
import re
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import ONLY_5, Reference, Seen, split_views
from tests.conformance.reference.internvl import HALF
from tests.conformance.reference.processors import pillow_class, run_class

MARKERS = ("<fake_token_around_image>", "<image>", "<global-img>")
FAMILIES = {"idefics3": "Idefics3", "smolvlm": "SmolVLM"}


@functools.cache
def processor(family: str, side: int) -> Any:  # noqa: ANN401 - a transformers class
    """A family's processor for tiles of one side; the longest edge is four of them."""
    return pillow_class(family, FAMILIES[family])(
        size={"longest_edge": 4 * side}, max_image_size={"longest_edge": side}, **HALF
    )


def text(family: str, seq_len: int, rows: int, cols: int) -> str:
    """The text that the family's own code builds: a function, or in Idefics3's version 5 a method."""
    module = importlib.import_module(f"transformers.models.{family}.processing_{family}")
    if hasattr(module, "get_image_prompt_string"):
        return str(module.get_image_prompt_string(rows, cols, seq_len, *MARKERS))
    made = module.Idefics3Processor.__new__(module.Idefics3Processor)
    made.fake_image_token, made.image_token, made.global_image_tag = MARKERS
    made.image_seq_len = seq_len
    return str(made.replace_image_token({"rows": [[rows]], "cols": [[cols]]}, 0))


def run(image: Image.Image, family: str, side: int, seq_len: int) -> Seen:
    """The frames, and the grid that the processor reports when asked for it."""
    arrays = run_class(processor(family, side), image, return_row_col_info=True)
    rows, cols = int(arrays.pop("rows")[0][0]), int(arrays.pop("cols")[0][0])
    prompt = text(family, seq_len, rows, cols)
    # Two line ends in a row are one token in the families' tokenizers.
    tokens = len(re.findall(r"<[^>]+>|\n+", prompt))
    return Seen(split_views(arrays["pixel_values"][0]), (cols or 1, rows or 1), tokens, prompt, arrays)


def reference(family: str, side: int, seq_len: int) -> Reference:
    """One preset: a family, its tile's side and a tile's tokens."""
    edges = (
        (4 * side, 4 * side),
        (4 * side, side),
        (4 * side, side + 1),
        (side, side),
        (20, 240),
        (365, 1456),
        (21, 20),
    )
    return Reference(
        f"transformers {FAMILIES[family]}, Pillow",
        functools.partial(run, family=family, side=side, seq_len=seq_len),
        sizes=edges,
        longest=1800,
        # Version 4 makes RGB after everything else: it refuses grey pictures and resizes what is to be transparent.
        opaque_in=ONLY_5,
        transparent_in=ONLY_5,
    )


PRESETS = {
    "idefics3-8b": reference("idefics3", 364, 169),
    "smolvlm-2.2b": reference("smolvlm", 384, 81),
    "smolvlm2-2.2b": reference("smolvlm", 384, 81),
    "smolvlm2-500m": reference("smolvlm", 512, 64),
}
